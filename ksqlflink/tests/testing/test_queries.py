"""Queries that run in the worker, over topics in memory."""

from __future__ import annotations

import pytest

from ksqlflink.errors import KsqlError
from ksqlflink.services.records import Record
from ksqlflink.services.topics import Topic
from ksqlflink.testing.server import MemoryServer, session
from ksqlflink.testing.services import MemoryKafka
from ksqlflink.worker.process import Worker


def test_a_deleted_topic_is_empty_when_it_comes_back() -> None:
    kafka = MemoryKafka()
    for name in ("a", "b"):
        kafka.create(Topic(name, 2, 1))
        kafka.append(name, None, b"1", 7, 1)
    kafka.delete("a")
    assert kafka.find("a") is None
    kafka.create(Topic("a", 1, 1))
    assert (kafka.end_offsets("a"), kafka.end_offsets("b")) == ({0: 0}, {0: 0, 1: 1})
    kafka.write("a", b"k", b"2", 8)
    assert kafka.records("a") == [Record(0, 0, b"k", b"2", 8)]


def test_records_lie_where_javas_producer_puts_them(worker: Worker) -> None:
    # What Kafka's own tests say of murmur2 for these keys, positive, modulo 4.
    expected = {
        b"21": 0,
        b"foobar": 2,
        b"a-little-bit-long-string": 0,
        b"a-little-bit-longer-string": 3,
        b"abc": 3,
    }
    with MemoryServer(worker) as server:
        server.run(
            "CREATE STREAM s (k VARCHAR KEY) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=4);"
            "CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k;",
            session(),
        )
        for key in expected:
            server.produce("s", key, b"{}", 1)
        assert {one.key: one.partition for one in server.kafka.records("s")} == expected
        # A window's key is placed without the window.
        assert {one.key[:-8]: one.partition for one in server.kafka.records("T") if one.key} == expected


def test_queries_that_feed_one_another_end_with_an_error(worker: Worker) -> None:
    with MemoryServer(worker) as server:
        server.run(
            "CREATE STREAM s (v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');"
            "INSERT INTO s SELECT v FROM s;",
            session(),
        )
        with pytest.raises(KsqlError, match="feed one another without end"):
            server.produce("s", None, b'{"V": 1}', 1)


def test_what_is_replaced_with_its_state_is_refused(worker: Worker) -> None:
    with MemoryServer(worker) as server:
        server.run(
            "CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');"
            "CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;",
            session(),
        )
        with pytest.raises(KsqlError, match="with state is not supported"):
            server.run(
                "CREATE OR REPLACE TABLE t AS SELECT k, COUNT(*) AS n FROM s WHERE v > 1 GROUP BY k;",
                session(),
            )
