"""Nothing is removed without a confirmation; with one everything is, and can be made again."""

from __future__ import annotations

import json

import pytest

from tests.stack import Stack, macd, run_with_report, why

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def _missing() -> int:
    """How many parts `macd plan` would create."""
    done = macd("plan", "--json")
    assert done.returncode == 0, done.stderr
    return sum(change["action"] == "create" for change in json.loads(done.stdout))


def test_the_target_has_to_be_named_and_what_is_removed_can_be_made_again(stack: Stack) -> None:
    assert run_with_report("--orders", "20")[0] == 0
    documents = len(stack.documents())

    shown = stack.start_run("macd_teardown")
    assert stack.finish(shown).state == "success"
    assert "- delete  topic macd_orders (with all its records)" in stack.log(shown, "show_plan")
    assert stack.note(shown).startswith("Nothing was removed.")
    assert stack.state_of(shown, "remove_topics") == "skipped"

    wrong = stack.start_run("macd_teardown", confirm="cloud")
    assert stack.finish(wrong).state == "failed"
    assert "'cloud' does not confirm target local" in stack.note(wrong)
    assert _missing() == 0

    confirmed = stack.start_run("macd_teardown", confirm="local")
    assert stack.finish(confirmed).state == "success", stack.note(confirmed)
    assert stack.state_of(confirmed, "remove_documents") == "skipped"
    assert _missing() > 0
    assert len(stack.documents()) == documents

    refused = stack.start_run("macd_reseed", orders=5)
    assert stack.finish(refused).state == "failed"
    assert "run macd_pipeline first" in stack.log(refused, "check_deployed").lower().replace("the dag ", "")

    everything = stack.start_run("macd_teardown", confirm="local", delete_documents=True)
    assert stack.finish(everything).state == "success", "what is half built is removed as well"
    assert "there was nothing to remove" in stack.note(everything)
    assert stack.documents() == {}

    code, outcome = run_with_report("--orders", "20")
    assert code == 0, why(outcome)
    assert len(stack.documents()) == 20
