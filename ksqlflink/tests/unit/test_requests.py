"""Variables, assertions, custom types, SET, and statements that are passed on to Kafka Connect."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ksqlflink.analysis.functions import functions
from ksqlflink.errors import AssertionFailed, BadStatement, ConnectRefusal, KsqlError, ServerProblem
from ksqlflink.services.topics import Topic
from ksqlflink.statements.connectors import ConnectService
from ksqlflink.statements.variables import substitute
from unit.fakes import FakeConnect, Stage, joined_shop, shop

# -- variables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("SHOW ${What};", "SHOW streams;"),
        ("SHOW $${what};", "SHOW ${what};"),
        ("SHOW ${other};", "SHOW ${other};"),
        ("DEFINE what='it''s'; SHOW ${WHAT};", "DEFINE what='it''s'; SHOW it's;"),
        ("DEFINE a=';'; SHOW '${a}';", "DEFINE a=';'; SHOW ';';"),
        ("/* ; */ DEFINE a='x'; -- ;\nSHOW ${a};", "/* ; */ DEFINE a='x'; -- ;\nSHOW ${a};"),
        ("UNDEFINE what; SHOW ${what};", "UNDEFINE what; SHOW ${what};"),
    ],
)
def test_variables_are_replaced(text: str, result: str) -> None:
    assert substitute(text, {"what": "streams"}) == result


def test_variables_live_as_long_as_the_request() -> None:
    stage = shop()
    (shown,) = stage.run("DEFINE a='1'; DEFINE b='2'; UNDEFINE a; SHOW VARIABLES;")
    assert shown["variables"] == [{"name": "b", "value": "2"}]
    assert stage.run("SHOW VARIABLES;")[0]["variables"] == []
    (shown,) = stage.requests.run("SHOW VARIABLES;", {}, None, {"S": "x"})
    assert shown["variables"] == [{"name": "s", "value": "x"}]
    with pytest.raises(BadStatement, match="Cannot undefine variable 'c' which was never defined"):
        stage.run("UNDEFINE c;")


# -- assertions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TOPIC nobody TIMEOUT 10 MILLISECONDS", "Topic nobody does not exist"),
        ("NOT EXISTS TOPIC orders TIMEOUT 10 MILLISECONDS", "Topic orders exists"),
        (
            "TOPIC orders WITH (PARTITIONS=3, REPLICAS=2) TIMEOUT 0 SECONDS",
            "Mismatched configuration for topic orders: For config partitions, expected 3 got 1\n"
            "For config replicas, expected 2 got 1",
        ),
        ("SCHEMA ID 77 TIMEOUT 0 SECONDS", "Schema with id 77 does not exist"),
        (
            "SCHEMA SUBJECT 'orders-value' ID 77 TIMEOUT 0 SECONDS",
            "Schema with subject name orders-value and id 77 does not exist",
        ),
        (
            "NOT EXISTS SCHEMA SUBJECT 'orders-value' TIMEOUT 0 SECONDS",
            "Schema with subject name orders-value exists",
        ),
    ],
)
def test_assertions_that_do_not_hold(text: str, message: str) -> None:
    with pytest.raises(AssertionFailed) as raised:
        shop().run(f"ASSERT {text};")
    assert raised.value.message == message
    assert raised.value.status == 417


def test_an_assertion_waits_while_others_go_on() -> None:
    stage = shop()

    def create() -> None:
        time.sleep(0.05)
        stage.topics.create(Topic("late", 1, 1))
        stage.run("CREATE STREAM late (a INT) WITH (KAFKA_TOPIC='late', VALUE_FORMAT='JSON');")

    thread = threading.Thread(target=create)
    thread.start()
    (held,) = stage.run("ASSERT TOPIC late TIMEOUT 5 SECONDS;")
    thread.join()
    assert held["exists"] is True


def test_an_insert_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = shop()
    stage.run("CREATE STREAM s (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');")
    both, end = threading.Barrier(3), threading.Event()

    def write(*_: object) -> None:
        both.wait(10)
        end.wait(10)

    monkeypatch.setattr(stage.records, "write", write)
    with ThreadPoolExecutor(3) as pool:
        inserts = [pool.submit(stage.run, "INSERT INTO s VALUES (1);") for _ in range(2)]
        try:
            both.wait(10)
            shown = pool.submit(stage.run, "SHOW STREAMS;")
            assert "S" in {one["name"] for one in shown.result(5)[0]["streams"]}
        finally:
            end.set()
        assert [insert.result(10) for insert in inserts] == [[], []]


@pytest.mark.parametrize(
    "text", ["ASSERT TOPIC orders WITH (COLOUR='x');", "ASSERT SCHEMA TIMEOUT 1 SECONDS;"]
)
def test_assertions_that_cannot_be_made(text: str) -> None:
    with pytest.raises(BadStatement):
        shop().run(text)


# -- custom types and properties ----------------------------------------------------------------------------


def test_a_custom_type_is_used_by_name() -> None:
    stage = shop()
    (created,) = stage.run("CREATE TYPE addr AS STRUCT<street VARCHAR, no INT>;")
    assert created["commandId"] == "type/ADDR/create"
    assert created["commandStatus"]["message"] == (
        "Registered custom type with name 'ADDR' and SQL type STRUCT<`STREET` STRING, `NO` INTEGER>"
    )
    (made,) = stage.run("CREATE STREAM s (a ADDR) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');")
    assert "(A STRUCT<STREET STRING, NO INTEGER>)" in made["statementText"]
    assert list(stage.run("SHOW TYPES;")[0]["types"]) == ["ADDR"]
    with pytest.raises(BadStatement, match="since it is already registered with type"):
        stage.run("CREATE TYPE addr AS INT;")
    assert (
        "already registered"
        in stage.run("CREATE TYPE IF NOT EXISTS addr AS INT;")[0]["commandStatus"]["message"]
    )
    assert stage.run("DROP TYPE addr;")[0]["commandStatus"]["message"] == "Dropped type 'ADDR'"
    assert (
        stage.run("DROP TYPE IF EXISTS addr;")[0]["commandStatus"]["message"] == "Type 'ADDR' does not exist"
    )
    with pytest.raises(BadStatement, match=r"Type ADDR does not exist."):
        stage.run("DROP TYPE addr;")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET 'no.such'='x';", "Unknown property: no.such"),
        ("UNSET 'no.such';", "Unknown property: no.such"),
        (
            "SET 'auto.offset.reset'='sideways';",
            "Invalid value sideways for configuration auto.offset.reset: String must be one of: latest, "
            "earliest, none",
        ),
    ],
)
def test_properties_that_cannot_be_set(text: str, message: str) -> None:
    with pytest.raises(BadStatement) as raised:
        shop().run(text)
    assert raised.value.message == message


def test_every_function_can_be_described() -> None:
    stage = shop()
    for name, function in functions().items():
        (described,) = stage.run(f"DESCRIBE FUNCTION {name};")
        assert len(described["functions"]) == len(function.signatures)


def test_arguments_are_described_as_messages_name_them() -> None:
    (described,) = shop().run("DESCRIBE FUNCTION substring;")
    listed = [[item["name"] for item in each["arguments"]] for each in described["functions"]]
    assert listed[0] == ["str", "pos"]
    assert listed[-1] == ["bytes", "pos", "length"]
    assert described["functions"][0]["argumentTypes"] == ["VARCHAR", "INT"]


def test_functions_are_listed_and_described() -> None:
    (listed,) = shop().run("SHOW FUNCTIONS;")
    kinds = {item["name"]: item["type"] for item in listed["functions"]}
    assert (kinds["UCASE"], kinds["COUNT"]) == ("SCALAR", "AGGREGATE")
    (described,) = shop().run("DESCRIBE FUNCTION coalesce;")
    (argument, *_) = described["functions"][0]["arguments"]
    assert described["name"] == "COALESCE"
    assert argument["name"]


# -- connectors ---------------------------------------------------------------------------------------------

CREATE = (
    "CREATE SINK CONNECTOR {}`the-sink` WITH (\"connector.class\"='org.Sink', 'connection.uri'='secret', "
    "'tasks.max'=1);"
)
MASKED = (
    "CREATE SINK CONNECTOR `the-sink` WITH (\"connector.class\"='org.Sink', 'connection.uri'='[string]', "
    "'tasks.max'='[string]');"
)


def with_connect(**answers: Any) -> tuple[Stage, FakeConnect]:
    connect = FakeConnect({"GET /connectors": [], **answers})
    return Stage(connect=connect), connect


def test_a_connector_is_created_without_showing_its_secrets() -> None:
    info = {"name": "the-sink", "config": {}, "tasks": [], "type": "sink"}
    stage, connect = with_connect(**{"POST /connectors": info})
    (created,) = stage.run(CREATE.format(""))
    assert (created["@type"], created["info"], created["statementText"]) == ("connector_info", info, MASKED)
    config = {"connector.class": "org.Sink", "connection.uri": "secret", "tasks.max": "1", "name": "the-sink"}
    assert connect.sent[-1] == ("POST", "/connectors", {"name": "the-sink", "config": config})


def test_a_connector_that_exists() -> None:
    stage, _ = with_connect(**{"GET /connectors": ["the-sink"]})
    with pytest.raises(ConnectRefusal) as raised:
        stage.run(CREATE.format(""))
    assert (raised.value.status, raised.value.code) == (409, 40900)
    (warning,) = stage.run(CREATE.format("IF NOT EXISTS "))
    assert (warning["@type"], warning["message"]) == ("warning_entity", "Connector the-sink already exists")


def test_a_connector_that_connect_refuses() -> None:
    stage, _ = with_connect(**{"POST /connectors": 400})
    with pytest.raises(ConnectRefusal, match="Failed to create connector: trouble"):
        stage.run(CREATE.format(""))


def test_connectors_are_listed_with_the_state_of_their_tasks() -> None:
    status = {"connector": {"state": "RUNNING"}, "tasks": [{"state": "RUNNING"}, {"state": "FAILED"}]}
    info = {"type": "sink", "config": {"connector.class": "org.Sink"}}
    answers = {"GET /connectors": ["a"], "GET /connectors/a": info, "GET /connectors/a/status": status}
    stage, connect = with_connect(**answers)
    (listed,) = stage.run("SHOW SINK CONNECTORS;")
    (item,) = listed["connectors"]
    assert item == {
        "name": "a", "type": "sink", "className": "org.Sink", "state": "WARNING (1/2 tasks RUNNING)",
    }  # fmt: skip
    assert stage.run("SHOW SOURCE CONNECTORS;")[0]["connectors"] == []
    connect.answers["GET /connectors/a/topics"] = {"a": {"topics": ["t"]}}
    (described,) = stage.run("DESCRIBE CONNECTOR `a`;")
    assert (described["connectorClass"], described["topics"]) == ("org.Sink", ["t"])


def test_dropping_a_connector() -> None:
    stage, connect = with_connect()
    (dropped,) = stage.run("DROP CONNECTOR `a b`;")
    assert dropped["connectorName"] == "a b"
    assert connect.sent[-1][:2] == ("DELETE", "/connectors/a%20b")
    connect.answers["DELETE /connectors/x"] = 404
    assert stage.run("DROP CONNECTOR IF EXISTS `x`;")[0]["@type"] == "warning_entity"
    with pytest.raises(ConnectRefusal, match="Failed to drop connector"):
        stage.run("DROP CONNECTOR `x`;")


def test_a_worker_that_does_not_answer() -> None:
    stage = Stage(connect=ConnectService("http://127.0.0.1:9"))
    with pytest.raises(ServerProblem, match=r"Connect to http://127.0.0.1:9 \[127.0.0.1/127.0.0.1\] failed"):
        stage.run("SHOW CONNECTORS;")


# -- queries ------------------------------------------------------------------------------------------------

TOTALS = "CREATE TABLE totals AS SELECT method, COUNT(*) AS n FROM payments GROUP BY method;"


def test_a_paused_query_is_listed_as_such_until_it_is_resumed() -> None:
    stage = joined_shop()
    stage.run(TOTALS)
    (paused,) = stage.run("PAUSE ALL;")
    assert paused["commandId"] == "pause/ALL/execute"
    (query,) = stage.run("SHOW QUERIES;")[0]["queries"]
    assert (query["statusCount"], query["state"]) == ({"PAUSED": 1}, "RUNNING")
    assert stage.catalogue.paused() == {"CTAS_TOTALS_3"}
    stage.run("RESUME ctas_totals_3;")
    assert (stage.jobs.resumed, stage.catalogue.paused()) == (["CTAS_TOTALS_3"], set())


def test_a_replaced_query_keeps_its_id_and_goes_on_from_its_state() -> None:
    stage = joined_shop()
    stage.run("CREATE STREAM big AS SELECT order_id FROM orders WHERE order_total > 10;")
    (replaced,) = stage.run("CREATE OR REPLACE STREAM big AS SELECT order_id, store_id FROM orders;")
    assert replaced["commandStatus"]["queryId"] == "CSAS_BIG_3"
    query = stage.jobs.started[-1]
    assert (stage.jobs.replaced, query.job_id, query.checkpoint) == (["CSAS_BIG_3"], "next", "file:///kept")
    assert [item.id for item in stage.catalogue.queries()] == ["CSAS_BIG_3"]


def test_a_table_is_dropped_with_its_query_and_an_insert_query_is_in_the_way() -> None:
    stage = joined_shop()
    stage.run(TOTALS)
    assert stage.run("DROP TABLE totals;")[0]["commandId"] == "table/TOTALS/drop"
    assert stage.jobs.stopped == ["CTAS_TOTALS_3"]
    stage.run("CREATE STREAM copy AS SELECT * FROM payments;")
    stage.run("INSERT INTO copy SELECT * FROM payments;")
    with pytest.raises(BadStatement, match=r"write into this source: \[INSERTQUERY_9\]"):
        stage.run("DROP STREAM copy;")


def test_a_topic_that_another_source_reads_is_not_deleted() -> None:
    stage = joined_shop()
    stage.run("CREATE STREAM again WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='AVRO');")
    with pytest.raises(ServerProblem, match=r"Found other data sources \(ORDERS\) using topic orders"):
        stage.run("DROP STREAM again DELETE TOPIC;")


def test_explain_of_a_statement_starts_nothing() -> None:
    stage = joined_shop()
    (explained,) = stage.run(f"EXPLAIN {TOTALS}")
    description = explained["queryDescription"]
    assert (description["sinks"], description["queryType"]) == (["TOTALS"], "PERSISTENT")
    assert "KSQL_RUN" in description["executionPlan"]
    assert "TOTALS" not in stage.topics.topics
    with pytest.raises(KsqlError, match=r"does not run a ksql query|Syntax Error"):
        stage.run("EXPLAIN DROP STREAM orders;")
