"""A new version of the order schema on the running stack: the verdict, and both versions at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from macd.clients.registry import SchemaRegistry
from macd.settings import REPOSITORY
from tests.stack import Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
SUBJECT = "macd_orders-value"
VERSION_2 = REPOSITORY / "docs" / "examples" / "macd_orders-value.v2.avsc"


@pytest.fixture
def include(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of include/ that the command line reads, for changing it."""
    copy = shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    monkeypatch.setenv("MACD_INCLUDE_DIR", str(copy))
    return copy


@pytest.fixture
def version_1(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pipeline as include/ has it; afterwards made anew, for a subject never goes back a version."""
    assert macd("apply").returncode == 0
    yield
    monkeypatch.delenv("MACD_INCLUDE_DIR", raising=False)
    assert macd("destroy", "--yes").returncode == 0
    assert macd("apply").returncode == 0


def use(include: Path, schema: dict[str, Any] | Path) -> None:
    text = schema.read_text() if isinstance(schema, Path) else json.dumps(schema)
    (include / "schemas" / f"{SUBJECT}.avsc").write_text(text)


def subject_change() -> dict[str, Any]:
    planned = macd("plan", "--json")
    [change] = [each for each in json.loads(planned.stdout) if each["resource"] == f"subject {SUBJECT}"]
    return dict(change)


def seeded(run_id: str) -> None:
    done = macd("seed", "--run-id", run_id, "--orders", "40", "--duplicate-share", "0.1")
    assert done.returncode == 0, done.stderr


def test_two_versions_flow_through_the_same_join_and_sink(
    stack: Stack, version_1: None, include: Path
) -> None:
    seeded("version-1")
    use(include, VERSION_2)
    assert subject_change()["details"] == ["version 1 -> 2", "compatible (BACKWARD)"]
    assert macd("seed", "--run-id", "too-early", "--orders", "1").returncode == 3
    assert macd("apply").returncode == 0
    assert subject_change()["action"] == "no-op"
    seeded("version-2")
    # A producer that was not updated yet goes on with the version that it knows.
    use(include, REPOSITORY / "include" / "schemas" / f"{SUBJECT}.avsc")
    seeded("version-1-again")
    registry = SchemaRegistry(stack.services.schema_registry)
    assert registry.find(SUBJECT, json.loads(VERSION_2.read_text())) is not None
    for run_id in ("version-1", "version-2", "version-1-again"):
        verified = macd("verify", run_id)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert stack.report(run_id).figures.orders_stored == 40


def test_an_incompatible_version_is_blocked_with_the_registrys_reason_and_the_ways_out(
    stack: Stack, include: Path
) -> None:
    assert macd("apply").returncode == 0
    schema = json.loads((include / "schemas" / f"{SUBJECT}.avsc").read_text())
    schema["fields"].append({"name": "restaurant_id", "type": "string"})
    use(include, schema)
    change = subject_change()
    assert change["action"] == "blocked"
    assert "(BACKWARD): " in change["reason"]
    assert "restaurant_id at /fields/5" in change["reason"]
    assert "Give new fields a default" in change["remedy"]
    refused = macd("apply")
    assert (refused.returncode, SUBJECT in refused.stderr) == (7, True)
    # Where the target says so, the same change is judged by another level.
    target = include / "targets" / "local.yaml"
    target.write_text(target.read_text() + f"subject_compatibility: {{{SUBJECT}: FORWARD}}\n")
    [level] = [
        each
        for each in json.loads(macd("plan", "--json").stdout)
        if each["resource"] == f"compatibility of {SUBJECT}"
    ]
    assert level["details"] == ["BACKWARD -> FORWARD"]
