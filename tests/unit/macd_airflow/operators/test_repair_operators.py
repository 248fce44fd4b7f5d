"""Operators that repair, delete and remove; the logic itself is tested where it lives, in macd."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from macd.errors import ServiceUnreachable
from macd.pipeline import Pipeline
from macd.plan import Create, Delete, NoOp, Part, Plan, Restart, Update
from macd.repair.dead_letters import Kind
from macd.repair.replay import Classified, Replayed
from macd.repair.resink import Lost, Resunk, Survey
from macd.repair.retention import Deleted
from macd.repair.settle import Arrival
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.operators import (
    classify_dead_letters,
    delete_old_runs,
    remove_parts,
    replay_dead_letters,
    resink_orders,
    survey_run,
)
from macd_airflow.operators.classify_dead_letters import ClassifyDeadLettersOperator
from macd_airflow.operators.confirm_removal import ConfirmRemovalOperator
from macd_airflow.operators.delete_old_runs import DeleteOldRunsOperator
from macd_airflow.operators.remove_parts import RemoveDocumentsOperator, RemoveTopicsOperator
from macd_airflow.operators.replay_dead_letters import ReplayDeadLettersOperator
from macd_airflow.operators.require_deployment import RequireDeploymentOperator
from macd_airflow.operators.resink_orders import ResinkOrdersOperator
from macd_airflow.operators.show_removal import ShowRemovalOperator
from macd_airflow.operators.survey_run import SurveyRunOperator
from macd_airflow.text import is_on
from tests.unit.macd.plan.books import Book
from tests.unit.macd_airflow.context import context
from tests.unit.reports import report_of

pytestmark = pytest.mark.usefixtures("connections")


class Asked:
    """Stands in for a function of macd: remembers how it was called, and answers."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append((args, kwargs))
        return self.answer


def asked(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, answer: Any) -> Asked:
    stand_in = Asked(answer)
    monkeypatch.setattr(module, name, stand_in)
    return stand_in


@pytest.mark.parametrize(("entered", "on"), [(True, True), ("True", True), ("False", False), ("", False)])
def test_a_switch_survives_its_template(entered: bool | str, on: bool) -> None:
    assert is_on(entered) is on


@pytest.mark.parametrize(("dry", "begins"), [("True", "dry run: 12 to replay"), ("False", "12 to replay")])
def test_dead_letters_are_counted_listed_and_their_runs_named(
    monkeypatch: pytest.MonkeyPatch, dry: str, begins: str
) -> None:
    found = Classified(Counter({Kind.SKIPPED: 12, Kind.BAD: 3, Kind.STORED: 40}), runs=("r",))
    asking = asked(monkeypatch, classify_dead_letters, "classify_dead_letters", found)
    given = context()
    operator = ClassifyDeadLettersOperator(task_id="t", dry=dry, from_beginning="True", most_attempts="5")
    assert operator.execute(given) == {"skipped": 12, "bad": 3, "stored": 40}
    assert given["ti"].xcoms["verdict"] == f"{begins}, 3 bad, 40 already stored"
    assert given["ti"].xcoms["affected_runs"] == ["r"]
    assert asking.calls[0][1] == {"from_beginning": True, "most_attempts": 5}


def test_a_replay_is_named_by_its_dag_run_and_hands_the_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = asked(monkeypatch, replay_dead_letters, "replay_dead_letters", Replayed(12, Arrival(12, 11, 1)))
    given = context()
    operator = ReplayDeadLettersOperator(task_id="t", attempt_id="manual__1", runs=["r"], dry="False")
    assert operator.execute(given) == ["r"]
    assert asking.calls[0][1]["attempt_id"] == "manual__1"
    assert given["ti"].xcoms["verdict"] == ("12 dead letters replayed: 11 stored, 1 back as dead letters")


def test_a_run_is_surveyed_without_failing_and_says_what_lies_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of("r", passed=False, verified_at=datetime(2026, 1, 1, tzinfo=UTC))
    figures = report.figures.model_copy(update={"missing_not_joined": 4})
    survey = Survey(report.model_copy(update={"figures": figures}), Lost((1, 2), (3,)), ("id  not stored",))
    asked(monkeypatch, survey_run, "survey_run", survey)
    given = context()
    assert SurveyRunOperator(task_id="t", run_id="r").execute(given) == {"not_stored": 2, "altered": 1}
    assert given["ti"].xcoms["verdict"] == (
        "dry run of r: 2 orders to write again, 1 altered (left alone: altered is off); "
        "4 not joined: look at the join's query (`macd status`)"
    )
    assert "id  not stored" in capsys.readouterr().out
    assert survey.verdict(altered=True).startswith("3 orders to write again; ")


def test_lost_orders_are_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = asked(monkeypatch, resink_orders, "resink_run", Resunk(Arrival(3, 3, 0)))
    operator = ResinkOrdersOperator(task_id="t", run_id="r", altered="True", dry="False")
    assert operator.execute(context()) == {"written": 3, "stored": 3, "returned": 0}
    assert asking.calls[0][0][0] == "r"
    assert asking.calls[0][1]["altered"] is True


@pytest.mark.parametrize(
    "operator", [ReplayDeadLettersOperator(task_id="a"), ResinkOrdersOperator(task_id="b", run_id="r")]
)
def test_without_saying_otherwise_nothing_is_written(operator: Any) -> None:
    with pytest.raises(AirflowSkipException, match="dry run"):
        operator.execute(context())


@pytest.mark.parametrize("keep_days", [None, "", "None"])
def test_every_run_is_kept_unless_days_are_given(keep_days: str | None) -> None:
    with pytest.raises(AirflowSkipException, match="every run is kept"):
        DeleteOldRunsOperator(task_id="t", keep_days=keep_days).execute(context())


@pytest.mark.parametrize("keep_days", ["0", "-1", "many", 0])
def test_days_that_would_delete_everything_are_refused(keep_days: Any) -> None:
    with pytest.raises(AirflowFailException, match="number of days above 0"):
        DeleteOldRunsOperator(task_id="t", keep_days=keep_days).execute(context())


def test_old_runs_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = asked(monkeypatch, delete_old_runs, "delete_old_runs", Deleted(("r",), 500))
    given = context()
    returned = DeleteOldRunsOperator(task_id="t", keep_days="7").execute(given)
    assert returned == {"runs": ["r"], "documents": 500}
    assert asking.calls[0][0][0] == timedelta(days=7)
    assert given["ti"].xcoms["verdict"] == "1 old runs deleted with 500 documents"


def _planned(monkeypatch: pytest.MonkeyPatch, name: str, *changes: Any) -> None:
    monkeypatch.setattr(Pipeline, name, lambda pipeline: Plan(changes))


def test_seeding_is_refused_while_a_part_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    restart = Restart("connector c", ("restart",), lambda: done.append("restarted"))
    update = Update("topic d", (), lambda: done.append("updated"))
    operator, given = RequireDeploymentOperator(task_id="t"), context()
    _planned(monkeypatch, "plan", NoOp("topic a"), Create("stream B"), restart)
    with pytest.raises(AirflowFailException, match=r"stream B missing.*macd_pipeline first"):
        operator.execute(given)
    assert "not deployed" in given["ti"].xcoms["verdict"]
    assert done == []
    _planned(monkeypatch, "plan", NoOp("topic a"), NoOp("stream B"), restart, update)
    assert operator.execute(context()) == {"parts": 4}
    assert done == ["restarted"], "what has failed is brought back; nothing else is changed"


def test_a_removal_is_shown_and_not_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []
    _planned(monkeypatch, "plan_removal", Delete("topic a", (), lambda: done.append("a")))
    [change] = ShowRemovalOperator(task_id="t").execute(context())
    assert change["resource"] == "topic a"
    assert "- delete  topic a" in capsys.readouterr().out
    assert done == []


def test_a_removal_needs_the_name_of_its_target() -> None:
    assert ConfirmRemovalOperator(task_id="t", confirm="local").execute(context()) == "local"
    given = context()
    with pytest.raises(AirflowSkipException, match="confirm = local"):
        ConfirmRemovalOperator(task_id="t").execute(given)
    assert given["ti"].xcoms["verdict"].startswith("Nothing was removed.")
    given = context()
    with pytest.raises(AirflowFailException, match="confirm is 'cloud', but this would remove"):
        ConfirmRemovalOperator(task_id="t", confirm="cloud").execute(given)
    assert given["ti"].xcoms["verdict"].startswith("Nothing was removed:")


def test_what_is_removed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    there = Plan((Delete("topic a", (), lambda: done.append("a")),))
    for plan, verdict in ((there, "removed topic a"), (Plan(()), "t: there was nothing to remove")):
        asked(monkeypatch, remove_parts, "plan_topic_removal", plan)
        given = context()
        RemoveTopicsOperator(task_id="t").execute(given)
        assert given["ti"].xcoms["verdict"] == verdict
    assert done == ["a"]


def test_a_removal_takes_along_what_is_not_declared_any_more_and_forgets_it(
    monkeypatch: pytest.MonkeyPatch, book: Book
) -> None:
    book.add("topic", "old")
    asking = asked(monkeypatch, remove_parts, "plan_topic_removal", Plan((Delete("topic old"),)))
    RemoveTopicsOperator(task_id="t").execute(context())
    assert asking.calls[0][0][2] == [Part("topic", "old")]
    assert book.ids == set()


def test_without_mongodb_what_is_declared_is_removed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def away(hook: MongoDbHook) -> Any:
        raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")

    monkeypatch.setattr(MongoDbHook, "get_conn", away)
    asked(
        monkeypatch,
        remove_parts,
        "plan_topic_removal",
        Plan((Delete("topic a", (), lambda: done.append("a")),)),
    )
    RemoveTopicsOperator(task_id="t").execute(context())
    assert done == ["a"]
    assert "Only what the files declare is removed. MongoDB: no answer." in capsys.readouterr().out


def test_documents_are_kept_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AirflowSkipException, match="keeps its documents"):
        RemoveDocumentsOperator(task_id="t", delete_documents="False").execute(context())
    monkeypatch.setattr(MongoDbHook, "get_conn", lambda hook: nullcontext("database"))
    asking = asked(monkeypatch, remove_parts, "plan_document_removal", Plan((Delete("collection c"),)))
    RemoveDocumentsOperator(task_id="t", delete_documents="True").execute(context())
    assert asking.calls[0][0][1] == "database"


@pytest.mark.parametrize(
    "operator",
    [
        ClassifyDeadLettersOperator,
        ConfirmRemovalOperator,
        DeleteOldRunsOperator,
        RemoveDocumentsOperator,
        ReplayDeadLettersOperator,
        ResinkOrdersOperator,
        SurveyRunOperator,
    ],
)
def test_template_fields_are_assigned_untouched(operator: type[Any]) -> None:
    given = {name: f"{{{{ params.{name} }}}}" for name in operator.template_fields}
    made = operator(task_id="t", **given)
    assert {name: getattr(made, name) for name in operator.template_fields} == given
