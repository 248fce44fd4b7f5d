"""The REST clients of the runner, on a fake transport."""

from __future__ import annotations

import json

import pytest
import requests
import requests_mock

from ksqldb_conformance.ksqldb import KsqlDb, StatementError
from ksqldb_conformance.registry import Registry


@pytest.fixture
def transport():
    return requests_mock.Adapter()


@pytest.fixture
def session(transport):
    with requests.Session() as session:
        session.mount("http://", transport)
        yield session


class FakeKsqlDb:
    """Two queries and three sources: MINE_B is built on MINE_A; OTHER is somebody else's."""

    def __init__(self):
        self.topics = {"MINE_A": "a", "MINE_B": "b", "OTHER": "o"}
        self.queries = {"CSAS_MINE_B_1": "b", "CSAS_OTHER_2": "o"}

    def __call__(self, request, context):
        statement = request.json()["ksql"]
        if statement == "SHOW STREAMS;":
            return [{"streams": [{"type": "STREAM", "name": n, "topic": t} for n, t in self.topics.items()]}]
        if statement == "SHOW TABLES;":
            return [{"tables": []}]
        if statement == "SHOW QUERIES;":
            return [
                {
                    "queries": [
                        {"id": q, "state": "RUNNING", "sinkKafkaTopics": [t]} for q, t in self.queries.items()
                    ]
                }
            ]
        verb, name = statement.rstrip(";").replace("STREAM ", "").replace("`", "").split(" ")
        if verb == "DROP" and (name == "MINE_A" and "MINE_B" in self.topics):
            context.status_code = 400
            return {"@type": "statement_error", "error_code": 40001, "message": "Cannot drop MINE_A."}
        del (self.topics if verb == "DROP" else self.queries)[name]
        return [{}]


def test_only_what_is_on_the_cases_topics_is_removed_in_an_order_that_works(transport, session):
    server = FakeKsqlDb()
    transport.register_uri("POST", "http://ksql/ksql", json=server)
    KsqlDb("http://ksql", session).remove_sources(["a", "b"])
    assert server.topics == {"OTHER": "o"}
    assert server.queries == {"CSAS_OTHER_2": "o"}


def test_what_cannot_be_dropped_at_all_is_said(transport, session):
    server = FakeKsqlDb()
    transport.register_uri("POST", "http://ksql/ksql", json=server)
    with pytest.raises(StatementError, match=r"40001: Cannot drop MINE_A\."):
        KsqlDb("http://ksql", session).remove_sources(["a"])


def test_running_wants_every_query_listed(transport, session):
    transport.register_uri("POST", "http://ksql/ksql", json=FakeKsqlDb())
    ksqldb = KsqlDb("http://ksql", session)
    assert ksqldb.running({"CSAS_MINE_B_1"})
    assert not ksqldb.running({"CSAS_MINE_B_1", "CSAS_GONE_3"})


def test_registry(transport, session):
    schema = {"type": "int"}
    found = {"schema": json.dumps(schema), "id": 5}
    transport.register_uri("POST", "http://registry/subjects/t-value/versions", json={"id": 5})
    transport.register_uri("GET", "http://registry/schemas/ids/5", json=found)
    transport.register_uri("GET", "http://registry/subjects/t-value/versions/latest", json=found)
    transport.register_uri("GET", "http://registry/subjects/no-value/versions/latest", status_code=404)
    transport.register_uri("DELETE", "http://registry/subjects/no-value", status_code=404)
    registry = Registry("http://registry/", session)
    assert registry.register("t-value", schema) == 5
    assert registry.schema(5) == schema
    assert registry.latest("t-value") == (schema, 5)
    assert registry.latest("no-value") is None
    registry.delete("no-value")
