from __future__ import annotations

import pytest
import requests
import requests_mock

from macd.clients.connect import KafkaConnect
from macd.clients.ksqldb import KsqlDb
from macd.clients.registry import SchemaRegistry
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs.endpoints import HttpService

URL = "http://service.test"


@pytest.fixture
def transport():
    return requests_mock.Adapter()


@pytest.fixture
def session(transport):
    made = requests.Session()
    made.mount("http://", transport)
    return made


def service(**extra):
    return HttpService(url=URL, **extra)


def test_a_service_that_is_down_is_named_with_its_address_and_connection(transport, session):
    transport.register_uri("GET", f"{URL}/subjects", exc=requests.ConnectionError)
    with pytest.raises(
        ServiceUnreachable, match=r"Schema Registry: no answer from http://service.test"
    ) as caught:
        SchemaRegistry(service(), session).subjects()
    assert "macd_schema_registry" in caught.value.remedy


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_their_own_error_and_not_shown(transport, session, status):
    transport.register_uri("GET", f"{URL}/connectors", status_code=status)
    client = KafkaConnect(service(username="ada", password="canary"), session)
    with pytest.raises(AuthenticationFailed) as caught:
        client.connectors()
    assert "canary" not in str(caught.value)
    assert transport.last_request.headers["Authorization"].startswith("Basic ")


def test_a_refusal_carries_the_services_own_code_and_message(transport, session):
    body = {"@type": "statement_error", "error_code": 40001, "message": "Line: 1, Col: 8: no such column"}
    transport.register_uri("POST", f"{URL}/ksql", status_code=400, json=body)
    with pytest.raises(RequestRejected, match="no such column") as caught:
        KsqlDb(service(), session).execute("SELECT;")
    assert caught.value.code == 40001
    assert "include/ksql" in caught.value.remedy


def test_an_answer_that_is_not_json_is_shown_as_it_is(transport, session):
    transport.register_uri("GET", f"{URL}/connectors", status_code=500, text="<html>proxy error</html>")
    with pytest.raises(RequestRejected, match="proxy error"):
        KafkaConnect(service(), session).connectors()


@pytest.mark.parametrize("code", [404, 40401, 40402])
def test_a_subject_that_does_not_exist_is_none(transport, session, code):
    path = f"{URL}/subjects/macd_orders-value/versions/latest"
    transport.register_uri("GET", path, status_code=404, json={"error_code": code, "message": "not found"})
    assert SchemaRegistry(service(), session).latest("macd_orders-value") is None


def test_incompatibility_comes_with_the_registrys_reasons(transport, session):
    path = f"{URL}/compatibility/subjects/s-value/versions/latest?verbose=true"
    transport.register_uri("POST", path, json={"is_compatible": False, "messages": ["field gone"]})
    verdict = SchemaRegistry(service(), session).check("s-value", {"type": "string"})
    assert (verdict.compatible, verdict.reasons) == (False, ("field gone",))


def test_a_plugins_complaint_gives_no_password_away(transport, session):
    reason = "Invalid value mongodb://ada:canary@x@db.test/?a=1 for configuration connection.uri: unescaped @"
    body = {"configs": [{"value": {"name": "connection.uri", "errors": [reason]}}]}
    transport.register_uri("PUT", f"{URL}/connector-plugins/Sink/config/validate", json=body)
    [complaint] = KafkaConnect(service(), session).complaints({"connector.class": "x.Sink"})
    assert "canary" not in complaint
    assert "mongodb://***@db.test/?a=1 for configuration" in complaint


def test_a_connectors_trace_gives_no_password_away(transport, session):
    """It goes into plans, reports and alerts."""
    trace = "ConnectException: mongodb://ada:ca/nary@db.test is wrong\n\tat x"
    failed = {"state": "FAILED", "trace": trace}
    body = {"name": "c", "connector": failed, "tasks": [failed | {"id": 0}]}
    transport.register_uri("GET", f"{URL}/connectors/c/status", json=body)
    told = KafkaConnect(service(), session).status("c").detail
    reason = "FAILED ConnectException: mongodb://***@db.test is wrong"
    assert told == f"{reason}; task 0 {reason}"


def test_the_half_of_a_password_that_a_long_answer_is_cut_in_is_not_shown(transport, session):
    body = "x" * 490 + "canary-canary-canary"
    transport.register_uri("GET", f"{URL}/connectors", status_code=500, text=body)
    client = KafkaConnect(service(username="ada", password="canary-canary-canary"), session)
    with pytest.raises(RequestRejected) as caught:
        client.connectors()
    assert "canary" not in str(caught.value)


def test_a_running_connector_with_a_failed_task_is_not_healthy(transport, session):
    body = {
        "name": "sink",
        "connector": {"state": "RUNNING"},
        "tasks": [{"id": 0, "state": "FAILED", "trace": "java.lang.Boom: no\n\tat x"}],
    }
    transport.register_uri("GET", f"{URL}/connectors/sink/status", json=body)
    status = KafkaConnect(service(), session).status("sink")
    assert not status.healthy
    assert status.failures[0].trace == "java.lang.Boom: no"


def test_a_connector_without_tasks_is_not_healthy(transport, session):
    body = {"name": "sink", "connector": {"state": "RUNNING"}, "tasks": []}
    transport.register_uri("GET", f"{URL}/connectors/sink/status", json=body)
    assert not KafkaConnect(service(), session).status("sink").healthy


def test_new_streams_read_their_topics_from_the_start(transport, session):
    transport.register_uri("POST", f"{URL}/ksql", json=[])
    KsqlDb(service(), session).execute("CREATE STREAM s;")
    sent = transport.last_request.json()
    assert sent["streamsProperties"] == {"ksql.streams.auto.offset.reset": "earliest"}


def test_two_that_set_a_subjects_first_level_at_once_both_have_set_it(transport, session):
    refused = {"error_code": 409, "message": "A rule named 'COMPATIBILITY' already exists."}
    answers = [{"status_code": 409, "json": refused}, {"json": {"compatibility": "BACKWARD"}}]
    transport.register_uri("PUT", f"{URL}/config/s-value", answers)
    SchemaRegistry(service(), session).set_compatibility("s-value", "BACKWARD")
    assert [request.json() for request in transport.request_history] == 2 * [{"compatibility": "BACKWARD"}]


def test_a_deleted_subject_is_gone_for_good(transport, session):
    path = f"{URL}/subjects/s-value"
    transport.register_uri("DELETE", path, json=[1])
    SchemaRegistry(service(), session).delete("s-value")
    assert [request.query for request in transport.request_history] == ["", "permanent=true"]


def test_a_subject_that_was_only_hidden_is_deleted_for_good(transport, session):
    path = f"{URL}/subjects/s-value"
    refused = {"error_code": 400, "message": "Cannot transition artifact from DISABLED to DISABLED"}
    transport.register_uri("DELETE", path, status_code=400, json=refused)
    permanently = transport.register_uri("DELETE", f"{path}?permanent=true", json=[1])
    SchemaRegistry(service(), session).delete("s-value")
    assert permanently.called


def test_a_subject_that_another_schema_refers_to_is_not_deleted(transport, session):
    refused = {"error_code": 42206, "message": "One or more references exist to the schema"}
    transport.register_uri("DELETE", f"{URL}/subjects/s-value", status_code=422, json=refused)
    with pytest.raises(RequestRejected, match="references exist"):
        SchemaRegistry(service(), session).delete("s-value")


def test_deleting_a_subject_that_does_not_exist_is_no_error(transport, session):
    body = {"error_code": 40401, "message": "not found"}
    transport.register_uri("DELETE", f"{URL}/subjects/s-value", status_code=404, json=body)
    SchemaRegistry(service(), session).delete("s-value")


REASON = "Incompatible artifact: s-value [AVRO], num of incompatible diffs: {1}"


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        (
            {"is_compatible": False, "messages": ["MISSING_DEFAULT: /fields/5"]},
            ("MISSING_DEFAULT: /fields/5",),
        ),
        ({"is_compatible": False, "reason": REASON}, (REASON,)),
        ({"is_compatible": False}, ()),
    ],
    ids=["confluent", "apicurio", "silent"],
)
def test_a_registry_that_says_why_is_quoted(transport, session, answer, reasons):
    path = "/compatibility/subjects/s-value/versions/latest"
    transport.register_uri("POST", URL + path, json=answer)
    verdict = SchemaRegistry(service(), session).check("s-value", {"type": "string"})
    assert (verdict.compatible, verdict.reasons) == (False, reasons)


def test_a_schema_is_looked_up_in_every_version(transport, session):
    found = {"subject": "s-value", "version": 2, "id": 9, "schema": "..."}
    transport.register_uri("POST", f"{URL}/subjects/s-value", json=found)
    registered = SchemaRegistry(service(), session).find("s-value", {"type": "string"})
    assert (registered.version, registered.schema_id) == (2, 9)
    missing = {"error_code": 40403, "message": "Schema not found"}
    transport.register_uri("POST", f"{URL}/subjects/s-value", status_code=404, json=missing)
    assert SchemaRegistry(service(), session).find("s-value", {"type": "string"}) is None
