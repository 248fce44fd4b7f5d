from __future__ import annotations

import json
import re

import pytest

from macd.preflight import ksqldb as module
from macd.preflight.result import Outcome
from tests.unit.macd.preflight.conftest import DATE, KSQLDB

CHECKS = module.checks


def info(version="7.4.12", cluster="cluster-1", status="RUNNING"):
    return {"KsqlServerInfo": {"version": version, "kafkaClusterId": cluster, "serverStatus": status}}


def answer_to(request, context):
    sql = json.loads(request.text)["ksql"]
    if sql == "LIST TOPICS;":
        return [{"topics": [{"name": "macd_orders"}]}]
    assert sql == "LIST STREAMS; LIST TABLES;", "a preflight changes nothing"
    return [{"streams": [{"name": "A"}]}, {"tables": []}]


@pytest.fixture
def server(http):
    http.get(f"{KSQLDB}/info", json=info(), headers={"Date": DATE})
    http.get(f"{KSQLDB}/healthcheck", json={"isHealthy": True, "details": {"kafka": {"isHealthy": True}}})
    http.post(f"{KSQLDB}/ksql", json=answer_to)
    http.get(re.compile(f"{KSQLDB}/is_valid_property/"), json=True)
    return http


def test_a_server_that_is_well_is_ok_all_over(server, look):
    for check in ("access", "health", "run statements", "settings", "same Kafka", "version", "clock"):
        assert look(check).outcome is Outcome.OK, check


def test_a_server_on_another_cluster_is_found(server, look):
    server.get(f"{KSQLDB}/info", json=info(cluster="cluster-2"))
    answer = look("same Kafka")
    assert answer.outcome is Outcome.FAILED
    assert answer.detail == "it works on cluster cluster-2, macd_kafka leads to cluster-1"


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ("0.22.0", Outcome.FAILED),
        ("0.29.0", Outcome.OK),
        ("7.0.16", Outcome.FAILED),
        ("7.1.0-ccs", Outcome.OK),
        ("8.0.0-SNAPSHOT", Outcome.OK),
        ("unknown", Outcome.UNKNOWN),
    ],
)
def test_both_ways_of_counting_versions_are_known(server, look, version, outcome):
    server.get(f"{KSQLDB}/info", json=info(version=version))
    answer = look("version")
    assert answer.outcome is outcome
    assert outcome is not Outcome.FAILED or "https://" in answer.remedy


def test_a_part_that_is_unwell_may_recover(server, look):
    details = {"kafka": {"isHealthy": False}, "metastore": {"isHealthy": True}}
    server.get(f"{KSQLDB}/healthcheck", json={"isHealthy": False, "details": details})
    answer = look("health")
    assert (answer.outcome, answer.may_pass) == (Outcome.FAILED, True)
    assert answer.detail.endswith(": kafka")


def test_topics_that_the_server_cannot_see_are_named(server, look, kafka):
    kafka.existing = {"macd_orders", "macd_payments"}
    answer = look("run statements")
    assert (answer.outcome, answer.detail) == (Outcome.FAILED, "it does not see the topics macd_payments")
