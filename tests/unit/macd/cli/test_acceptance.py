"""`macd acceptance`: what it prints, where, and how it ends; and how it handles an Airflow's DAGs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from macd.acceptance.report import Outcome, StepResult
from macd.acceptance.step import Step, When
from macd.cli import acceptance as module
from macd.cli.acceptance_view import audience
from macd.cli.dag_trigger import trigger_at
from macd.cli.main import main
from macd.errors import AcceptanceFailed
from tests.unit.macd.cli.test_run import BROKEN, GOOD, FakeAirflow


def begin(world: Any) -> list[str]:
    world.begun = True
    world.say("halfway")
    return ["26 changes made"]


def broken(world: Any) -> list[str]:
    raise AcceptanceFailed("3 orders are missing.", remedy="Look at the sink.")


APPLY = Step("apply", "everything is made", begin)
RUN = Step("run", "everything arrives", broken)
LEAVE = Step("destroy", "everything is removed", lambda _: ["30 parts removed"], when=When.CLEANUP)


@pytest.fixture
def macd(monkeypatch, capfd):
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)

    def run(steps, *arguments):
        monkeypatch.setattr(module, "STEPS", steps)
        monkeypatch.setattr("sys.argv", ["macd", "acceptance", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return run


def test_all_that_held_ends_with_0_and_one_report(macd):
    code, out, err = macd((APPLY, LEAVE))
    assert (code, err) == (0, "")
    assert "halfway" in out
    assert "PASSED acceptance of target local: 2 of 2 steps held" in out
    assert "  apply: 26 changes made" in out


def test_what_failed_ends_with_12_and_its_remedy_after_the_cleanup(macd):
    code, out, err = macd((APPLY, RUN, LEAVE))
    assert code == 12
    assert "destroy: 30 parts removed" in out
    assert "run FAILED: 3 orders are missing. Look at the sink." in out
    assert err.startswith("error FAILED acceptance of target local: 2 of 3 steps held; failed: run.")
    assert err.endswith("remedy Look at the sink.")


def test_machines_get_one_document_and_the_progress_goes_to_stderr(macd):
    code, out, err = macd((APPLY, RUN, LEAVE), "--json")
    report = json.loads(out)
    assert code == 12
    assert [(step["step"], step["outcome"]) for step in report["steps"]] == [
        ("apply", "held"),
        ("run", "FAILED"),
        ("destroy", "held"),
    ]
    assert (report["passed"], report["changed"], report["target"]) == (False, True, "local")
    assert "halfway" in err


def test_a_run_too_small_for_every_kind_of_fault_is_refused_before_anything(macd):
    code, out, err = macd((APPLY,), "--orders", "39")
    assert (code, out) == (2, "")
    assert "equal to 40" in err


def test_on_a_terminal_a_line_stays_of_each_step_and_what_it_says_is_no_markup():
    console = Console(force_terminal=True, width=200, record=True, highlight=False)
    took = StepResult(step="apply", proves="", outcome=Outcome.HELD, took_s=1.5, facts=("all [made]",))
    with audience(console) as follower:
        follower.started(APPLY)
        follower.said("halfway [/]")
        follower.finished(took)
    assert "\u2714 apply                     1.5 s  all [made]\n" in console.export_text()


def test_a_pipe_that_nobody_reads_any_more_does_not_keep_the_kit_from_cleaning_up():
    class Closed(Console):
        def print(self, *_: Any, **__: Any) -> None:
            raise SystemExit(1)  # as rich does after a BrokenPipeError

    with audience(Closed(file=io.StringIO())) as follower:
        follower.started(APPLY)
        follower.said("halfway")
        follower.finished(StepResult(step="apply", proves="", outcome=Outcome.HELD))


class PausedAirflow(FakeAirflow):
    """An Airflow whose DAG is paused, and whose schedule makes up for a run when it is not."""

    def __init__(self, *script: Any) -> None:
        super().__init__(*script)
        self.log_book: list[str] = []
        self.made_up = 2

    def is_paused(self, dag_id):
        return True

    def unpause(self, dag_id):
        self.log_book.append("unpause")

    def pause(self, dag_id):
        self.log_book.append("pause")

    def active_runs(self, dag_id):
        self.made_up -= 1
        self.log_book.append(f"{self.made_up} active")
        return self.made_up

    def note(self, dag_id, dag_run_id):
        return "16 of 16 checks hold\n\nand more\n\nWritten by macd."


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr("macd.cli.dag_run.POLL_S", 0)
    monkeypatch.setattr("macd.cli.dag_trigger.POLL_S", 0)


def test_a_paused_dag_is_paused_again_once_all_its_runs_have_ended():
    airflow, heard = PausedAirflow(*GOOD), []
    end = trigger_at(airflow, 10, heard.append)("macd_data_quality", {"run_id": "r"})
    assert airflow.log_book == ["unpause", "1 active", "0 active", "pause"]
    assert airflow.triggered == [{"run_id": "r"}]
    assert (end.state, end.note, end.failures) == ("success", ("16 of 16 checks hold", "and more"), ())
    assert heard == [
        "http://airflow.test/dags/macd_data_quality/runs/manual__1",
        "create_topics running",
        "create_topics success",
        "data_quality_checks running",
        "data_quality_checks success",
    ]


def test_a_dag_that_failed_tells_which_task_and_why():
    end = trigger_at(PausedAirflow(*BROKEN), 10, lambda _: None)("macd_pipeline", {})
    assert end.state == "failed"
    assert end.failures == ("create_topics: Kafka: no answer. Remedy: Start it.",)
