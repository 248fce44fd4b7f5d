"""What a step that fails, refuses or is interrupted does to the others, to the report and the exit code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from macd.acceptance.report import AcceptanceReport, Outcome, StepResult, raise_for_failures
from macd.acceptance.runner import run_acceptance
from macd.acceptance.step import Step, When
from macd.acceptance.world import World
from macd.errors import AcceptanceFailed, AcceptanceRefused, QualityCheckFailed


class Audience:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def started(self, step: Step) -> None:
        self.heard.append(f"> {step.name}")

    def said(self, line: str) -> None:
        self.heard.append(line)

    def finished(self, result: StepResult) -> None:
        self.heard.append(f"{result.outcome.value} {result.step}")


def world() -> World:
    pipeline: Any = SimpleNamespace(spec=SimpleNamespace(target=SimpleNamespace(name="test")))
    rules: Any = None
    return World(pipeline, rules)


def step(name: str, error: BaseException | None = None, **fields: Any) -> Step:
    def run(world: World) -> list[str]:
        world.say(f"{name} runs")
        if error is not None:
            raise error
        if name == "apply":
            world.begun = True
        return [f"{name} found"]

    return Step(name, f"proves {name}", run, **fields)


CLEANUP = (step("destroy", when=When.CLEANUP), step("nothing left", when=When.CLEANUP))


def outcomes(*steps: Step) -> tuple[dict[str, str], AcceptanceReport]:
    report = run_acceptance(world(), (*steps, *CLEANUP), Audience())
    return {result.step: result.outcome.value for result in report.steps}, report


def test_what_holds_is_reported_in_order_and_followed():
    audience = Audience()
    report = run_acceptance(world(), (step("apply"), *CLEANUP), audience)
    assert audience.heard == [
        *("> apply", "apply runs", "held apply", "> destroy", "destroy runs", "held destroy"),
        *("> nothing left", "nothing left runs", "held nothing left"),
    ]
    assert report.passed
    assert report.verdict == "PASSED acceptance of target test: 3 of 3 steps held"
    assert report.steps[0].facts == ("apply found",)
    raise_for_failures(report)


def test_a_step_that_fails_hides_only_those_that_need_it_and_the_cleanup_runs():
    broken = QualityCheckFailed("3 orders are missing.", remedy="Look at the sink.")
    found, report = outcomes(
        step("apply"), step("run", broken), step("again", needs=("run",)), step("other", needs=("apply",))
    )
    assert found == {
        "apply": "held",
        "run": "FAILED",
        "again": "skipped",
        "other": "held",
        "destroy": "held",
        "nothing left": "held",
    }
    assert report.steps[2].reason == "It needs 'run'."
    assert report.verdict == "FAILED acceptance of target test: 4 of 6 steps held; failed: run"
    with pytest.raises(AcceptanceFailed) as raised:
        raise_for_failures(report)
    assert raised.value.exit_code == 12
    assert raised.value.message == f"{report.verdict}. run: 3 orders are missing."
    assert raised.value.remedy == "Look at the sink."


def test_a_gate_that_fails_ends_it_before_anything_is_changed():
    taken = AcceptanceRefused("The target holds already: topic x.", remedy="Use another.")
    found, report = outcomes(step("names", taken, when=When.GATE), step("plan"), step("apply"))
    assert found == {
        "names": "FAILED",
        "plan": "skipped",
        "apply": "skipped",
        "destroy": "skipped",
        "nothing left": "skipped",
    }
    assert not report.changed
    assert report.verdict.endswith("0 of 5 steps held; failed: names; nothing was changed")


def test_ctrl_c_ends_the_step_and_leaves_only_the_cleanup():
    found, report = outcomes(step("apply"), step("run", KeyboardInterrupt()), step("other"))
    assert found == {
        "apply": "held",
        "run": "FAILED",
        "other": "skipped",
        "destroy": "held",
        "nothing left": "held",
    }
    assert report.interrupted
    assert not report.passed


@pytest.mark.parametrize("error", [TypeError("expected a property name"), RuntimeError("destroyed")])
def test_ctrl_c_is_one_whatever_error_a_library_puts_in_its_place(error):
    def interrupted(world):
        world.interrupted = True
        raise error

    run = Step("run", "it runs", interrupted)
    report = run_acceptance(world(), (step("apply"), run, step("other"), *CLEANUP), Audience())
    assert [result.outcome.value for result in report.steps] == ["held", "FAILED", "skipped", "held", "held"]
    assert report.interrupted
    assert report.failures[0].reason == "It was interrupted."


def test_a_second_ctrl_c_ends_one_step_of_the_cleanup_only():
    stopped = step("destroy", KeyboardInterrupt(), when=When.CLEANUP)
    report = run_acceptance(world(), (step("apply"), stopped, CLEANUP[1]), Audience())
    assert [result.outcome for result in report.steps] == [Outcome.HELD, Outcome.FAILED, Outcome.HELD]


def test_an_answer_of_another_shape_does_not_keep_the_cleanup_from_running():
    found, report = outcomes(step("apply"), step("run", KeyError("state")))
    assert found["destroy"] == "held"
    assert report.failures[0].reason == "The step itself broke (KeyError: 'state')."


def test_after_a_defect_of_a_step_the_cleanup_runs_before_the_traceback():
    audience = Audience()
    with pytest.raises(RuntimeError, match="a defect"):
        run_acceptance(world(), (step("apply"), step("run", RuntimeError("a defect")), *CLEANUP), audience)
    assert audience.heard[-6:] == [
        *("> destroy", "destroy runs", "held destroy"),
        *("> nothing left", "nothing left runs", "held nothing left"),
    ]


def test_ctrl_c_between_two_steps_leaves_only_the_cleanup():
    class Interrupting(Audience):
        def finished(self, result: StepResult) -> None:
            if result.step == "apply":
                raise KeyboardInterrupt

    report = run_acceptance(world(), (step("apply"), step("run"), *CLEANUP), Interrupting())
    assert report.interrupted
    assert [result.outcome.value for result in report.steps] == ["held", "skipped", "held", "held"]


def test_the_report_for_machines_and_for_people():
    _, report = outcomes(step("apply"), step("run", AcceptanceFailed("It is not so.", remedy="Look.")))
    document = report.as_dict()
    assert (document["passed"], document["changed"], document["interrupted"]) == (False, True, False)
    steps: Any = document["steps"]
    assert steps[1] | {"took_s": 0.0} == {
        "step": "run",
        "proves": "proves run",
        "outcome": "FAILED",
        "took_s": 0.0,
        "facts": [],
        "reason": "It is not so.",
        "remedy": "Look.",
    }
    text = report.render_text()
    assert "  apply: apply found" in text
    assert "  run FAILED: It is not so. Look." in text
