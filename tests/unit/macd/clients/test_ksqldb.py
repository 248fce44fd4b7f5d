"""ksqlDB's commands take their time: what has to come after one waits for it."""

from __future__ import annotations

import pytest
import requests
import requests_mock

from macd.clients.ksqldb import KsqlDb
from macd.errors import DeadlineExceeded, RequestRejected
from macd.specs.endpoints import HttpService

URL = "http://ksqldb.test"
STATUS = f"{URL}/status/terminate/CSAS_A_3/execute"


class Server:
    """Answers a TERMINATE as told; the query is listed as often as `listed` says."""

    def __init__(self, answer, listed=0, status_code=200):
        self.statements, self.listed = [], listed
        self.answer, self.status_code = answer, status_code
        self.transport = requests_mock.Adapter()
        self.transport.register_uri("POST", f"{URL}/ksql", json=self._ksql)
        session = requests.Session()
        session.mount("http://", self.transport)
        self.client = KsqlDb(HttpService(url=URL), session)
        self.client.command_patience_s = 0.5

    def _ksql(self, request, context):
        sql = request.json()["ksql"]
        self.statements.append(sql)
        if sql == "LIST QUERIES;":
            self.listed -= 1
            query = {"id": "CSAS_A_3", "state": "RUNNING", "sinkKafkaTopics": ["a"]}
            return [{"queries": [query] if self.listed >= 0 else []}]
        context.status_code = self.status_code
        return self.answer


def command(status, message="Query terminated."):
    found = {"status": status, "message": message, "queryId": None}
    return [{"commandId": "terminate/CSAS_A_3/execute", "commandStatus": found}]


def test_a_command_that_is_still_under_way_is_waited_for():
    server = Server(command("QUEUED"))
    answers = [{"json": {"status": status, "message": ""}} for status in ("QUEUED", "EXECUTING", "SUCCESS")]
    asked = server.transport.register_uri("GET", STATUS, answers)
    server.client.terminate("CSAS_A_3")
    assert asked.call_count == 3


def test_a_command_that_never_ends_is_named():
    server = Server(command("EXECUTING"))
    server.transport.register_uri("GET", STATUS, json={"status": "EXECUTING", "message": ""})
    with pytest.raises(DeadlineExceeded, match="terminate/CSAS_A_3/execute is still EXECUTING"):
        server.client.terminate("CSAS_A_3")


def test_a_command_that_failed_after_it_was_taken_is_an_error():
    server = Server(command("EXECUTING"))
    server.transport.register_uri("GET", STATUS, json={"status": "ERROR", "message": "no topic a"})
    with pytest.raises(RequestRejected, match="no topic a"):
        server.client.execute("CREATE STREAM a AS SELECT * FROM b;")


def test_a_query_that_another_server_of_the_cluster_still_runs_is_waited_for():
    server = Server(command("SUCCESS"), listed=2)
    server.client.terminate("CSAS_A_3")
    assert server.statements == ["TERMINATE CSAS_A_3;", *["LIST QUERIES;"] * 3]


def test_a_query_that_has_ended_already_is_no_error():
    unknown = {"error_code": 40001, "message": "Unknown queryId: CSAS_A_3"}
    Server(unknown, status_code=400).client.terminate("CSAS_A_3")


def test_a_query_that_cannot_be_ended_is_an_error():
    refused = {"error_code": 40001, "message": "Terminate is not allowed"}
    with pytest.raises(RequestRejected, match="Terminate is not allowed"):
        Server(refused, listed=5, status_code=400).client.terminate("CSAS_A_3")
