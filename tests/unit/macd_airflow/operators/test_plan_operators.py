from __future__ import annotations

import json
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests_mock
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.clients.kafka import TopicState
from macd.plan import Blocked, Create, NoOp, Plan
from macd.settings import REPOSITORY
from macd_airflow.hooks.kafka import KafkaHook
from macd_airflow.operators import configure_connectors
from macd_airflow.operators.base import PlanOperator
from macd_airflow.operators.configure_connectors import ConfigureConnectorsOperator
from macd_airflow.operators.create_topics import CreateTopicsOperator
from macd_airflow.operators.deploy_streams import DeployStreamsOperator
from macd_airflow.operators.register_schemas import RegisterSchemasOperator
from tests.unit.macd.plan.books import Book

SINK = "macd-orders-payments-mongodb-sink"
REGISTRY = "http://registry.test/apis/ccompat/v7"
VALIDATION = "http://connect.test/connector-plugins/MongoSinkConnector/config/validate"
CONNECTOR = f"http://connect.test/connectors/{SINK}"


class Planned(PlanOperator):
    """Applies a plan made by the test."""

    made = Plan(())

    def plan(self, pipeline: Any) -> Plan:
        return self.made


def _planned(plan: Plan) -> PlanOperator:
    operator = Planned(task_id="planned")
    operator.made = plan
    return operator


def test_the_plan_is_logged_before_anything_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []
    create = Create("topic b", ("2 partitions",), lambda: seen.append(capsys.readouterr().out))
    changes = _planned(Plan((NoOp("topic a"), create))).execute({})
    assert "= no-op   topic a " in seen[0]
    assert "+ create  topic b (2 partitions) " in seen[0]
    assert "Done: create topic b " in capsys.readouterr().out
    assert [change["action"] for change in changes] == ["no-op", "create"]


def test_a_blocked_plan_fails_at_once_and_changes_nothing() -> None:
    done: list[str] = []
    plan = Plan(
        (
            Create("topic a", (), lambda: done.append("a")),
            Blocked("topic b", reason="it would shrink.", remedy="Make a new topic."),
        )
    )
    with pytest.raises(AirflowFailException, match=r"topic b: it would shrink.*Make a new topic"):
        _planned(plan).execute({})
    assert done == []


def test_what_a_task_makes_is_written_down(book: Book) -> None:
    seen: list[set[str]] = []
    create = Create("topic b", (), lambda: seen.append(book.ids))
    _planned(Plan((NoOp("topic a"), create))).execute({})
    assert seen == [{"local topic a", "local topic b"}]


@pytest.fixture
def no_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Kafka without topics, so that none of them holds a record."""
    monkeypatch.setattr(KafkaHook, "get_conn", lambda _: SimpleNamespace(names=list))


@pytest.mark.usefixtures("no_topics")
def test_a_renamed_stream_is_not_deployed_beside_the_one_that_writes_to_its_topic(
    connections: None, requests_mock: requests_mock.Mocker, book: Book
) -> None:
    book.add("stream", "OLD_NAME")
    server = Ksql(requests_mock, [])
    server.described["OLD_NAME"] = "macd_payment_mismatches"
    with pytest.raises(AirflowFailException, match=r"OLD_NAME, which is not declared any more, writes to"):
        DeployStreamsOperator(task_id="t").execute({})
    assert not any(sql.startswith("CREATE") for sql in server.statements)


@pytest.mark.usefixtures("no_topics")
def test_a_stream_that_was_there_before_the_package_is_told_apart(
    connections: None,
    requests_mock: requests_mock.Mocker,
    book: Book,
    capsys: pytest.CaptureFixture[str],
) -> None:
    book.add("stream", "OLD_NAME", origin="adopted")
    server = Ksql(requests_mock, [])
    server.described["OLD_NAME"] = "macd_payment_mismatches"
    with pytest.raises(AirflowFailException, match="drop it by hand if apply did not make it"):
        DeployStreamsOperator(task_id="t").execute({})
    assert "OLD_NAME (not declared any more, but apply did not make it" in capsys.readouterr().out


def test_a_wrong_folder_fails_at_once_and_names_the_remedy() -> None:
    operator = Planned(task_id="planned", target="moon")
    with pytest.raises(AirflowFailException, match=r"no target 'moon'.*Choose one of:.*local"):
        operator.execute({})


def test_folder_and_target_come_from_the_operator_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_TARGET", "cloud")
    assert Planned(task_id="a").origin() == (REPOSITORY / "include", "cloud")
    folder, target = Planned(task_id="b", include_dir="/srv/include", target="local").origin()
    assert (str(folder), target) == ("/srv/include", "local")


def test_topics_are_created_through_the_named_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[TopicState] = []
    asked: list[str] = []

    class Kafka:
        def topics(self, names: list[str]) -> dict[str, TopicState]:
            return {}

        def create(self, topic: TopicState) -> bool:
            created.append(topic)
            return True

    def get_conn(hook: KafkaHook) -> Kafka:
        asked.append(hook.conn_id)
        return Kafka()

    monkeypatch.setattr(KafkaHook, "get_conn", get_conn)
    CreateTopicsOperator(task_id="t", kafka_conn_id="other").execute({})
    assert asked == ["other"]
    assert "macd_orders" in {topic.name for topic in created}


def test_registered_schemas_are_left_alone(connections: None, requests_mock: requests_mock.Mocker) -> None:
    for path in (REPOSITORY / "include" / "schemas").glob("*.avsc"):
        body = {"version": 1, "id": 7, "schema": path.read_text()}
        requests_mock.get(f"{REGISTRY}/subjects/{path.stem}/versions/latest", json=body)
        requests_mock.get(f"{REGISTRY}/config/{path.stem}", json={"compatibilityLevel": "BACKWARD"})
    changes = RegisterSchemasOperator(task_id="t").execute({})
    assert {change["action"] for change in changes} == {"no-op"}
    assert {request.method for request in requests_mock.request_history} == {"GET"}


class Ksql:
    """Knows no stream; its queries have the given states, one list a look; the last one stays."""

    def __init__(self, requests_mock: requests_mock.Mocker, *states: list[str]) -> None:
        self.statements: list[str] = []
        self.states = list(states)
        self.described: dict[str, str] = {}
        requests_mock.post("http://ksqldb.test/ksql", json=self._answer)

    def _answer(self, request: Any, context: Any) -> list[dict[str, Any]]:
        sql = json.loads(request.text)["ksql"]
        if sql == "LIST QUERIES;":
            states = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            sink = ["macd_orders_payments_joined"]
            return [{"queries": [{"id": "Q", "state": state, "sinkKafkaTopics": sink} for state in states]}]
        if sql.startswith("LIST STREAMS"):
            listed = [{"name": name, "topic": topic} for name, topic in self.described.items()]
            return [{"streams": listed}, {"tables": []}]
        if sql.startswith("DESCRIBE"):
            [(name, topic)] = self.described.items()
            writer = {"id": "CSAS_1", "state": "RUNNING", "sinkKafkaTopics": [topic]}
            source = {"name": name, "type": "STREAM", "topic": topic, "statement": "", "readQueries": []}
            return [{"sourceDescription": {**source, "writeQueries": [writer]}}]
        self.statements.append(sql)
        return [{}]


@pytest.mark.usefixtures("no_topics")
def test_streams_are_created_in_order_and_have_to_run(
    connections: None, requests_mock: requests_mock.Mocker
) -> None:
    server = Ksql(requests_mock, [], ["UNRESPONSIVE"], ["RUNNING"])
    DeployStreamsOperator(task_id="t").execute({})
    assert ["macd_orders_stream" in sql for sql in server.statements[:2]] == [True, False]
    assert "INNER JOIN" in server.statements[2]


@pytest.mark.usefixtures("no_topics")
def test_a_query_that_is_being_restarted_is_given_time(
    connections: None, requests_mock: requests_mock.Mocker
) -> None:
    server = Ksql(requests_mock, ["ERROR"], ["RUNNING"])
    DeployStreamsOperator(task_id="t").execute({})
    assert len(server.statements) == len(list((REPOSITORY / "include" / "ksql").glob("*.sql")))


@pytest.mark.usefixtures("no_topics")
def test_a_query_that_stays_dead_fails_the_task(
    connections: None, requests_mock: requests_mock.Mocker
) -> None:
    Ksql(requests_mock, [], ["ERROR"])
    operator = DeployStreamsOperator(task_id="t", deadline=timedelta(milliseconds=10))
    with pytest.raises(AirflowException, match=r"Q is ERROR\. Remedy: Find the reason"):
        operator.execute({})


def test_refused_credentials_are_not_retried(connections: None, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post("http://ksqldb.test/ksql", status_code=401)
    with pytest.raises(AirflowFailException, match=r"refused the credentials.*macd_ksqldb"):
        DeployStreamsOperator(task_id="t").execute({})


@pytest.fixture
def _indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A MongoDB with the collection's index; making it is tested in macd.plan."""
    monkeypatch.setattr(configure_connectors, "plan_indexes", lambda *_: Plan(()))


def _connect(requests_mock: requests_mock.Mocker, *statuses: dict[str, Any]) -> None:
    """A worker without connectors, that then reports `statuses` of the main one, one after the other."""
    missing = {"error_code": 404, "message": "none"}
    requests_mock.get(re.compile("/connectors/.*/config"), status_code=404, json=missing)
    requests_mock.put(VALIDATION, json={"configs": []})
    requests_mock.put(re.compile("/connectors/.*/config"), json={})
    requests_mock.get(re.compile("/connectors/.*/status"), json=_status("RUNNING", ("RUNNING", "")))
    requests_mock.get(f"{CONNECTOR}/status", [{"json": status} for status in statuses])


def _status(connector: str, *tasks: tuple[str, str]) -> dict[str, Any]:
    listed = [{"id": i, "state": state, "trace": trace} for i, (state, trace) in enumerate(tasks)]
    return {"name": SINK, "connector": {"state": connector}, "tasks": listed}


@pytest.mark.usefixtures("_indexed")
def test_a_connector_counts_only_when_its_tasks_run(
    connections: None, requests_mock: requests_mock.Mocker, capsys: pytest.CaptureFixture[str]
) -> None:
    _connect(requests_mock, _status("RUNNING"), _status("RUNNING", ("RUNNING", "")))
    ConfigureConnectorsOperator(task_id="t").execute({})
    assert f"Connector {SINK} and all its tasks are RUNNING." in capsys.readouterr().out
    assert [r.path for r in requests_mock.request_history].count(f"/connectors/{SINK}/status") == 2


@pytest.mark.usefixtures("_indexed")
def test_a_connector_whose_tasks_failed_fails_with_the_trace(
    connections: None, requests_mock: requests_mock.Mocker
) -> None:
    _connect(requests_mock, _status("RUNNING", ("FAILED", "ConnectException: no route\n\tat x")))
    operator = ConfigureConnectorsOperator(task_id="t", deadline=timedelta(milliseconds=10))
    with pytest.raises(
        AirflowException, match=r"task 0 FAILED ConnectException: no route\. Remedy"
    ) as raised:
        operator.execute({})
    assert not isinstance(raised.value, AirflowFailException)


@pytest.mark.parametrize(
    "operator",
    [CreateTopicsOperator, RegisterSchemasOperator, DeployStreamsOperator, ConfigureConnectorsOperator],
)
def test_template_fields_are_assigned_untouched(operator: type[PlanOperator]) -> None:
    given = {name: f"{{{{ params.{name} }}}}" for name in operator.template_fields}
    made = operator(task_id="t", **given)
    assert {name: getattr(made, name) for name in operator.template_fields} == given
