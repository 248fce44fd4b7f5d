"""A part of the pipeline goes away in the middle of a run: nothing is lost, and nobody has to do anything.

The whole matrix, with a minute of absence, is played by `python -m tests.outages` (docs/outages.md); killed
parts of the join are in test_durability.py.
"""

from __future__ import annotations

from collections.abc import Callable
from socket import socket
from urllib.parse import urlsplit

import pytest

from macd.clients.connectors import connect_client
from tests.outages.outage import SETTLE_LIMIT_S, Outage, Stage
from tests.stack import Stack, macd, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
SINK = "macd-orders-payments-mongodb-sink"


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    done = macd("apply")
    assert done.returncode == 0, done.stdout + done.stderr
    return Stage(stack.config, stack.services)


def healed(stage: Stage, outage: Outage, meanwhile: Callable[[], object] = lambda: None) -> None:
    outcome = stage.play(outage, meanwhile)
    assert (outcome.lost, outcome.dead_lettered, outcome.complaint) == (0, 0, "")
    assert outcome.settled_s < SETTLE_LIMIT_S


def test_kafka_away_while_orders_are_produced(stage: Stage) -> None:
    """For longer than librdkafka tried a message once."""
    healed(stage, Outage("kafka", "stop", 0.02, orders=20_000, away_s=20))


def test_mongodb_away_while_orders_are_produced(stage: Stage) -> None:
    """The run's manifest is kept there: seeding and verifying wait for it."""
    healed(stage, Outage("mongodb", "stop", 0.02, orders=20_000, away_s=12))


def test_mongodb_away_while_nobody_waits(stage: Stage) -> None:
    """The sink fails in its write, which makes no dead letters; the DAG macd_auto_restart brings it back."""
    healed(stage, Outage("mongodb", "stop", 0.3, orders=5_000, away_s=12, watched=False))


def test_a_sink_that_starts_while_the_registry_is_away_waits_for_it(stack: Stack, stage: Stage) -> None:
    connect = connect_client(stack.services.kafka_connect)
    healed(
        stage,
        Outage("registry", "stop", 0.3, orders=5_000, away_s=12),
        lambda: connect.request("POST", f"/connectors/{SINK}/tasks/0/restart"),
    )


def test_connect_killed_is_waited_for_by_a_plan(stack: Stack, stage: Stage) -> None:
    """While it starts, that is: one that nobody hears at all may as well be at another address."""
    address = urlsplit(stack.services.kafka_connect.url)
    plans = []

    def starts() -> bool:
        with socket() as client:
            return client.connect_ex((address.hostname or "", address.port or 0)) == 0

    def plan() -> None:
        until(starts)
        plans.append(macd("plan"))

    healed(stage, Outage("connect", "kill", 0.3, orders=5_000), plan)
    assert [plan.returncode for plan in plans] == [0], plans
    assert "0 to change" in plans[0].stdout


@pytest.mark.parametrize("component", ["ksqldb", "flink-taskmanager"])
def test_the_join_away(stage: Stage, component: str) -> None:
    healed(stage, Outage(component, "stop", 0.02, orders=8_000, away_s=12))
