"""The notifier as Airflow calls it, with a real mail server and an incident book in memory."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import structlog
from airflow.api_fastapi.execution_api.datamodels.taskinstance import DagRun, TaskInstance, TIRunContext
from airflow.callbacks.callback_requests import DagCallbackRequest, TaskCallbackRequest
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import _execute_dag_callbacks, _execute_task_callbacks
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.utils.state import TaskInstanceState

from macd.errors import DeadlineExceeded, ServiceUnreachable
from macd.incidents.finding import Finding
from macd.incidents.store import IncidentStore
from macd.settings import REPOSITORY
from macd_airflow.defaults import task_defaults
from macd_airflow.notifications import alert, memory
from macd_airflow.notifications.alert import AlertNotifier, RunAlertNotifier
from tests.dags.test_integrity import load
from tests.unit.macd import turns
from tests.unit.macd.incidents.fakes import database

PLAIN: dict[str, Any] = {
    "from_email": "airflow@macd.test",
    "to_email": "team@macd.test",
    "timeout": 5,
    "retry_limit": 0,
}


class FakeBook:
    """A database that can be down."""

    def __init__(self) -> None:
        self.database = database()
        self.down = False

    @property
    def store(self) -> IncidentStore:
        return IncidentStore(self.database)  # type: ignore[arg-type]

    @contextmanager
    def connected(self, *_: Any, **__: Any):
        if self.down:
            raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")
        yield self.database


@pytest.fixture
def book(monkeypatch) -> FakeBook:
    made = FakeBook()
    monkeypatch.setattr(alert, "connected", made.connected)
    return made


@pytest.fixture
def mail_server(connection, connections, serve):
    """(Re)starts the mail server at the connection's address; returns how to take it away."""

    def at(port: int, to: str = PLAIN["to_email"]) -> None:
        extra = PLAIN | {"disable_ssl": True, "disable_tls": True, "to_email": to}
        connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)

    port = serve()
    at(port)
    return SimpleNamespace(down=lambda: at(1), up=lambda: at(port), to=lambda to: at(port, to))


def ended(
    *findings: Finding,
    error: object = None,
    failed: bool | None = None,
    subjects: tuple[str, ...] = ("run r",),
    verdict: str = "",
    map_index: int = -1,
    looked: bool = True,
    notifier: type[AlertNotifier] = AlertNotifier,
    reason: str | None = None,
    **about: Any,
) -> None:
    """A task has ended; it failed when it has an error or a failing finding."""
    xcoms: dict[str, Any] = {"verdict": verdict}
    if looked:
        xcoms["findings"] = [each.model_dump(mode="json") for each in findings]
        xcoms["subjects"] = list(subjects)
    ti = SimpleNamespace(
        dag_id="macd_pipeline",
        task_id="data_quality_checks",
        run_id="manual__1+00:00",
        map_index=map_index,
        log_url="http://ui.test/log",
        xcom_pull=lambda task_ids, key, map_indexes: xcoms.get(key) if map_indexes == map_index else None,
    )
    vars(ti).update(about)
    if failed is None:
        failed = error is not None or any(each.severity == "fail" for each in findings)
    notifier(failed=failed)({"ti": ti, "exception": error, "reason": reason})


def crashed(message: object, **further: Any) -> None:
    ended(error=message, failed=True, looked=False, subjects=(), **further)


def succeeded(**further: Any) -> None:
    ended(looked=False, **further)


def lost(severity: str = "fail", subject: str = "run r", **further: Any) -> Finding:
    given = {"message": "orders_missing is 1, has to be = 0", "next_step": "Look.", "run_id": "r"}
    return Finding(subject=subject, check="no_order_missing", severity=severity, **(given | further))


def test_every_task_of_the_packages_dags_has_it():
    defaults = task_defaults()
    assert defaults["on_failure_callback"].failed is True
    assert defaults["on_success_callback"].failed is False


def test_one_mail_when_it_begins_none_while_it_lasts_one_when_it_is_over(book, mail_server, post):
    verdict = "FAILED run r: 4 of 5 expected orders are in MongoDB"
    for _ in range(3):
        ended(lost(examples=("o1 not stored (c)",)), error="4 of 5", verdict=verdict)
    assert post.subjects == ["[FAIL] no_order_missing - run r"]
    text = post.mails[0].get_body(("plain",)).get_content()
    assert verdict in text
    assert "o1 not stored (c)" in text
    assert "/dags/macd_pipeline/runs/manual__1%2B00%3A00" in text
    for _ in range(2):
        ended(verdict="PASSED")
    assert post.subjects[1:] == ["[RECOVERED] no_order_missing - run r"]
    assert post.mails[1]["In-Reply-To"] == post.mails[0]["Message-ID"]
    assert book.store.open() == []


def test_a_task_that_fails_without_findings_is_an_incident_with_its_remedy(book, mail_server, post):
    for _ in range(2):
        crashed("Kafka: no answer from h:9092. Remedy: Check that it runs.")
    assert post.subjects == ["[FAIL] task_failed - task macd_pipeline.data_quality_checks"]
    text = post.mails[0].get_body(("plain",)).get_content()
    assert "Kafka: no answer from h:9092." in text
    assert "Next: Check that it runs." in text
    succeeded()
    assert post.subjects[1:] == ["[RECOVERED] task_failed - task macd_pipeline.data_quality_checks"]


def test_a_task_that_was_killed_is_told_without_an_error(book, mail_server, post):
    crashed(None)
    assert "may have been killed" in post.mails[0].get_body(("plain",)).get_content()


def test_a_login_in_an_error_that_nobody_expected_is_not_mailed(book, mail_server, post):
    crashed(ValueError("Connection refused: mongodb://ada:ca/nary@db.test/?w=1"))
    text = post.mails[0].get_body(("plain",)).get_content()
    assert "mongodb://***@db.test/?w=1" in text
    assert "nary" not in text


def test_an_error_without_words_is_told_by_its_type(book, mail_server, post):
    crashed(KeyError("x"))
    assert "KeyError: 'x'" in post.mails[0].get_body(("plain",)).get_content()


def test_half_a_character_in_an_error_stops_no_alert(book, mail_server, post):
    crashed(OSError("no file menu\udce9.json"))
    assert "no file menu?.json" in post.mails[0].get_body(("plain",)).get_content()


def test_braces_in_a_message_are_no_template(book, mail_server, post):
    crashed("{{ var.value.secret }} {% boom %} <b>x</b>")
    assert "{{ var.value.secret }} {% boom %}" in post.mails[0].get_body(("plain",)).get_content()
    assert "<b>x</b>" not in post.mails[0].get_body(("html",)).get_content()


def test_a_warning_is_mailed_and_one_that_gets_worse_again(book, mail_server, post):
    for severity in ("warn", "warn", "fail", "fail"):
        ended(lost(severity))
    assert [subject[:6] for subject in post.subjects] == ["[WARN]", "[FAIL]"]


def test_a_failure_that_a_warning_does_not_explain_is_told_as_well(book, mail_server, post):
    ended(lost("warn"), error="out of memory")
    assert sorted(subject.split(" - ")[1] for subject in post.subjects) == [
        "run r",
        "task macd_pipeline.data_quality_checks",
    ]


def test_a_check_that_fails_ends_that_the_task_could_not_look(book, mail_server, post):
    crashed("MongoDB: no answer.")
    ended(lost(), error="1 of 13 checks failed")
    assert [each.check for each in book.store.open()] == ["no_order_missing"]


def test_another_run_or_an_incomplete_look_ends_nothing(book, mail_server, post):
    ended(lost())
    ended(subjects=("run other",))
    ended(subjects=())
    succeeded()
    assert len(post.mails) == 1
    assert len(book.store.open()) == 1


def test_each_instance_of_a_mapped_task_counts_for_itself(book, mail_server, post):
    crashed("a", map_index=0)
    succeeded(map_index=1)
    ended(lost(), map_index=2)
    assert len(book.store.open()) == 2
    assert "[0]" in post.subjects[0]


def test_an_instance_is_known_by_the_run_it_was_mapped_over_not_by_its_index(book, mail_server, post):
    crashed("a", map_index=0, rendered_map_index="run-a")
    assert post.subjects == ["[FAIL] task_failed - task macd_pipeline.data_quality_checks[run-a]"]
    succeeded(map_index=0, rendered_map_index="run-b")
    assert len(book.store.open()) == 1, "another run has the same place in the next round"
    succeeded(map_index=3, rendered_map_index="run-a")
    assert post.subjects[1].strip().startswith("[RECOVERED] ")


@pytest.mark.parametrize("dag_id", ["macd_data_quality", "macd_dlq_replay"])
def test_an_instance_that_was_killed_is_known_by_its_run_as_well(dag_id, book, mail_server, post):
    task = load(REPOSITORY / "dags" / f"{dag_id}.py").get_task("reconcile")
    assert task.partial_kwargs["map_index_template"] == "{{ task.run_id }}"
    upstream = next(iter(task.upstream_task_ids))

    def pull(task_ids: str, key: str, map_indexes: Any = None) -> Any:
        return ["run-a", "run-b"] if (task_ids, key) == (upstream, "return_value") else None

    crashed(None, map_index=1, task=task, xcom_pull=pull)
    assert post.subjects[0].endswith("[run-b]")


def test_a_recovery_names_what_is_still_wrong_with_the_same_run(book, mail_server, post):
    ended(lost(), lost().model_copy(update={"check": "no_altered_orders"}))
    ended(lost().model_copy(update={"check": "no_altered_orders"}))
    assert "Still open" in post.mails[1].get_body(("plain",)).get_content()
    book.down = True
    ended(lost(subject="run q"), lost(subject="run q").model_copy(update={"check": "b"}), subjects=("run q",))
    ended(lost(subject="run q"), subjects=("run q",))
    assert "1 still open" in post.mails[-1].get_body(("plain",)).get_content()


@pytest.fixture
def pulled_nothing(monkeypatch):
    """No XCom, as of a task that was killed."""
    monkeypatch.setattr(RuntimeTaskInstance, "xcom_pull", lambda *_, **__: None)


def dag_ended(reason: str, *, failed: bool = True) -> None:
    """As Airflow's DAG processor calls a DAG's callbacks."""
    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "macd_pipeline.py"), bundle_name="dags-folder")
    request = DagCallbackRequest(
        filepath="macd_pipeline.py",
        bundle_name="dags-folder",
        bundle_version=None,
        dag_id="macd_pipeline",
        run_id="manual__1",
        is_failure_callback=failed,
        msg=reason,
    )
    _execute_dag_callbacks(bag, request, structlog.get_logger())


def test_a_run_that_takes_too_long_is_mailed_once_and_its_end_too(book, mail_server, post):
    for _ in range(2):
        dag_ended("timed_out")
    assert post.subjects == ["[FAIL] run_timed_out - dag macd_pipeline"]
    text = post.mails[0].get_body(("plain",)).get_content()
    assert "The run manual__1 took longer than its dagrun_timeout" in " ".join(text.split())
    assert "/dags/macd_pipeline/runs/manual__1" in text
    for _ in range(2):
        dag_ended("success", failed=False)
    assert post.subjects[1:] == ["[RECOVERED] run_timed_out - dag macd_pipeline"]


def lost_its_heartbeat(try_number: int, callback_type: TaskInstanceState | None) -> None:
    """As Airflow's DAG processor calls the callbacks of a task of two retries that it buries."""
    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "macd_pipeline.py"), bundle_name="dags-folder")
    now = datetime(2026, 11, 1, tzinfo=UTC)
    run = DagRun(
        dag_id="macd_pipeline",
        run_id="manual__1",
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_after=now,
        start_date=now,
        end_date=None,
        partition_key=None,
        run_type="manual",
        state="running",
        consumed_asset_events=[],
    )
    ti = TaskInstance(
        id=uuid4(),
        dag_id="macd_pipeline",
        task_id="launch_producer",
        run_id="manual__1",
        try_number=try_number,
        dag_version_id=uuid4(),
    )
    request = TaskCallbackRequest(
        filepath="macd_pipeline.py",
        bundle_name="dags-folder",
        bundle_version=None,
        ti=ti,
        msg="no heartbeat",
        task_callback_type=callback_type,
        context_from_server=TIRunContext(dag_run=run, max_tries=2),
    )
    _execute_task_callbacks(bag, request, structlog.get_logger())


@pytest.mark.parametrize("callback_type", [None, TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY])
@pytest.mark.parametrize("try_number", [1, 2])
def test_a_lost_heartbeat_is_not_mailed_while_tries_are_left(
    try_number, callback_type, book, mail_server, post, pulled_nothing
):
    """Whichever callback Airflow takes it for (apache/airflow#65400)."""
    lost_its_heartbeat(try_number, callback_type)
    assert post.subjects == []
    assert book.store.open() == []


@pytest.mark.parametrize("callback_type", [None, TaskInstanceState.FAILED])
def test_a_heartbeat_lost_on_the_last_try_is_mailed(callback_type, book, mail_server, post, pulled_nothing):
    lost_its_heartbeat(3, callback_type)
    assert post.subjects == ["[FAIL] task_failed - task macd_pipeline.launch_producer"]


def failed_at(*findings: Finding) -> None:
    """The run has failed at a task, whatever that has told."""
    ended(*findings, failed=True, notifier=RunAlertNotifier, reason="task_failure", looked=bool(findings))


@pytest.mark.parametrize("is_down", [False, True])
def test_a_task_that_was_killed_is_told_of_by_its_run_and_ends_as_any_other(is_down, book, mail_server, post):
    book.down = is_down
    failed_at()
    assert post.subjects == ["[FAIL] task_failed - task macd_pipeline.data_quality_checks"]
    assert "may have been killed" in post.mails[0].get_body(("plain",)).get_content()
    succeeded()
    assert post.subjects[1:] == ["[RECOVERED] task_failed - task macd_pipeline.data_quality_checks"]


@pytest.mark.parametrize("is_down", [False, True])
def test_what_a_task_has_told_its_run_does_not_tell_again_nor_end(is_down, book, mail_server, post):
    book.down = is_down
    crashed("Kafka: no answer. Remedy: Start it.")
    failed_at()
    ended(lost())
    failed_at(lost())
    assert len(post.mails) == 3, "the task could look again"
    if not is_down:
        [kept] = book.store.recent(1)
        assert kept.message == lost().message


def test_a_run_of_which_airflow_knows_no_task_says_nothing_of_one(book, mail_server, post):
    dag_ended("task_failure")
    assert post.mails == []


def test_a_run_that_can_go_no_further_is_mailed(book, mail_server, post):
    dag_ended("all_tasks_deadlocked")
    assert post.subjects == ["[FAIL] run_failed - dag macd_pipeline"]


def test_a_mail_server_that_is_down_is_logged_and_tried_again_by_the_next_task(
    book, mail_server, post, capsys
):
    mail_server.down()
    ended(lost())
    shown = capsys.readouterr().out
    assert "127.0.0.1:1" in shown
    assert "Remedy" in shown
    mail_server.up()
    succeeded()
    assert post.subjects == ["[FAIL] no_order_missing - run r"]


def test_what_was_over_before_it_could_be_told_is_told_once(book, mail_server, post):
    mail_server.down()
    ended(lost())
    ended()
    mail_server.up()
    succeeded()
    assert post.subjects == ["[RECOVERED] no_order_missing - run r"]
    assert "No alert had been sent" in post.mails[0].get_body(("plain",)).get_content()


def test_what_ends_while_its_alert_is_on_the_way_is_told_by_whoever_sent_that(book, mail_server, post):
    post.meanwhile = lambda: book.store.book("run r", [])
    ended(lost())
    assert [subject.split("]")[0] for subject in post.subjects] == ["[FAIL", "[RECOVERED"]
    assert post.mails[1]["In-Reply-To"] == post.mails[0]["Message-ID"]


def test_a_warning_that_gets_worse_while_its_mail_is_on_the_way_is_told_at_once(book, mail_server, post):
    post.meanwhile = lambda: book.store.book("run r", [lost()])
    ended(lost("warn"))
    assert [subject.split("]")[0] for subject in post.subjects] == ["[WARN", "[FAIL"]


def later(book, variables) -> None:
    """After the pause that a refused mail makes."""
    for document in book.database["incidents"].documents.values():
        if document["retry_at"]:
            document["retry_at"] = datetime(2026, 1, 1, tzinfo=UTC)
    for key, text in variables.values.items():
        if json.loads(text)["retry_at"]:
            variables.values[key] = json.dumps(json.loads(text) | {"retry_at": "2026-01-01T00:00:00Z"})


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("answer", ["554 looks like spam", "451 greylisted"])
def test_a_mail_that_is_refused_does_not_keep_others_back_and_is_tried_again_later(
    answer, is_down, book, mail_server, post, variables, capsys
):
    book.down = is_down
    crashed("x", task_id="first")
    post.unwanted = {"run r": answer}
    ended(lost(), subjects=("run r",), task_id="second")
    crashed("x", task_id="third")
    succeeded(task_id="first")
    assert post.subjects == [
        *("[FAIL] task_failed - task macd_pipeline.first", "[FAIL] task_failed - task macd_pipeline.third"),
        "[RECOVERED] task_failed - task macd_pipeline.first",
    ]
    assert post.tried == 4, "the refused one is not tried again at once"
    shown = " ".join(capsys.readouterr().out.split())
    assert "no_order_missing - run r" in shown
    assert answer in shown
    later(book, variables)
    succeeded(task_id="fourth")
    assert post.tried == 5
    post.unwanted = {}
    later(book, variables)
    succeeded(task_id="fifth")
    succeeded(task_id="sixth")
    assert post.subjects[3:] == ["[FAIL] no_order_missing - run r"]


def test_what_ends_while_its_alert_is_refused_is_told_at_once(book, mail_server, post):
    post.unwanted = {"[FAIL]": "552 too large"}
    ended(lost())
    ended(subjects=("run r",))
    assert post.subjects == ["[RECOVERED] no_order_missing - run r"]
    assert book.store.recent()[0].notified_at is None


def test_who_does_not_get_a_mail_is_logged_and_kept_and_nobody_gets_it_twice(
    book, connection, mail_server, post, capsys
):
    mail_server.to("team@macd.test, gone@macd.test")
    post.refused = {"gone@macd.test": "550 no such user"}
    ended(lost())
    succeeded()
    assert post.recipients == [["team@macd.test"]]
    assert "gone@macd.test: 550 no such user" in " ".join(capsys.readouterr().out.split())
    [kept] = book.store.open()
    assert kept.refused == ("gone@macd.test: 550 no such user",)
    assert kept.notified_severity == "fail"


@pytest.mark.parametrize("closes", [{"": "421 closing"}, {}])
def test_a_server_that_cannot_be_used_is_asked_once_and_everything_stays_due(
    closes, book, mail_server, post, variables, capsys
):
    post.unwanted = closes
    if not closes:
        mail_server.down()
    ended(lost(), lost(subject="run q"), subjects=("run q", "run r"))
    assert post.tried == bool(closes)
    assert capsys.readouterr().out.count("could not be sent") == 1
    post.unwanted = {}
    mail_server.up()
    later(book, variables)
    succeeded()
    assert len(post.mails) == 2


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize("answer", ["421 looks like spam", ""])
def test_a_mail_over_which_the_server_gives_up_keeps_others_back_once(
    answer, is_down, book, mail_server, post, variables
):
    book.down = is_down
    post.unwanted = {"run a": answer}
    found = lost(subject="run a"), lost(subject="run b"), lost(subject="run c")
    look = partial(ended, *found, subjects=("run a", "run b", "run c"))
    look()
    assert post.subjects == []
    look()
    both = [f"[FAIL] no_order_missing - {run}" for run in ("run b", "run c")]
    assert post.subjects == both
    for task in ("d", "e"):
        later(book, variables)
        crashed("x", task_id=task)
        ended(found[0], subjects=("run a",))
    assert post.subjects[2:] == [f"[FAIL] task_failed - task macd_pipeline.{task}" for task in ("d", "e")]
    post.unwanted = {}
    later(book, variables)
    succeeded(task_id="other")
    assert post.subjects[4:] == ["[FAIL] no_order_missing - run a"]


def test_a_mail_over_which_the_server_gave_up_is_not_taken_for_a_refused_one(book, mail_server, post):
    post.unwanted = {"": "421 closing"}
    ended(lost())
    [kept] = book.store.open()
    assert (kept.refusals, kept.due, kept.claimed_until) == (0, "alert", None)
    assert kept.retry_at
    assert "421 closing" in kept.refused[0]


def test_a_mail_that_is_tried_again_lets_others_go_first(book, mail_server, post, variables):
    post.unwanted = {"run a": ""}
    ended(lost(subject="run a"), subjects=("run a",))
    mail_server.down()
    ended(lost(subject="run z"), subjects=("run z",))
    mail_server.up()
    later(book, variables)
    ended(lost(subject="run a"), subjects=("run a",))
    assert post.subjects == ["[FAIL] no_order_missing - run z"]


def test_a_mail_that_cannot_be_written_does_not_keep_others_back(book, mail_server, post, capsys):
    ended(lost(message="\udc80"), lost(subject="run q"), subjects=("run q", "run r"))
    assert post.subjects == ["[FAIL] no_order_missing - run q"]
    assert "no_order_missing - run r" in " ".join(capsys.readouterr().out.split())


def test_a_connection_without_recipients_is_logged_with_field_and_remedy(
    book, connection, connections, capsys
):
    connection("macd_smtp", conn_type="smtp", host="127.0.0.1", port=1, extra={"from_email": "a@b.test"})
    ended(lost())
    shown = capsys.readouterr().out
    assert "to_email" in shown
    assert "macd_smtp" in shown


def test_without_the_book_each_is_still_told_once(book, mail_server, post, variables):
    book.down = True
    for _ in range(3):
        crashed("MongoDB: no answer. Remedy: Start it.")
    for _ in range(3):
        ended(lost())
    assert [subject.split(" - ")[0] for subject in post.subjects] == [
        *("[FAIL] task_failed", "[FAIL] no_order_missing", "[RECOVERED] task_failed")
    ]
    assert [key.startswith(memory.PREFIX) for key in variables.values] == [True]


def test_what_ends_without_the_book_is_told_and_forgotten(book, mail_server, post, variables):
    book.down = True
    crashed("MongoDB: no answer.")
    succeeded()
    succeeded()
    assert [subject.split("]")[0] for subject in post.subjects] == ["[FAIL", "[RECOVERED"]
    assert variables.values == {}


@pytest.mark.parametrize("done", range(24))
def test_two_tasks_that_end_at_once_without_the_book_do_not_forget_each_others(
    done, book, mail_server, post, variables
):
    book.down = True
    order = [0] * done + [1] * 50
    turns.run([partial(crashed, "a", task_id="a"), partial(crashed, "b", task_id="b")], order)
    crashed("a", task_id="a")
    crashed("b", task_id="b")
    turns.run([partial(succeeded, task_id="a"), partial(succeeded, task_id="b")], order)
    assert sorted(post.subjects) == [
        *("[FAIL] task_failed - task macd_pipeline.a", "[FAIL] task_failed - task macd_pipeline.b"),
        *("[RECOVERED] task_failed - task macd_pipeline.a", "[RECOVERED] task_failed - task macd_pipeline.b"),
    ]
    assert variables.values == {}


@pytest.mark.parametrize("done", range(24))
def test_a_task_and_its_run_that_tell_of_it_at_once_without_the_book_send_one_mail(
    done, book, mail_server, post, variables
):
    book.down = True
    turns.run([partial(crashed, "a"), failed_at], [0] * done + [1] * 50)
    assert post.subjects == ["[FAIL] task_failed - task macd_pipeline.data_quality_checks"]


@pytest.mark.parametrize("is_down", [False, True])
def test_a_mail_that_cannot_be_noted_is_not_sent_again_at_once(
    is_down, book, mail_server, post, variables, monkeypatch
):
    def fails(*_: Any) -> None:
        raise DeadlineExceeded("somebody else changes it.", remedy="Wait.")

    book.down = is_down
    with monkeypatch.context() as this_time:
        this_time.setattr(IncidentStore, "sent", fails)
        crashed("a")
    for _ in range(2):
        crashed("a")
    assert len(post.mails) == 1


def kept_before(*findings: Finding) -> str:
    """The one Variable of the version before, with these told of."""
    at = "2026-11-01T00:00:00Z"
    kept = [
        {
            **{"id": f"0123456789abcde{number}-0", "number": 0, "run_id": None, "source": "d.t"},
            **each.model_dump(include={"subject", "check", "severity", "message", "next_step"}),
            **{"opened_at": at, "last_seen_at": at, "closed_at": None, "due": None, "claimed_until": None},
            **{"notified_at": at, "notified_severity": each.severity, "message_id": f"<{each.check}@x>"},
        }
        for number, each in enumerate(findings)
    ]
    return json.dumps(kept)


@pytest.mark.parametrize("done", range(0, 24, 3))
@pytest.mark.parametrize("is_down", [False, True])
def test_what_the_version_before_has_told_of_is_taken_over_once(
    is_down, done, book, mail_server, post, variables
):
    book.down = is_down
    other = lost(subject="run q")
    variables.values["macd_alerts_unbooked"] = kept_before(lost(), other)
    over = partial(ended, subjects=("run r",)), partial(ended, other, subjects=("run q",))
    turns.run(over, [0] * done + [1] * 50)
    assert post.subjects == ["[RECOVERED] no_order_missing - run r"]
    assert post.mails[0]["In-Reply-To"] == "<no_order_missing@x>"
    assert "macd_alerts_unbooked" not in variables.values
    ended(subjects=("run q",))
    assert post.subjects[1:] == ["[RECOVERED] no_order_missing - run q"]
    assert variables.values == {}


@pytest.mark.parametrize("text", ["", "no json", "[]", '[{"id": 1}]'])
def test_a_variable_that_cannot_be_read_stops_no_alert(text, book, mail_server, post, variables):
    variables.values = {"macd_alerts_unbooked": text, "macd_alerts_unbooked_x-1": text}
    for book.down in (True, False):
        ended(lost())
    assert post.subjects == ["[FAIL] no_order_missing - run r"]
    assert variables.values == {}


@pytest.mark.parametrize("name", ["macd_alerts_unbooked", "macd_alerts_unbooked_x-1"])
def test_what_is_removed_because_it_cannot_be_read_is_logged(name, book, mail_server, variables, caplog):
    variables.values = {name: "no json"}
    succeeded()
    assert f"The Variable {name} holds no incident and is removed" in caplog.text
    assert variables.values == {}


@pytest.mark.parametrize("is_down", [False, True])
def test_what_airflow_does_not_say_just_now_is_kept(is_down, book, mail_server, post, variables, monkeypatch):
    book.down = True
    ended(lost())
    variables.values["macd_alerts_unbooked"] = kept_before(lost(subject="run q"))
    before = dict(variables.values)
    book.down = is_down
    with monkeypatch.context() as fails:
        # What Airflow's own does when the API server answers 500.
        fails.setattr(variables, "get", lambda key, default=None: default)
        for _ in range(2):
            succeeded(task_id="other")
        if is_down:
            ended(lost())
    assert variables.values == before
    book.down = False
    ended(lost())
    assert len(post.mails) == 1
    assert {each.subject for each in book.store.open()} == {"run q", "run r"}


def test_so_many_incidents_are_kept_without_the_book_and_the_next_is_logged(
    book, mail_server, post, variables, monkeypatch, capsys
):
    monkeypatch.setattr(memory, "_MOST", 2)
    book.down = True
    for task in "abc":
        crashed(task, task_id=task)
    assert len(post.mails) == len(variables.values) == 2
    assert "2 incidents wait for it already" in " ".join(capsys.readouterr().out.split())
    book.down = False
    crashed("c", task_id="c")
    assert len(post.mails) == 3


def test_the_book_takes_over_what_was_told_without_it(book, mail_server, post, variables):
    book.down = True
    ended(lost())
    book.down = False
    ended(lost())
    assert len(post.mails) == 1
    assert variables.values == {}
    assert len(book.store.open()) == 1
    ended()
    assert post.subjects[1:] == ["[RECOVERED] no_order_missing - run r"]
    assert post.mails[1]["In-Reply-To"] == post.mails[0]["Message-ID"]


def test_without_book_and_mail_server_nothing_is_remembered_as_told(book, mail_server, post, variables):
    book.down = True
    mail_server.down()
    ended(lost())
    mail_server.up()
    ended(lost())
    assert len(post.mails) == 1


def test_an_error_of_its_own_never_reaches_the_task(monkeypatch, capsys):
    def boom(*_: Any, **__: Any):
        raise RuntimeError("bug")

    monkeypatch.setattr(alert, "look_of", boom)
    AlertNotifier(failed=True)({})
    shown = capsys.readouterr().out
    assert "Report this" in shown


def test_a_success_with_nothing_open_asks_the_book_once(book, mail_server, post):
    succeeded()
    assert book.database["incidents"].queries == 1
    assert post.mails == []
