"""`macd run` against a scripted Airflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from macd.cli import run, run_outcome
from macd.cli.dag_run import DagRun, wait_for_dag
from macd.cli.main import app
from macd.cli.run_view import follow_visibly
from macd.clients.airflow import LogLine, TaskRun
from macd.errors import DeadlineExceeded, SpecError
from macd.quality.report import Report
from tests.unit.reports import report_of

URL = "http://airflow.test"


class FakeAirflow:
    """Plays a list of (state of the run, states of its tasks), one a look."""

    def __init__(self, *script: tuple[str, dict[str, str]]) -> None:
        self.script = list(script)
        self.triggered: list[dict[str, Any]] = []
        self.errors: dict[str, str] = {}
        self.known = True
        self.reason = "Kafka: no answer. Remedy: Start it."

    def has_dag(self, dag_id):
        return self.known

    def import_errors(self):
        return self.errors

    def unpause(self, dag_id):
        pass

    def task_ids(self, dag_id):
        return ("create_topics", "data_quality_checks")

    def trigger(self, dag_id, params):
        self.triggered.append(dict(params))
        return "manual__1"

    def state(self, dag_id, dag_run_id):
        return self.script[0][0]

    def task_runs(self, dag_id, dag_run_id):
        states = self.script.pop(0)[1] if len(self.script) > 1 else self.script[0][1]
        return {name: TaskRun(name, state, 1, 2.5) for name, state in states.items()}

    def log(self, dag_id, dag_run_id, task):
        return (
            LogLine("info", "::group::Pre Execute"),
            LogLine("info", "Filling up the DagBag"),
            LogLine("info", "::endgroup::"),
            LogLine("info", "asking Kafka"),
            LogLine("error", "Task failed with exception", (self.reason, "OSError: refused")),
        )

    def run_url(self, dag_id, dag_run_id):
        return f"{URL}/dags/{dag_id}/runs/{dag_run_id}"

    def task_url(self, dag_id, dag_run_id, task_id):
        return f"{URL}/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}"


GOOD = (
    ("queued", {}),
    ("running", {"create_topics": "running"}),
    ("running", {"create_topics": "success", "data_quality_checks": "running"}),
    ("success", {"create_topics": "success", "data_quality_checks": "success"}),
)
BROKEN = (("failed", {"create_topics": "failed", "data_quality_checks": "upstream_failed"}),)
NOT_PROVEN = (("failed", {"create_topics": "success", "data_quality_checks": "failed"}),)


def _report(*, passed: bool, verified_at: datetime | None = None) -> Report:
    return report_of("manual__1", passed=passed, verified_at=verified_at or datetime.now(UTC))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr("macd.cli.dag_run.POLL_S", 0)


@pytest.fixture
def play(monkeypatch):
    """Runs the command against a script and a stored report."""

    def played(script, report, *arguments):
        airflow = FakeAirflow(*script)
        monkeypatch.setattr(run, "airflow_client", lambda: airflow)
        monkeypatch.setattr(run_outcome, "_report", lambda _: report)
        return CliRunner().invoke(app, ["run", *arguments]), airflow

    return played


def test_a_proven_run_ends_with_its_verdict_and_exit_code_0(play):
    result, airflow = play(GOOD, _report(passed=True))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert f"{URL}/dags/macd_pipeline/runs/manual__1" in lines[1]
    assert any("create_topics" in line and "success  (2.5 s)" in line for line in lines)
    assert "Data quality PASSED" in result.output
    assert lines[-1].startswith("PASSED  run manual__1")
    assert airflow.triggered == [{}]


def test_only_what_was_entered_is_sent(play):
    _, airflow = play(
        GOOD, _report(passed=True), "--orders", "10", "--unpaid-share", "0.1", "--run-id", "demo"
    )
    assert airflow.triggered == [{"orders": 10, "unpaid_share": 0.1, "run_id": "demo"}]


def test_a_failed_check_prints_the_report_and_exits_with_10(play):
    result, _ = play(NOT_PROVEN, _report(passed=False))
    assert result.exit_code == 10
    assert "Data quality FAILED" in result.output
    assert "asking Kafka" not in result.output
    assert result.output.splitlines()[-1].startswith("FAILED  run manual__1")


def test_a_failed_task_prints_its_error_its_own_log_and_where_to_look(play):
    result, _ = play(BROKEN, None)
    assert result.exit_code == 5
    assert "create_topics failed: Kafka: no answer. Remedy: Start it." in result.output
    assert "asking Kafka" in result.output
    assert "Filling up" not in result.output
    assert f"{URL}/dags/macd_pipeline/runs/manual__1/tasks/create_topics" in result.output
    assert "create_topics; see" in result.output.splitlines()[-1]


def test_success_without_a_report_is_no_success(play):
    result, _ = play(GOOD, None)
    assert result.exit_code != 0
    assert result.output.splitlines()[-1].startswith("FAILED")


def test_json_is_one_document_on_stdout(play):
    result, _ = play(GOOD, _report(passed=True), "--json")
    document = json.loads(result.stdout)
    assert document["passed"] is True
    assert document["report"]["run_id"] == "manual__1"
    assert [task["state"] for task in document["tasks"]] == ["success", "success"]
    assert "create_topics" in result.stderr


def test_a_try_that_failed_is_told_with_its_reason():
    script = (
        ("running", {"create_topics": "up_for_retry"}),
        ("running", {"create_topics": "up_for_retry"}),
        *GOOD,
    )
    console = Console(record=True, width=200)
    follow_visibly(DagRun.start(FakeAirflow(*script), "d", {}), 10, console)
    assert console.export_text().count("create_topics, try 1, will be tried again: Kafka: no answer.") == 1


def test_on_a_terminal_one_table_is_redrawn():
    console = Console(record=True, width=120, force_terminal=True)
    last = follow_visibly(DagRun.start(FakeAirflow(*GOOD), "d", {}), 10, console)
    assert last.state == "success"
    assert "create_topics" in console.export_text()


def test_another_airflow_than_the_local_stacks_can_be_named(play, monkeypatch, requests_mock):
    monkeypatch.setenv("MACD_AIRFLOW_URL", URL)
    monkeypatch.setenv("MACD_AIRFLOW_PASSWORD", "hidden")
    log_in = requests_mock.post(f"{URL}/auth/token", json={"access_token": "t"})
    assert run.airflow_client().url == URL
    assert log_in.last_request.json() == {"username": "admin", "password": "hidden"}
    result, _ = play(GOOD, _report(passed=True))
    assert f"Airflow  {URL}  user admin, password in MACD_AIRFLOW_PASSWORD" in result.output
    assert "hidden" not in result.output


def test_a_run_that_takes_too_long_is_left_alone_and_pointed_to():
    dag_run = DagRun.start(FakeAirflow(("running", {"create_topics": "running"})), "d", {})
    with pytest.raises(DeadlineExceeded, match=r"create_topics running.*goes on in Airflow.*/runs/manual__1"):
        list(dag_run.follow(0))


def test_a_dag_that_cannot_be_imported_is_told_with_its_trace():
    airflow = FakeAirflow()
    airflow.known, airflow.errors = False, {"other.py": "KeyError", "d.py": "SyntaxError: line 3"}
    with pytest.raises(SpecError, match=r"dags/d\.py cannot be imported:\nSyntaxError: line 3"):
        wait_for_dag(airflow, "d", 10)


def test_a_dag_that_is_never_found_names_who_should_have_found_it():
    airflow = FakeAirflow()
    airflow.known = False
    with pytest.raises(DeadlineExceeded, match="DAG processor"):
        wait_for_dag(airflow, "d", 0)
