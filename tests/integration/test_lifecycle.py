"""The command line without Airflow: make, use, remove and make again."""

from __future__ import annotations

import json

import pytest

from tests.stack import Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def changes(*arguments: str) -> set[str]:
    """What `macd plan` would do."""
    done = macd("plan", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {change["action"] for change in json.loads(done.stdout)}


def test_what_is_destroyed_can_be_made_again_and_works(stack: Stack) -> None:
    assert macd("apply").returncode == 0
    assert changes() == {"no-op"}

    removed = macd("destroy", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "create" in changes()
    drift = macd("plan", "--fail-on-drift")
    assert (drift.returncode, "Run `macd apply`" in drift.stderr) == (8, True)

    assert macd("apply").returncode == 0
    assert changes() == {"no-op"}
    # The connector starts at the new topic's first record and not where it had stopped on the old one.
    assert macd("seed", "--run-id", "made-again", "--orders", "50").returncode == 0
    verified = macd("verify", "made-again")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert stack.report("made-again").figures.orders_stored == 50
