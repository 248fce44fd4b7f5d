"""The acceptance kit on the stack, and that it keeps its hands off a pipeline that is there already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from macd.clients.connect import KafkaConnect
from macd.clients.groups import ConsumerGroups
from macd.clients.kafka import KafkaAdmin
from macd.clients.ksqldb import KsqlDb
from macd.clients.registry import SchemaRegistry
from macd.local.airflow import password
from macd.plan import plan_document_removal
from tests.stack import MACD, Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
STEPS = [
    *("preflight", "names are free", "plan", "apply", "apply again"),
    *("clean run", "run with faults", "two runs at once", "same run again"),
    *("changed statement", "run after the change", "earlier run", "repair", "dead letters"),
    *("schema version 2", "incompatible schema", "destroy", "nothing left behind"),
    *("DAG macd_pipeline", "DAG macd_data_quality", "DAG macd_repair", "DAG macd_teardown"),
    "nothing left by the DAGs",
]


def everything(stack: Stack) -> dict[str, set[str]]:
    """What there is on the services, whoever made it, by their own clients."""
    services = stack.services
    collections = stack.in_collection(
        lambda database: {
            name for name in database.list_collection_names() if database[name].estimated_document_count()
        }
    )
    return {
        "topics": set(KafkaAdmin(services.kafka).names()) - {"__consumer_offsets", "__transaction_state"},
        "groups": set(ConsumerGroups(services.kafka).names()),
        "subjects": set(SchemaRegistry(services.schema_registry).subjects()),
        "sources": KsqlDb(services.ksqldb).source_names(),
        "queries": {query.query_id for query in KsqlDb(services.ksqldb).queries()},
        "connectors": set(KafkaConnect(services.kafka_connect).connectors()),
        "collections": collections,
    }


def accepted(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = macd("acceptance", "--json", "--deadline", "180", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def deployed(stack: Stack) -> Iterator[None]:
    """A pipeline that somebody has deployed, with a run."""
    assert macd("apply").returncode == 0
    assert macd("seed", "--run-id", "not-the-kits", "--orders", "20").returncode == 0
    # All that follows from it has arrived, so that nothing moves any more.
    assert macd("verify", "not-the-kits").returncode == 0
    yield
    assert macd("destroy", "--yes").returncode == 0
    stack.in_collection(lambda database: plan_document_removal(stack.pipeline, database).apply())


def test_every_step_holds_and_nothing_is_left_behind(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_AIRFLOW_PASSWORD", password(stack.config))
    before, is_paused = everything(stack), stack.airflow.is_paused("macd_data_quality")
    code, report = accepted("--airflow", stack.airflow_url)
    times = {step["step"]: step["took_s"] for step in report["steps"]}
    print(f"acceptance kit: {report['took_s']} s {times}")
    assert code == 0, report
    assert [(step["step"], step["outcome"]) for step in report["steps"]] == [(name, "held") for name in STEPS]
    facts = {step["step"]: step["facts"] for step in report["steps"]}
    assert facts["run with faults"][0] == "20 unpaid, 10 mismatched, 10 late, 18 paid twice of 200 orders"
    assert facts["earlier run"][2] == "5 orders written again: 5 stored, 0 back as dead letters"
    assert facts["repair"][:2] == [
        "the 5 deleted orders were named, each as 'not stored'",
        "5 orders written again: 5 stored, 0 back as dead letters",
    ]
    assert facts["dead letters"][0].endswith(" to replay, 1 bad, 1 already stored")
    assert "170 of 170 expected orders are in MongoDB" in facts["DAG macd_pipeline"][1]
    assert "PASSED health of the pipeline: " in " ".join(facts["DAG macd_data_quality"])
    assert facts["DAG macd_repair"][-2] == "5 orders written again: 5 stored, 0 back as dead letters"
    assert stack.airflow.is_paused("macd_data_quality") is is_paused
    assert everything(stack) == before


def test_a_pipeline_that_is_there_already_is_left_alone(stack: Stack, deployed: None) -> None:
    before = everything(stack)
    code, report = accepted()
    assert code == 12
    assert not report["changed"]
    assert {step["outcome"] for step in report["steps"][2:]} == {"skipped"}
    refused = report["steps"][1]
    for name in ("connector macd-hourly-revenue-mongodb-sink", "table MACD_PAID_ORDERS", "topic macd_orders"):
        assert f"{name}, " in refused["reason"]
    assert "collection macd.seeding_runs (1 documents)" in refused["reason"]
    assert "macd_teardown" in refused["remedy"]
    assert everything(stack) == before
    assert macd("verify", "not-the-kits").returncode == 0


def test_what_was_begun_is_removed_when_it_is_interrupted(stack: Stack) -> None:
    before = everything(stack)
    running = subprocess.Popen(
        [*MACD, "acceptance", "--deadline", "120"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    seen = []
    for line in running.stdout:
        seen.append(line)
        if "messages sent" in line:
            running.send_signal(signal.SIGTERM)
            break
    rest, _ = running.communicate(timeout=120)
    assert running.returncode == 12, rest
    assert "clean run FAILED: It was interrupted." in rest
    assert "nothing left behind: no topic, subject, stream, query, connector or document is left" in rest
    assert everything(stack) == before
