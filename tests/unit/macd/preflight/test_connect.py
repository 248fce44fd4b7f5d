from __future__ import annotations

import pytest

from macd.preflight import connect as module
from macd.preflight.result import Outcome
from tests.unit.macd.preflight.conftest import CONNECT, DATE

CHECKS = module.checks

SINK = "com.mongodb.kafka.connect.MongoSinkConnector"
VALIDATION = f"{CONNECT}/connector-plugins/MongoSinkConnector/config/validate"


@pytest.fixture
def worker(http):
    http.get(
        f"{CONNECT}/", json={"version": "4.1.2", "kafka_cluster_id": "cluster-1"}, headers={"Date": DATE}
    )
    http.get(f"{CONNECT}/connectors", json=[])
    http.get(f"{CONNECT}/connector-plugins", json=[{"class": SINK, "type": "sink", "version": "2.0.1"}])
    http.put(VALIDATION, json={"configs": []})
    return http


def test_a_worker_that_is_well_is_ok_all_over_and_gets_no_connector(worker, look):
    names = ("access", "plugin", "create connectors", "same Kafka", "version", "plugin version", "clock")
    for check in names:
        assert look(check).outcome is Outcome.OK, check
    changing = [request.url for request in worker.request_history if request.method != "GET"]
    assert set(changing) == {VALIDATION}


def test_the_workers_own_references_reach_it_unresolved(worker, look):
    look("create connectors")
    request, *_ = [request for request in worker.request_history if request.method == "PUT"]
    assert request.json()["connection.uri"] == "${env:MACD_MONGODB_URI}"


def test_a_missing_plugin_is_named(worker, look):
    worker.get(f"{CONNECT}/connector-plugins", json=[])
    answer = look("plugin")
    assert (answer.outcome, answer.detail) == (Outcome.FAILED, f"not installed: {SINK}")
    assert look("plugin version").outcome is Outcome.UNKNOWN


def test_what_the_plugin_complains_of_is_shown(worker, look):
    value = {"name": "connection.uri", "errors": ["Unable to connect to the server."]}
    worker.put(VALIDATION, json={"configs": [{"value": value}]})
    answer = look("create connectors")
    assert (answer.outcome, answer.may_pass) == (Outcome.FAILED, True)
    assert "connection.uri: Unable to connect" in answer.detail
    value["name"], value["errors"] = "topics", ["must not be empty"]
    worker.put(VALIDATION, json={"configs": [{"value": value}]})
    assert look("create connectors").may_pass is False
