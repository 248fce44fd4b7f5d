"""Stateful queries: the plan that the server makes of a statement, run by the Java runtime without Flink."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from runtime.conftest import Java
from unit.fakes import Stage, plan_of

Record = tuple[int, str | None, str | None, int]


@pytest.fixture
def stage() -> Stage:
    """A stage with the tables L (v) and R (w), both JSON by a text key."""
    stage = Stage()
    for name, column in (("l", "v"), ("r", "w")):
        stage.topics.add(name)
        stage.run(
            f"CREATE TABLE {name} (id VARCHAR PRIMARY KEY, {column} INT) "
            f"WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');"
        )
    return stage


def results(java: Java, stage: Stage, select: str, records: list[Record]) -> list[Any]:
    """What comes out of a table made by a SELECT: key, value, time of each record."""
    stage.run(f"CREATE TABLE x AS SELECT {select};")
    session = json.loads(java.asked("run.open", plan=plan_of(stage)))["session"]
    given = [
        [side, 0, at, ms, encoded(key), encoded(value)] for at, (side, key, value, ms) in enumerate(records)
    ]
    answer = json.loads(java.asked("run.records", session=session, records=given))
    java.asked("run.close", session=session)
    assert answer["skipped"] == []
    return [(decoded(key), value and json.loads(decoded(value)), ms) for key, value, ms in answer["records"]]


def encoded(text: str | None) -> str | None:
    return None if text is None else b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    return b64decode(text).decode("latin-1")


LEFT, RIGHT = 0, 1
CHANGES: list[Record] = [
    (LEFT, "a", '{"V": 1}', 10),
    (RIGHT, "a", '{"W": 7}', 5),
    (RIGHT, "b", '{"W": 8}', 20),
    (LEFT, "a", '{"V": 2}', 30),
    (RIGHT, "a", None, 40),
    (RIGHT, "a", None, 50),
    (LEFT, "b", '{"V": 3}', 15),
    (LEFT, "b", None, 60),
    (LEFT, None, '{"V": 4}', 70),
    (LEFT, "c", None, 80),
]


def test_an_inner_join_of_tables(java: Java, stage: Stage) -> None:
    assert results(java, stage, "l.id, v, w FROM l JOIN r ON l.id = r.id", CHANGES) == [
        ("a", {"V": 1, "W": 7}, 10),
        ("a", {"V": 2, "W": 7}, 30),
        ("a", None, 40),
        ("a", None, 50),
        ("b", {"V": 3, "W": 8}, 20),
        ("b", None, 60),
    ]


def test_a_left_join_of_tables(java: Java, stage: Stage) -> None:
    assert results(
        java, stage, "l.id AS k, r.id AS rid, v, w FROM l LEFT JOIN r ON r.id = l.id", CHANGES
    ) == [
        ("a", {"RID": None, "V": 1, "W": None}, 10),
        ("a", {"RID": "a", "V": 1, "W": 7}, 10),
        ("a", {"RID": "a", "V": 2, "W": 7}, 30),
        ("a", {"RID": None, "V": 2, "W": None}, 40),
        ("a", {"RID": None, "V": 2, "W": None}, 50),
        ("b", {"RID": "b", "V": 3, "W": 8}, 20),
        ("b", None, 60),
    ]


def test_a_full_join_of_tables(java: Java, stage: Stage) -> None:
    assert results(java, stage, "ROWKEY AS k, v, w FROM l FULL OUTER JOIN r ON l.id = r.id", CHANGES) == [
        ("a", {"V": 1, "W": None}, 10),
        ("a", {"V": 1, "W": 7}, 10),
        ("b", {"V": None, "W": 8}, 20),
        ("a", {"V": 2, "W": 7}, 30),
        ("a", {"V": 2, "W": None}, 40),
        ("a", {"V": 2, "W": None}, 50),
        ("b", {"V": 3, "W": 8}, 20),
        ("b", {"V": None, "W": 8}, 60),
    ]


def test_where_deletes_a_joined_row_that_stops_matching_and_no_other(java: Java, stage: Stage) -> None:
    select = "l.id, v, w FROM l JOIN r ON l.id = r.id WHERE v > 1"
    assert results(java, stage, select, CHANGES) == [
        ("a", {"V": 2, "W": 7}, 30),
        ("a", None, 40),
        ("b", {"V": 3, "W": 8}, 20),
        ("b", None, 60),
    ]


ROWS: list[Record] = [
    (0, "a", '{"V": 1}', 10),
    (0, "b", '{"V": 1}', 30),
    (0, "a", '{"V": 2}', 20),
    (0, "b", '{"V": 1}', 40),
    (0, "b", None, 50),
    (0, "b", None, 60),
    (0, "c", '{"V": null}', 70),
]


def test_groups_of_a_table_lose_the_rows_that_change(java: Java, stage: Stage) -> None:
    select = "v, COUNT(*) AS n, SUM(v) AS s, AVG(v) AS a, COLLECT_LIST(id) AS ids FROM l GROUP BY v"
    assert results(java, stage, select, ROWS) == [
        (key, {"N": n, "S": s, "A": a, "IDS": ids}, ms)
        for key, n, s, a, ids, ms in [
            ("\0\0\0\1", 1, 1, 1.0, ["a"], 10),
            ("\0\0\0\1", 2, 2, 1.0, ["a", "b"], 30),
            ("\0\0\0\1", 1, 1, 1.0, ["b"], 30),
            ("\0\0\0\2", 1, 2, 2.0, ["a"], 20),
            ("\0\0\0\1", 0, 0, 0.0, [], 40),
            ("\0\0\0\1", 1, 1, 1.0, ["b"], 40),
            ("\0\0\0\1", 0, 0, 0.0, [], 50),
        ]
    ]


def test_what_all_rows_of_a_table_have_is_told_again_when_the_others_go(java: Java, stage: Stage) -> None:
    found = results(java, stage, "v, ATTR(id) AS one FROM l GROUP BY v", ROWS)
    assert [(key, value["ONE"], ms) for key, value, ms in found] == [
        ("\0\0\0\1", "a", 10),
        ("\0\0\0\1", None, 30),
        ("\0\0\0\1", "b", 30),
        ("\0\0\0\2", "a", 20),
        ("\0\0\0\1", None, 40),
        ("\0\0\0\1", "b", 40),
        ("\0\0\0\1", None, 50),
    ]


def test_where_and_having_of_a_grouped_table(java: Java, stage: Stage) -> None:
    select = "v, COUNT(*) AS n FROM l WHERE id <> 'a' GROUP BY v HAVING COUNT(*) > 0"
    assert results(java, stage, select, ROWS) == [
        ("\0\0\0\1", {"N": 1}, 30),
        ("\0\0\0\1", None, 40),
        ("\0\0\0\1", {"N": 1}, 40),
        ("\0\0\0\1", None, 50),
    ]


PAIRS: list[Record] = [
    (0, "a", '{"V": 1}', 0),
    (1, "a", '{"W": 10}', 1_000),
    (0, "b", '{"V": 1}', 5_000),
    (1, "b", '{"W": 20}', 4_000),
    (1, "b", '{"W": 5}', 61_000),
    (0, "a", '{"V": 2}', 2_000),
    (0, "c", '{"V": 2}', 3_000),
]


@pytest.fixture
def streams() -> Stage:
    """A stage with the streams S (v) and T (w), and the table D (name), all JSON by a text key."""
    stage = Stage()
    for name, column in (("s", "v INT"), ("t", "w INT")):
        stage.topics.add(name)
        stage.run(
            f"CREATE STREAM {name} (id VARCHAR KEY, {column}) "
            f"WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');"
        )
    stage.topics.add("d")
    stage.run("CREATE TABLE d (id VARCHAR PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='JSON');")
    return stage


def test_groups_of_a_join(java: Java, streams: Stage) -> None:
    select = (
        "v, COUNT(*) AS n, SUM(w) AS total FROM s JOIN t WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON s.id = t.id "
        "WHERE w > 5 GROUP BY v"
    )
    assert results(java, streams, select, PAIRS) == [
        ("\0\0\0\1", {"N": 1, "TOTAL": 10}, 1_000),
        ("\0\0\0\1", {"N": 2, "TOTAL": 30}, 5_000),
        ("\0\0\0\2", {"N": 1, "TOTAL": 10}, 2_000),
    ]


def test_windows_of_a_join_have_a_stream_time_of_their_own(java: Java, streams: Stage) -> None:
    select = (
        "v, COUNT(*) AS n FROM s LEFT JOIN t WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON s.id = t.id "
        "WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 0 SECONDS) GROUP BY v HAVING COUNT(*) > 0"
    )
    # The second pair of b closes the window from 0 to 60 s; c waits for its match in vain and to the end.
    found = results(java, streams, select, PAIRS)
    assert [(value, ms) for _, value, ms in found] == [
        ({"N": 1}, 1_000),
        ({"N": 2}, 5_000),
        ({"N": 1}, 61_000),
    ]


def test_groups_of_a_stream_with_a_table(java: Java, streams: Stage) -> None:
    select = "w, SUM(v) AS total FROM s LEFT JOIN d ON s.id = d.id GROUP BY w"
    records: list[Record] = [(1, "a", '{"W": 3}', 9), *PAIRS[:1], *PAIRS[2:3], (0, "a", '{"V": 7}', 5)]
    assert results(java, streams, select, records) == [
        ("\0\0\0\3", {"TOTAL": 1}, 0),
        ("\0\0\0\3", {"TOTAL": 8}, 5),
    ]
