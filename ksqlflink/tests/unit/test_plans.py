"""Plans of the recorded data cases, and the schemas their sinks register."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ksqldb_conformance.case import versions_of
from ksqldb_conformance.services import RECORDINGS
from unit.fakes import Stage

CASES = sorted((RECORDINGS / "cases").glob("*.json"))


def staged(case: dict[str, Any]) -> Stage:
    stage = Stage()
    for topic in case["topics"]:
        stage.topics.add(topic["name"], topic["partitions"])
    for subject, schema in case["schemas"].items():
        *_, newest = versions_of(schema)
        stage.registry.register(subject, json.dumps(newest))
    return stage


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_recorded_case_is_planned_and_registers_the_recorded_schemas(path: Path) -> None:
    case = json.loads(path.read_text())
    stage = staged(case)
    for statement in case["statements"]:
        stage.run(statement, **case.get("properties", {}))
    for subject, schema in case["output_schemas"].items():
        assert json.loads(stage.registry.latest(subject) or "") == json.loads(schema)
    for topic, partitions in case["output_partitions"].items():
        assert stage.topics.topics[topic].partitions == partitions
    for topic, formats in case["formats"].items():
        if topic in case["outputs"]:
            source, *_ = [item for item in stage.catalogue.sources() if item.topic == topic]
            assert (source.window_type is not None) == ("windowed" in formats)
