"""Queries over random small inputs do what a plain model of the documented semantics does."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ksqlflink.testing.server import MemoryServer, session
from ksqlflink.worker.process import Worker

SECOND = 1000
WITHIN = 600 * SECOND
# The edges of windows, and all inside the grace: what is later than that is another matter.
TIMES = some.sampled_from([0, 1, 299, 300, 599, 600, 601, 900, 1200, 3599]).map(lambda at: at * SECOND)
KEYS = some.sampled_from(["a", "b", None])
# Each example goes to another process, so how long it takes says nothing.
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Row = tuple[str | None, Any, int]  # key, value, time


def written(server: MemoryServer, topic: str) -> list[Row]:
    """The records of a topic, values as JSON."""
    return [
        (one.key and one.key.decode(), one.value and json.loads(one.value), one.timestamp)
        for one in server.kafka.records(topic)
    ]


def by_key(rows: list[Row]) -> dict[str | None, list[Row]]:
    return {key: [row for row in rows if row[0] == key] for key, _, _ in rows}


LEFT, RIGHT = "l", "r"
JOINED = """
CREATE STREAM l (id VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='l', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE STREAM r (other INT KEY, id VARCHAR, w INT) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE STREAM x AS SELECT l.id AS id, v, w FROM l JOIN r
    WITHIN 10 MINUTES GRACE PERIOD 1 DAY ON l.id = r.id;
"""


@few
@given(some.lists(some.tuples(some.sampled_from([LEFT, RIGHT]), KEYS, TIMES), max_size=14))
def test_an_inner_join(worker: Worker, records: list[tuple[str, str | None, int]]) -> None:
    arrived: list[tuple[str, str | None, int, int]] = []
    expected: list[Row] = []
    with MemoryServer(worker) as server:
        server.run(JOINED, session())
        for number, (side, key, ms) in enumerate(records):
            if side == LEFT:
                server.produce("l", key and key.encode(), json.dumps({"V": number}).encode(), ms)
            else:
                value = json.dumps({"ID": key, "W": number}).encode()
                server.produce("r", number.to_bytes(4), value, ms)
            # The pairs that a record completes come in the order of the other side's times.
            partners = [
                other
                for other in arrived
                if other[0] != side and key is not None and other[1] == key and abs(other[2] - ms) <= WITHIN
            ]
            for _, _, other_ms, other_number in sorted(partners, key=lambda other: other[2]):
                v, w = (number, other_number) if side == LEFT else (other_number, number)
                expected.append((key, {"V": v, "W": w}, max(ms, other_ms)))
            arrived.append((side, key, ms, number))
        assert by_key(written(server, "X")) == by_key(expected)


VALUES = some.one_of(some.none(), some.integers(-9, 9))
GROUPED = """
CREATE STREAM s (id INT KEY, k VARCHAR, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE TABLE x AS SELECT k, COUNT(*) AS n, COUNT(v) AS nv, SUM(v) AS s, MIN(v) AS low,
    COLLECT_LIST(v) AS every FROM s GROUP BY k HAVING COUNT(*) <> 2;
"""


@few
@given(some.lists(some.tuples(KEYS, VALUES, TIMES), max_size=14))
def test_an_aggregation_with_having(
    worker: Worker, records: list[tuple[str | None, int | None, int]]
) -> None:
    groups: dict[str, list[tuple[int | None, int]]] = {}
    expected: list[Row] = []
    with MemoryServer(worker) as server:
        server.run(GROUPED, session())
        for number, (key, value, ms) in enumerate(records):
            text = json.dumps({"K": key, "V": value}).encode()
            server.produce("s", number.to_bytes(4), text, ms)
            if key is None:
                continue
            group = groups.setdefault(key, [])
            group.append((value, ms))
            every = [one for one, _ in group]
            known = [one for one in every if one is not None]
            low = min(known, default=None)
            row = {"N": len(every), "NV": len(known), "S": sum(known), "LOW": low, "EVERY": every}
            # The second record makes the row leave, the third brings it back.
            expected.append((key, None if len(every) == 2 else row, max(at for _, at in group)))
        assert by_key(written(server, "X")) == by_key(expected)


WINDOWED = """
CREATE STREAM s (k VARCHAR KEY) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE TABLE x AS SELECT k, WINDOWSTART AS began, COUNT(*) AS n FROM s
    WINDOW TUMBLING (SIZE 10 MINUTES, GRACE PERIOD 1 DAY) GROUP BY k;
"""


@few
@given(some.lists(some.tuples(some.sampled_from("ab"), TIMES), max_size=14))
def test_a_tumbling_window(worker: Worker, records: list[tuple[str, int]]) -> None:
    counted: dict[tuple[str, int], list[int]] = {}
    expected: list[Row] = []
    with MemoryServer(worker) as server:
        server.run(WINDOWED, session())
        for key, ms in records:
            server.produce("s", key.encode(), b"{}", ms)
            start = ms // WITHIN * WITHIN
            window = counted.setdefault((key, start), [])
            window.append(ms)
            shown = f"{key}\0\0\0\0" + start.to_bytes(4).decode("latin-1")
            expected.append((shown, {"BEGAN": start, "N": len(window)}, max(window)))
        found = [
            (one.key.decode("latin-1"), json.loads(one.value), one.timestamp)
            for one in server.kafka.records("X")
            if one.key and one.value
        ]
        assert by_key(found) == by_key(expected)


CHANGES = some.tuples(some.sampled_from([LEFT, RIGHT]), some.sampled_from("ab"), VALUES)
LOOKED_UP = """
CREATE STREAM l (id VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='l', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE TABLE r (id VARCHAR PRIMARY KEY, w INT)
    WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=2);
CREATE STREAM x AS SELECT l.id AS id, v, w FROM l LEFT JOIN r ON l.id = r.id;
"""


@few
@given(some.lists(CHANGES, max_size=14))
def test_a_stream_joined_with_a_table(worker: Worker, records: list[tuple[str, str, int | None]]) -> None:
    table: dict[str, int] = {}
    expected: list[Row] = []
    with MemoryServer(worker) as server:
        server.run(LOOKED_UP, session())
        for ms, (side, key, value) in enumerate(records):
            if side == LEFT:
                server.produce("l", key.encode(), json.dumps({"V": value}).encode(), ms)
                expected.append((key, {"V": value, "W": table.get(key)}, ms))
            elif value is None:
                server.produce("r", key.encode(), None, ms)
                table.pop(key, None)
            else:
                server.produce("r", key.encode(), json.dumps({"W": value}).encode(), ms)
                table[key] = value
        assert by_key(written(server, "X")) == by_key(expected)


def test_the_window_of_the_join_ends_where_the_model_has_it(worker: Worker) -> None:
    """One input for which the join gives something: a model and a query that both do nothing would agree."""
    with MemoryServer(worker) as server:
        server.run(JOINED, session())
        server.produce("l", b"a", b'{"V": 1}', 5)
        server.produce("r", b"\0\0\0\x07", b'{"ID": "a", "W": 2}', WITHIN + 5)
        server.produce("r", b"\0\0\0\x08", b'{"ID": "a", "W": 3}', WITHIN + 6)
        assert written(server, "X") == [("a", {"V": 1, "W": 2}, WITHIN + 5)]
