"""What an earlier apply made and include/ no longer declares, on the real stack."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from macd.settings import REPOSITORY
from tests.stack import Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
OLD = ("macd_payment_mismatches", "macd_old_mismatches")
ORPHANS = {
    "connector macd-old-mismatches-mongodb-sink",
    "stream MACD_OLD_MISMATCHES",
    "subject macd_old_mismatches-value",
    "topic macd_old_mismatches",
}


def _copied(folder: Path) -> Path:
    """include/ and beside its mismatches the same once more under another name."""
    include = folder / "include"
    shutil.copytree(REPOSITORY / "include", include)
    for path in (
        include / "topics" / "macd_payment_mismatches.yaml",
        include / "ksql" / "04_macd_payment_mismatches.sql",
        include / "connectors" / "macd-payment-mismatches-mongodb-sink.json",
    ):
        renamed = (
            path.name.replace("04_", "08_").replace(*OLD).replace("payment-mismatches", "old-mismatches")
        )
        text = path.read_text().replace(*OLD).replace("macd-payment-mismatches", "macd-old-mismatches")
        text = text.replace('"collection": "payment_mismatches"', '"collection": "old_mismatches"')
        (path.parent / renamed).write_text(text)
    return include


def _plan(*arguments: str) -> dict[str, set[str]]:
    """The resources of `macd plan` by action."""
    done = macd("plan", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    for change in json.loads(done.stdout):
        found.setdefault(change["action"], set()).add(change["resource"])
    return found


def test_what_was_removed_from_include_is_seen_left_alone_and_pruned(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert macd("apply").returncode == 0
    with monkeypatch.context() as earlier:
        earlier.setenv("MACD_INCLUDE_DIR", str(_copied(tmp_path)))
        made = macd("apply")
        assert made.returncode == 0, made.stderr
        assert set(_plan()) == {"no-op"}

    assert _plan()["orphan"] == ORPHANS
    drift = macd("plan", "--fail-on-drift")
    assert (drift.returncode, "4 resources differ" in drift.stderr) == (8, True)
    left = macd("apply")
    assert "left alone: 4 not declared any more" in " ".join(left.stdout.split())
    assert _plan()["orphan"] == ORPHANS
    assert _plan("--prune")["delete"] == ORPHANS

    pruned = macd("apply", "--prune")
    assert pruned.returncode == 0, pruned.stderr
    assert set(_plan()) == {"no-op"}


def test_destroy_takes_orphans_along(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setenv("MACD_INCLUDE_DIR", str(_copied(tmp_path)))
        assert macd("apply").returncode == 0
    gone = macd("destroy", "--yes")
    assert gone.returncode == 0, gone.stderr
    with monkeypatch.context() as earlier:
        earlier.setenv("MACD_INCLUDE_DIR", str(tmp_path / "include"))
        # ksqlDB registers the subject of a topic that it writes.
        assert ORPHANS - _plan()["create"] == {"subject macd_old_mismatches-value"}
    assert macd("apply").returncode == 0
    assert set(_plan()) == {"no-op"}
