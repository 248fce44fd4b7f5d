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
from macd.clients.airflow import LogLine
from macd.errors import AcceptanceFailed, DeadlineExceeded, ServiceUnreachable
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


class EndlessAirflow(PausedAirflow):
    """A run that ends only when it is told to; the process of its task is gone after two more looks."""

    def __init__(self) -> None:
        super().__init__(("running", {"create_topics": "running"}))
        self.looks_left = 2

    def fail(self, dag_id, dag_run_id):
        self.log_book.append("fail")
        self.script = [("failed", {"create_topics": "failed"})]

    def log(self, dag_id, dag_run_id, task):
        self.looks_left -= 1
        self.log_book.append("gone" if self.looks_left < 0 else "still there")
        return (LogLine("error", "Task killed!"),) if self.looks_left < 0 else ()


STOPPED = ["unpause", "fail", "still there", "still there", "gone", "pause"]


def test_a_run_that_has_not_finished_in_time_is_stopped_and_waited_for():
    airflow = EndlessAirflow()
    with pytest.raises(DeadlineExceeded) as raised:
        trigger_at(airflow, 0, lambda _: None)("macd_pipeline", {})
    assert airflow.log_book == STOPPED
    assert raised.value.remedy.startswith("It was given up; see http://airflow.test/dags/macd_pipeline/runs/")


def test_ctrl_c_stops_the_run_as_well():
    def interrupt(line: str) -> None:
        if line == "create_topics running":
            raise KeyboardInterrupt

    airflow = EndlessAirflow()
    with pytest.raises(KeyboardInterrupt):
        trigger_at(airflow, 10, interrupt)("macd_pipeline", {})
    assert airflow.log_book == STOPPED


def test_a_task_that_does_not_end_is_not_waited_for_forever(monkeypatch):
    monkeypatch.setattr("macd.cli.dag_trigger.STOPPED_WITHIN_S", 0)
    heard: list[str] = []
    with pytest.raises(DeadlineExceeded):
        trigger_at(EndlessAirflow(), 0, heard.append)("macd_pipeline", {})
    assert heard[-1].endswith("manual__1 was stopped, but a task of it may still run after 0 s")


def test_an_airflow_that_cannot_be_told_is_no_reason_to_hide_why(monkeypatch):
    def away(*_: Any) -> None:
        raise ServiceUnreachable("Airflow", "no answer.", remedy="Start it.")

    airflow, heard = EndlessAirflow(), []
    monkeypatch.setattr(airflow, "fail", away)
    with pytest.raises(DeadlineExceeded, match="has not finished"):
        trigger_at(airflow, 0, heard.append)("macd_pipeline", {})
    assert heard[-1].endswith("manual__1 may go on. Airflow: no answer. Remedy: Start it.")


@pytest.mark.parametrize(("deadline", "limit_s"), [("100", 220), ("600", 1200)])
def test_a_dag_has_the_time_of_its_connectors_and_of_its_run(macd, monkeypatch, deadline, limit_s):
    limits: list[float] = []
    monkeypatch.setattr(module.Airflow, "log_in", lambda _: None)
    monkeypatch.setattr(module, "trigger_at", lambda _, limit, __: limits.append(limit))
    monkeypatch.setattr(module, "dag_steps", lambda *_, **__: ())
    assert macd((APPLY,), "--airflow", "http://airflow.test", "--deadline", deadline)[0] == 0
    assert limits == [limit_s], "the local target gives its connectors 120 s"
