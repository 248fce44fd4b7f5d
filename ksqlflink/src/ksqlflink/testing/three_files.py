"""Tests in three files, as ksqlDB's ksql-test-runner takes them: statements, input records, expected records.

    {"inputs": [{"topic", "key", "value", "timestamp", "window": {"start", "end", "type"}}, ..]}
    {"outputs": [the same]}

Of each topic among the outputs all records are compared, by key and in their order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ksqldb_conformance.case import Case, Formats
from ksqldb_conformance.codec import from_avro, plain_logical_types
from ksqldb_conformance.judge import record_differences
from ksqlflink.testing.cases import formats_of, run_case
from ksqlflink.testing.server import MemoryServer, session
from ksqlflink.testing.services import MemoryRegistry
from ksqlflink.worker.process import Worker

STATEMENTS, INPUT, OUTPUT = "statements.sql", "input.json", "output.json"
_KNOWN = {"topic", "key", "value", "timestamp", "window"}


@dataclass(frozen=True)
class ThreeFiles:
    """A test in three files; without input it is the statements' own INSERT VALUES that bring records."""

    statements: Path
    output: Path
    input: Path | None = None

    @property
    def file(self) -> Path:
        """The file that the test is named by."""
        return self.statements

    @property
    def name(self) -> str:
        """What the test is called."""
        return self.statements.parent.name if self.statements.name == STATEMENTS else self.statements.stem

    def differences(self, worker: Worker) -> list[str]:
        """Run the test; what comes out otherwise. KsqlError when a statement is refused."""
        text = self.statements.read_text()
        with MemoryServer(worker) as server:
            # What the records look like is known when the statements have been carried out.
            server.run(text, session())
            formats, registry = formats_of(server), server.registry
        inputs = [_record(each, formats, registry) for each in _listed(self.input, "inputs")]
        outputs: dict[str, list[dict[str, Any]]] = {}
        for each in _listed(self.output, "outputs"):
            outputs.setdefault(each["topic"], []).append(_record(each, formats, registry))
        case = {"name": self.name, "why": "", "topics": [], "formats": formats, "statements": [text]}
        expected = {topic: [_without_topic(one) for one in records] for topic, records in outputs.items()}
        more = {"inputs": inputs, "outputs": expected, "compare_timestamps": True}
        return record_differences(*run_case(worker, Case.model_validate(case | more)))


def _listed(file: Path | None, member: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = [] if file is None else json.loads(file.read_text())[member]
    for record in records:
        unknown = record.keys() - _KNOWN
        if unknown:
            raise ValueError(f"{file}: a record has {', '.join(sorted(unknown))}, which means nothing here")
    return records


def _without_topic(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "topic"}


def _record(given: Mapping[str, Any], formats: Mapping[str, Formats], registry: MemoryRegistry) -> Any:
    """A record in the notation of the cases."""
    topic = given["topic"]
    if topic not in formats:
        raise ValueError(f"no statement reads or writes the topic {topic}")
    sides = {
        side: _fitted(given.get(side), _schema(registry, f"{topic}-{side}")) for side in ("key", "value")
    }
    window = given.get("window")
    if window is not None:
        bounds = {"window_start": window["start"]}
        if formats[topic].windowed == "session":
            bounds["window_end"] = window["end"]
        sides["key"] = {"key": sides["key"], **bounds}
    return {"topic": topic, **sides, "timestamp": given.get("timestamp", 0)}


def _schema(registry: MemoryRegistry, subject: str) -> Any:
    found = registry.latest(subject)
    return None if found is None else plain_logical_types(json.loads(found))


def _fitted(value: Any, schema: Any) -> Any:
    """A value with all fields of its Avro schema, whatever the case of their names; else as it is."""
    if isinstance(schema, list):
        schema = next((branch for branch in schema if branch != "null"), None)
    if value is None or not isinstance(schema, dict):
        return value
    if schema.get("logicalType") == "decimal":
        return from_avro(Decimal(str(value)).quantize(Decimal(1).scaleb(-schema.get("scale", 0))))
    if schema["type"] == "record":
        given = {name.upper(): each for name, each in value.items()}
        return {
            each["name"]: _fitted(given.get(each["name"].upper()), each["type"]) for each in schema["fields"]
        }
    if schema["type"] == "array":
        return [_fitted(item, schema["items"]) for item in _entries(value)]
    return value


def _entries(value: Any) -> list[Any]:
    """The items of an array; the entries of a map, which ksqlDB writes to Avro as an array."""
    return [{"key": key, "value": each} for key, each in value.items()] if isinstance(value, dict) else value
