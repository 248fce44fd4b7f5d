"""Operators that seed and verify a run; the logic itself is tested where it lives, in macd."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)

from macd.errors import DeadlineExceeded, RequestRejected, RunBeingDeleted, RunNotFound, SpecError
from macd.producer.manifest import Manifest, counts_of
from macd.producer.parameters import SeedParameters, plan_of
from macd.quality.figures import FIGURE_NAMES
from macd.quality.report import Obstacle, Report
from macd.quality.waiting import PAST_STALL_LIMIT_S, STALL_LIMIT_S
from macd.quality.watch import Progress
from macd_airflow.operators import check_data_quality, seed_run
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.seed_run import SeedRunOperator
from macd_airflow.params import templates
from macd_airflow.triggers.run_settled import RunSettledTrigger
from tests.unit.macd.quality.verified import Verified
from tests.unit.macd_airflow.context import context
from tests.unit.reports import report_of

pytestmark = pytest.mark.usefixtures("connections")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def books(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the operator itself finds in MongoDB."""
    database = mongomock.MongoClient(tz_aware=True)["macd"]
    monkeypatch.setattr(check_data_quality.MongoDbHook, "get_conn", lambda _: nullcontext(database))
    return database


def _manifest(run_id: str, parameters: SeedParameters, *_: Any) -> Manifest:
    return Manifest(
        run_id=run_id,
        parameters=parameters,
        as_of=0,
        started_at=NOW,
        counts=counts_of(plan_of(parameters)),
        start_offsets=(),
    )


def _report(*, passed: bool) -> Report:
    return report_of("r", passed=passed, verified_at=NOW)


def _progress(stored: int) -> Progress:
    return Progress(500, 500, stored, 0, 500, 500, 1000)


def test_the_manifest_is_returned_without_offsets_and_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(seed_run, "seed_run", _manifest)
    operator = SeedRunOperator(task_id="t", run_id="r", parameters={"orders": "10", "unpaid_share": "0.2"})
    returned = operator.execute(context())
    assert returned["counts"]["expected"] == 8
    assert "start_offsets" not in returned
    printed = capsys.readouterr().out
    assert "Payments: 8 produced" in printed
    assert "2 orders unpaid, as asked for" in printed


def test_parameters_that_do_not_fit_are_not_retried() -> None:
    operator = SeedRunOperator(task_id="t", parameters={"orders": "none"})
    with pytest.raises(AirflowFailException, match=r"orders: .*Remedy"):
        operator.execute(context())


def test_a_run_that_passes_returns_its_figures_and_prints_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_data_quality, "verify_run", lambda *_: _report(passed=True))
    returned = CheckDataQualityOperator(task_id="t", run_id="r", deferrable=False).execute(context())
    assert returned["passed"]
    assert set(returned["figures"]) == set(FIGURE_NAMES)
    assert "Data quality PASSED" in capsys.readouterr().out


def test_a_run_that_fails_prints_the_report_and_fails_with_the_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_data_quality, "verify_run", lambda *_: _report(passed=False))
    given = context()
    with pytest.raises(AirflowFailException, match=r"orders_missing is 3, has to be = 0"):
        CheckDataQualityOperator(task_id="t", run_id="r", deferrable=False).execute(given)
    assert given["ti"].xcoms["verdict"].startswith("FAILED run r: ")
    assert [found["check"] for found in given["ti"].xcoms["findings"]] == ["no_order_missing"]
    assert given["ti"].xcoms["subjects"] == ["run r"]
    assert "Data quality FAILED" in capsys.readouterr().out


def test_waiting_is_handed_to_the_trigger_with_a_deadline_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_data_quality, "settled", lambda *_: _progress(stored=0))
    operator = CheckDataQualityOperator(task_id="t", run_id="r", deadline=timedelta(hours=1), deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context())
    trigger = deferred.value.trigger
    assert isinstance(trigger, RunSettledTrigger)
    _, arguments = trigger.serialize()
    remaining = datetime.fromisoformat(arguments["until"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < remaining <= timedelta(hours=1)
    assert arguments["connection_ids"]["mongodb"] == "macd_mongodb"
    assert deferred.value.timeout == timedelta(hours=1, minutes=1)


def test_a_settled_run_is_not_deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_data_quality, "settled", lambda *_: _progress(stored=500))
    monkeypatch.setattr(check_data_quality, "verify_run", lambda *_: _report(passed=True))
    assert CheckDataQualityOperator(task_id="t", run_id="r", deferrable=True).execute(context())["passed"]


@pytest.mark.parametrize(("hours", "patient"), [(2, False), (0.5, False), (2, True)])
def test_only_a_run_that_is_long_past_is_waited_for_a_short_time(
    monkeypatch: pytest.MonkeyPatch, books: Any, hours: float, patient: bool
) -> None:
    produced = {"completed_at": datetime.now(UTC) - timedelta(hours=hours)}
    manifest = _manifest("r", SeedParameters()).model_copy(update=produced)
    books["seeding_runs"].insert_one(manifest.to_mongo())
    monkeypatch.setattr(check_data_quality, "settled", lambda *_: _progress(stored=0))
    given: list[float] = []

    def verify(*arguments: Any) -> Report:
        given.append(arguments[-1])
        return _report(passed=True)

    monkeypatch.setattr(check_data_quality, "verify_run", verify)
    CheckDataQualityOperator(task_id="t", run_id="r", patient=patient, deferrable=False).execute(context())
    operator = CheckDataQualityOperator(task_id="t", run_id="r", patient=patient, deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context())
    given.append(deferred.value.trigger.serialize()[1]["stall_limit_s"])
    is_short = hours > 1 and not patient
    assert given == [PAST_STALL_LIMIT_S if is_short else STALL_LIMIT_S] * 2


@pytest.mark.parametrize(
    ("event", "limits"),
    [
        ({"settled": True, "left_s": 300.0, "stall_limit_s": 5.0}, (300, 5)),
        ({"settled": False, "left_s": 0, "stall_limit_s": 90.0}, (0, 90)),
        # As the version before wrote it, and a task that it deferred may be resumed by this one.
        ({"settled": True}, (0, STALL_LIMIT_S)),
    ],
)
def test_once_triggered_a_run_is_verified_within_what_is_left_of_the_deadline(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], limits: tuple[float, float]
) -> None:
    given: list[tuple[float, float]] = []

    def verify(*arguments: Any) -> Report:
        given.append((arguments[3], arguments[5]))
        return _report(passed=True)

    monkeypatch.setattr(check_data_quality, "verify_run", verify)
    CheckDataQualityOperator(task_id="t", run_id="r").execute_complete(context(), event)
    assert given == [limits]


def test_what_is_derived_may_follow_after_a_deferral(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Verified(monkeypatch)
    world.revenue_follows(monkeypatch, looks=20)
    event = {"settled": True, "left_s": 60.0, "stall_limit_s": 60.0}
    assert CheckDataQualityOperator(task_id="t", run_id="r").execute_complete(context(), event)["passed"]


def test_a_run_that_cannot_be_verified_fails_with_the_reason_and_leaves_what_was_found_before_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    obstacle = Obstacle(reason="Topic t does not exist.", remedy="Seed a new run.")
    report = Report.without_figures("r", obstacle)
    monkeypatch.setattr(check_data_quality, "verify_run", lambda *_: report)
    given = context()
    with pytest.raises(AirflowFailException, match=r"Topic t does not exist\. Remedy: Seed a new run\."):
        CheckDataQualityOperator(task_id="t", run_id="r", deferrable=False).execute(given)
    assert given["ti"].xcoms["verdict"] == "FAILED run r: it could not be verified. Topic t does not exist."
    [found] = given["ti"].xcoms["findings"]
    assert (found["subject"], found["check"], found["severity"], found["message"], found["next_step"]) == (
        *("run r", "cannot_be_verified", "fail"),
        *("Topic t does not exist.", "Seed a new run."),
    )
    assert given["ti"].xcoms["subjects"] == []


def _raising(error: BaseException) -> Any:
    def fail(*_: Any) -> Any:
        raise error

    return fail


GONE = RequestRejected("Kafka", "topic t does not exist.", remedy="Seed.", code=3)
AWAY = RequestRejected("Kafka", "no.", remedy="Look.", code=29)


def test_what_keeps_it_from_being_verified_is_left_to_the_verification_to_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_data_quality, "settled", _raising(GONE))
    monkeypatch.setattr(check_data_quality, "verify_run", lambda *_: _report(passed=True))
    assert CheckDataQualityOperator(task_id="t", run_id="r", deferrable=True).execute(context())["passed"]
    monkeypatch.setattr(check_data_quality, "settled", _raising(AWAY))
    with pytest.raises(AirflowException, match=r"Kafka: no\."):
        CheckDataQualityOperator(task_id="t", run_id="r", deferrable=True).execute(context())


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (AWAY, False),
        (SpecError("There is no connection macd_kafka.", remedy="Create it."), False),
        (DeadlineExceeded("Too late.", remedy="Wait."), True),
        (RunNotFound("No run 'r'.", remedy="Seed it."), False),
        (SystemExit("killed"), True),
        (ValueError("nobody thought of it"), True),
    ],
)
def test_a_check_without_a_result_counts_as_a_try_unless_it_is_known_to_say_nothing_about_the_run(
    monkeypatch: pytest.MonkeyPatch, books: Any, error: BaseException, *, counts: bool, deferrable: bool
) -> None:
    monkeypatch.setattr(check_data_quality, "settled", _raising(error))
    monkeypatch.setattr(check_data_quality, "verify_run", _raising(error))
    for _ in range(2):
        with pytest.raises((AirflowException, SystemExit, ValueError)):
            CheckDataQualityOperator(task_id="t", run_id="r", deferrable=deferrable).execute(context())
    found = books["quality_tries"].find_one({"_id": "r"})
    assert (found and found["count"]) == (2 if counts else None)


def test_a_service_that_is_away_once_gives_back_one_try_and_not_those_that_were_killed(
    monkeypatch: pytest.MonkeyPatch, books: Any
) -> None:
    check = CheckDataQualityOperator(task_id="t", run_id="r", deferrable=False)
    for error in (SystemExit("killed"), SystemExit("killed"), AWAY):
        monkeypatch.setattr(check_data_quality, "verify_run", _raising(error))
        with pytest.raises((AirflowException, SystemExit)):
            check.execute(context())
    assert books["quality_tries"].find_one({"_id": "r"})["count"] == 2


def test_a_check_that_cannot_even_begin_gives_no_try_back(
    monkeypatch: pytest.MonkeyPatch, books: Any
) -> None:
    books["quality_tries"].insert_one({"_id": "r", "count": 2})
    books["runs_being_deleted"].insert_one({"_id": "r"})
    with pytest.raises(AirflowSkipException):
        CheckDataQualityOperator(task_id="t", run_id="r").execute(context())
    assert books["quality_tries"].find_one({"_id": "r"})["count"] == 2


def test_a_run_that_is_being_deleted_is_skipped(monkeypatch: pytest.MonkeyPatch, books: Any) -> None:
    monkeypatch.setattr(check_data_quality, "verify_run", _raising(AssertionError("it was verified")))
    books["runs_being_deleted"].insert_one({"_id": "r"})
    with pytest.raises(AirflowSkipException, match="Run 'r' is being deleted"):
        CheckDataQualityOperator(task_id="t", run_id="r").execute(context())
    assert books["quality_tries"].find_one() is None


def test_a_run_whose_deletion_begins_meanwhile_is_skipped_and_nothing_is_said_about_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = RunBeingDeleted("Run 'r' is being deleted.", remedy="None.")
    monkeypatch.setattr(check_data_quality, "verify_run", _raising(error))
    given = context()
    with pytest.raises(AirflowSkipException, match="Run 'r' is being deleted"):
        CheckDataQualityOperator(task_id="t", run_id="r").execute_complete(given, {"settled": False})
    assert given["ti"].xcoms == {}


def test_a_run_that_is_not_there_is_skipped_only_where_somebody_had_found_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_data_quality, "verify_run", _raising(RunNotFound("No run.", remedy="Seed.")))
    with pytest.raises(AirflowSkipException, match="No run"):
        CheckDataQualityOperator(task_id="t", run_id="r", may_be_gone=True).execute(context())
    with pytest.raises(AirflowFailException, match="No run"):
        CheckDataQualityOperator(task_id="t", run_id="r").execute(context())


@pytest.mark.parametrize("operator", [SeedRunOperator, CheckDataQualityOperator])
def test_template_fields_are_assigned_untouched(operator: type[Any]) -> None:
    given: dict[str, Any] = {name: f"{{{{ params.{name} }}}}" for name in operator.template_fields}
    if "parameters" in given:
        given["parameters"] = templates()
    made = operator(task_id="t", **given)
    assert {name: getattr(made, name) for name in operator.template_fields} == given
