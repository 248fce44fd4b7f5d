"""Clients that come and go: their push queries leave nothing, and nobody else notices them."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

import psutil
import pytest
import requests
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from macd.clients.records import end_offsets
from macd.local.config import HOST
from macd.local.supervisor import Supervisor
from tests.stack import Stack, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
QUERIES, AT_ONCE, LONGEST_S = 200, 16, 3.0
TICK_S, SLOW_ROWS = 0.1, 20_000
SETUP = """
CREATE STREAM push_busy (k VARCHAR KEY, v INT)
  WITH (KAFKA_TOPIC='push_busy', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE STREAM push_copy AS SELECT k, v + 1 AS w FROM push_busy;
CREATE TABLE push_totals AS SELECT k, COUNT(*) AS n FROM push_busy GROUP BY k;
"""
CLEAR = """
DROP TABLE IF EXISTS push_totals DELETE TOPIC;
DROP STREAM IF EXISTS push_copy DELETE TOPIC;
DROP STREAM IF EXISTS push_busy DELETE TOPIC;
"""
TEXTS = (
    "SELECT * FROM push_busy EMIT CHANGES;",
    "SELECT k, COUNT(*) AS n FROM push_busy GROUP BY k EMIT CHANGES;",
    "SELECT b.k, v, w FROM push_busy b JOIN push_copy c WITHIN 1 SECOND ON b.k = c.k EMIT CHANGES;",
    "SELECT b.k, v, n FROM push_busy b JOIN push_totals t ON b.k = t.k EMIT CHANGES;",
)
SINKS = ("PUSH_COPY", "PUSH_TOTALS")


class Ksqldb:
    """The server as its clients see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, text: str) -> list[dict[str, Any]]:
        body = {"ksql": text, "streamsProperties": {"auto.offset.reset": "earliest"}}
        response = requests.post(f"{self.url}/ksql", json=body, timeout=60)
        assert response.status_code == requests.codes.ok, response.text
        found: list[dict[str, Any]] = response.json()
        return found

    def rows(self, number: int) -> int:
        """Reads a push query for a while, leaves it in one of the ways clients do, and counts its rows."""
        dice = random.Random(number)
        ends = time.monotonic() + dice.uniform(0.1, LONGEST_S)
        body = {"sql": TEXTS[number % len(TEXTS)], "properties": {"auto.offset.reset": "latest"}}
        with requests.post(f"{self.url}/query-stream", json=body, stream=True, timeout=30) as answer:
            assert answer.status_code == requests.codes.ok, answer.text
            lines = answer.iter_lines()
            query_id, count = json.loads(next(lines))["queryId"], 0
            for line in lines:
                assert line.startswith(b"["), line
                count += 1
                if time.monotonic() > ends:
                    break
            if number % 5 == 0:
                self.run(f"TERMINATE {query_id};")
                assert all(line.startswith(b"[") for line in lines)
        return count

    def queries(self, kind: str) -> list[dict[str, Any]]:
        listed = self.run("SHOW QUERIES;")[0]["queries"]
        return [item for item in listed if item["queryType"] == kind]

    def pushes(self) -> list[dict[str, Any]]:
        return self.queries("PUSH")


@contextmanager
def busy(stack: Stack, records: int = 200) -> Iterator[None]:
    """Writes so many records ten times a second."""
    over = threading.Event()
    producer = Producer({"bootstrap.servers": f"{HOST}:{stack.config.kafka_port}"})

    def write() -> None:
        while not over.wait(TICK_S):
            for number in range(records):
                producer.produce("push_busy", key=f"k{number}", value=json.dumps({"v": number}))
            producer.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def ksqldb(stack: Stack) -> Iterator[Ksqldb]:
    found = Ksqldb(stack.services.ksqldb.url)
    found.run(CLEAR)
    found.run(SETUP)
    yield found
    found.run(CLEAR)


def processes(stack: Stack) -> set[int]:
    """Who must not notice: Flink's, the server's, and those that the server started."""
    states = Supervisor(stack.config).states()
    pids = {states[name].pid for name in ("flink-taskmanager", "flink-jobmanager", "ksqldb")}
    return pids | {child.pid for child in psutil.Process(states["ksqldb"].pid).children()}


def connections(stack: Stack) -> int:
    """How many connections the server has to Kafka: each consumer has some of its own."""
    server = psutil.Process(Supervisor(stack.config).states()["ksqldb"].pid)
    kafka = stack.config.kafka_port
    return sum(bool(item.raddr) and item.raddr.port == kafka for item in server.net_connections())


def written(stack: Stack) -> list[int]:
    """How far each sink has grown."""
    return [sum(each.offset for each in end_offsets(stack.services.kafka, [sink])) for sink in SINKS]


@contextmanager
def lines(ksqldb: Ksqldb, text: str) -> Iterator[Iterator[Any]]:
    """What a push query answers behind its header."""
    body = {"sql": text, "properties": {"auto.offset.reset": "latest"}}
    with requests.post(f"{ksqldb.url}/query-stream", json=body, stream=True, timeout=60) as answer:
        found = (json.loads(line) for line in answer.iter_lines())
        assert "queryId" in next(found)
        yield found


def write(stack: Stack, partition: int, value: dict[str, int]) -> None:
    producer = Producer({"bootstrap.servers": f"{HOST}:{stack.config.kafka_port}"})
    producer.produce("push_busy", key="k", value=json.dumps(value), partition=partition)
    producer.flush()


def test_a_push_query_reads_partitions_that_are_added(stack: Stack, ksqldb: Ksqldb) -> None:
    with lines(ksqldb, "SELECT v FROM push_busy EMIT CHANGES;") as rows:
        write(stack, 1, {"v": 1})
        assert next(rows) == [1]
        admin = AdminClient({"bootstrap.servers": f"{HOST}:{stack.config.kafka_port}"})
        (added,) = admin.create_partitions([NewPartitions("push_busy", 4)]).values()
        added.result(30)
        write(stack, 3, {"v": 2})
        assert next(rows) == [2]


def test_a_push_query_of_a_topic_that_is_deleted_ends_with_an_error(stack: Stack, ksqldb: Ksqldb) -> None:
    with lines(ksqldb, "SELECT * FROM push_totals EMIT CHANGES;") as rows:
        ksqldb.run("DROP TABLE push_totals DELETE TOPIC;")
        error = {"@type": "generic_error", "error_code": 50000}
        assert next(rows) == {**error, "message": "Topic PUSH_TOTALS does not exist any more"}
        assert list(rows) == []


def test_a_push_query_goes_on_while_its_source_rests_or_is_replaced(stack: Stack, ksqldb: Ksqldb) -> None:
    with lines(ksqldb, "SELECT w FROM push_copy EMIT CHANGES;") as rows:
        write(stack, 0, {"v": 1})
        assert next(rows) == [2]
        (query_id,) = (item["id"] for item in ksqldb.queries("PERSISTENT") if "COPY" in item["id"])
        ksqldb.run(f"PAUSE {query_id};")
        write(stack, 0, {"v": 2})
        ksqldb.run(f"RESUME {query_id};")
        assert next(rows) == [3]
        ksqldb.run("CREATE OR REPLACE STREAM push_copy AS SELECT k, v + 10 AS w FROM push_busy;")
        write(stack, 0, {"v": 3})
        assert next(rows) == [13]


def test_a_client_that_does_not_read_fills_no_memory(stack: Stack, ksqldb: Ksqldb) -> None:
    """It leaves more behind than may wait for it anywhere: the server neither takes it in nor slows down."""
    server = psutil.Process(Supervisor(stack.config).states()["ksqldb"].pid)
    text = "SELECT k, v, LPAD('', 4000, 'x') AS filler FROM push_busy EMIT CHANGES;"
    with lines(ksqldb, text) as rows, busy(stack, 2_000):
        first, before = next(rows), server.memory_info().rss
        sink = written(stack)[0]
        until(lambda: written(stack)[0] - sink > SLOW_ROWS)
        assert server.memory_info().rss - before < SLOW_ROWS * len(str(first)) // 4
        assert ksqldb.pushes()
        assert all(len(row[2]) == len(first[2]) for row in islice(rows, SLOW_ROWS))


def test_two_hundred_clients_come_and_go_and_nothing_else_happens(stack: Stack, ksqldb: Ksqldb) -> None:
    flink = f"http://{HOST}:{stack.config.flink_port}"
    with busy(stack):
        until(lambda: all(written(stack)))
        before, jobs, open_before = processes(stack), running_jobs(flink), connections(stack)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            counts = list(pool.map(ksqldb.rows, range(QUERIES)))
        assert sum(count > 0 for count in counts) == QUERIES
        assert processes(stack) == before
        assert running_jobs(flink) == jobs
        assert ksqldb.pushes() == []
        until(lambda: connections(stack) <= open_before)
        for position, sink in enumerate(SINKS):
            grown = written(stack)[position]
            until(lambda at=position, least=grown: written(stack)[at] > least), sink


def running_jobs(flink: str) -> dict[str, str]:
    """The state of each job, and since when it has been in it."""
    listed = requests.get(f"{flink}/jobs/overview", timeout=30).json()["jobs"]
    return {job["jid"]: f"{job['state']} {job['start-time']}" for job in listed if job["state"] == "RUNNING"}
