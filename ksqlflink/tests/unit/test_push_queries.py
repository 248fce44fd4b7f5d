"""What push queries answer and what ends them: their plans run in a real worker, over topics in memory."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest

from ksqlflink.errors import KsqlError
from ksqlflink.rest.app import create_app
from ksqlflink.results.runs import Runner
from ksqlflink.results.service import QueryService
from ksqlflink.worker.jar import command
from ksqlflink.worker.process import Worker
from unit.asgi import send
from unit.fakes import Backend, Stage

pytestmark = pytest.mark.usefixtures("jar")
EARLIEST = {"auto.offset.reset": "earliest"}
HOUR = 3_600_000
SETUP = """
CREATE STREAM clicks (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE STREAM views (k VARCHAR KEY, w INT) WITH (KAFKA_TOPIC='views', VALUE_FORMAT='JSON');
CREATE TABLE users (k VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
"""
NAMES = "SELECT name, k FROM users"


def stage() -> Stage:
    found = Stage()
    found.topics.records = found.records
    for topic in ("clicks", "views", "users"):
        found.topics.add(topic)
    found.run(SETUP)
    return found


def write(to: Stage, topic: str, key: str, ms: int, **columns: Any) -> None:
    value = json.dumps(columns).encode() if columns else None
    to.records.write(topic, key.encode(), value, ms)


def rows(of: Stage, text: str, **properties: str) -> Iterator[list[Any]]:
    statement = of.queries.prepare(f"{text};", {}, with_cause=False)
    results = of.queries.run(statement, EARLIEST | properties)  # type: ignore[arg-type]
    return (json.loads(row.text) for row in results.rows() if row is not None)


def taken(of: Stage, text: str, count: int) -> list[list[Any]]:
    return list(islice(rows(of, text), count))


def test_a_deleted_row_of_a_table_is_a_tombstone_with_its_key() -> None:
    shop = stage()
    write(shop, "users", "u1", 1, name="Ann")
    write(shop, "users", "u1", 2)
    query = {"ksql": f"{NAMES} EMIT CHANGES LIMIT 2;", "streamsProperties": EARLIEST}
    _, first, second, _ = json.loads(send(create_app(Backend(shop)), "POST", "/query", query).body)
    assert first == {"row": {"columns": ["Ann", "u1"]}}
    assert second == {"row": {"columns": [None, "u1"], "tombstone": True}}


def test_a_row_that_a_condition_does_not_hold_for_any_more_is_a_tombstone() -> None:
    shop = stage()
    for ms, name in enumerate(("Bob", "Ann", "Bob", "Ann")):
        write(shop, "users", "u1", ms, name=name)
    found = taken(shop, f"{NAMES} WHERE name = 'Ann' EMIT CHANGES", 3)
    assert found == [["Ann", "u1"], [None, "u1"], ["Ann", "u1"]]


def test_windows_are_told_of_with_their_bounds() -> None:
    shop = stage()
    for ms in (1, 2, HOUR):
        write(shop, "clicks", "a", ms, v=1)
    text = "SELECT k, WINDOWSTART, COUNT(*) AS n FROM clicks WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k"
    assert taken(shop, f"{text} EMIT CHANGES", 3) == [["a", 0, 1], ["a", 0, 2], ["a", HOUR, 1]]


def test_final_results_come_when_their_window_is_over() -> None:
    shop = stage()
    for ms in (1, 2, HOUR - 1, HOUR, 2 * HOUR):
        write(shop, "clicks", "a", ms, v=1)
    window = "WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 0 SECONDS)"
    text = f"SELECT k, WINDOWSTART, COUNT(*) AS n FROM clicks {window} GROUP BY k EMIT FINAL"
    assert taken(shop, text, 2) == [["a", 0, 3], ["a", HOUR, 1]]


def test_streams_are_joined_within_a_window() -> None:
    shop = stage()
    write(shop, "clicks", "a", 10, v=1)
    write(shop, "views", "a", 20, w=2)
    write(shop, "views", "a", HOUR, w=3)
    text = "SELECT c.k, v, w FROM clicks c JOIN views w WITHIN 1 MINUTE ON c.k = w.k EMIT CHANGES"
    assert taken(shop, text, 1) == [["a", 1, 2]]


def test_of_full_topics_the_older_record_comes_first() -> None:
    shop = stage()
    write(shop, "clicks", "u1", 20, v=1)
    write(shop, "clicks", "u2", 40, v=2)
    write(shop, "users", "u2", 50, name="Late")
    write(shop, "users", "u1", 60, name="Later")
    # They lie behind in their topic, so the older heads of clicks come first.
    text = "SELECT c.k, v, name FROM clicks c LEFT JOIN users u ON c.k = u.k EMIT CHANGES"
    assert taken(shop, text, 2) == [["u1", 1, None], ["u2", 2, None]]
    other = stage()
    write(other, "clicks", "u1", 20, v=1)
    write(other, "users", "u1", 10, name="Ann")
    assert taken(other, text, 1) == [["u1", 1, "Ann"]]


def test_what_cannot_be_read_is_skipped() -> None:
    shop = stage()
    shop.records.write("clicks", b"a", b"{", 1)
    write(shop, "clicks", "a", 2, v=7)
    assert taken(shop, "SELECT v FROM clicks EMIT CHANGES", 1) == [[7]]


@pytest.fixture
def process() -> Iterator[Worker]:
    """A worker of its own, with little memory."""
    found = Worker(lambda: [word if not word.startswith("-Xmx") else "-Xmx24m" for word in command()])
    yield found
    found.close()


def with_worker(shop: Stage, worker: Worker) -> Stage:
    shop.queries = QueryService(shop.world, Runner(worker, "http://registry"))
    return shop


COUNTS = "SELECT k, COUNT(*) AS n FROM clicks GROUP BY k EMIT CHANGES"


def test_a_query_that_holds_too_much_ends_and_the_others_go_on(process: Worker) -> None:
    shop = with_worker(stage(), process)
    write(shop, "views", "a", 1, w=1)
    write(shop, "clicks", "a", 1, v=1)
    small = rows(shop, "SELECT k, COUNT(*) AS n FROM views GROUP BY k EMIT CHANGES")
    assert next(small) == ["a", 1]
    large = rows(shop, COUNTS)
    assert next(large) == ["a", 1]
    for number in range(40):
        write(shop, "clicks", f"{number}".zfill(2**19), 1, v=1)
    with pytest.raises(KsqlError, match=r"\(1\d MB\)\. Run it as a persistent query instead: CREATE STREAM"):
        list(large)
    pid = process.pid
    write(shop, "views", "a", 2, w=1)
    assert next(small) == ["a", 2]
    assert next(rows(shop, COUNTS)) == ["a", 1]
    assert process.pid == pid


def test_queries_of_a_worker_that_died_end_and_the_next_one_works(process: Worker) -> None:
    shop = with_worker(stage(), process)
    write(shop, "clicks", "a", 1, v=1)
    running = [rows(shop, COUNTS) for _ in range(3)]
    assert [next(each) for each in running] == [["a", 1]] * 3
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    write(shop, "clicks", "a", 2, v=1)
    for each in running:
        with pytest.raises(KsqlError, match=r"worker|unknown session"):
            next(each)
    assert list(islice(rows(shop, COUNTS), 2)) == [["a", 1], ["a", 2]]


VALUES = "SELECT k, v FROM clicks EMIT CHANGES"


def test_a_query_without_state_goes_on_in_the_next_worker(process: Worker) -> None:
    shop = with_worker(stage(), process)
    write(shop, "clicks", "a", 1, v=1)
    running = [rows(shop, VALUES) for _ in range(2)]
    assert [next(each) for each in running] == [["a", 1]] * 2
    for number in range(2):
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        write(shop, "clicks", "b", 2, v=number)
        assert [next(each) for each in running] == [["b", number]] * 2


ENDLESS = "REGEXP_EXTRACT('(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x', LPAD(k, 300, 'a'))"


def test_a_query_that_does_not_come_to_an_end_ends_alone(process: Worker) -> None:
    shop = with_worker(stage(), process)
    write(shop, "clicks", "a", 1, v=1)
    counting = rows(shop, COUNTS)
    assert next(counting) == ["a", 1]
    pid = process.pid
    assert next(rows(shop, f"SELECT k, {ENDLESS} AS x FROM clicks EMIT CHANGES")) == ["a", None]
    many = ", ".join(f"{ENDLESS} AS x{number}" for number in range(30))
    with ThreadPoolExecutor(5) as pool:
        endless = [pool.submit(next, rows(shop, f"SELECT {many} FROM clicks EMIT CHANGES")) for _ in range(5)]
        write(shop, "clicks", "a", 2, v=1)
        begun = time.monotonic()
        assert next(counting) == ["a", 2]
        assert time.monotonic() - begun < 4
        for query in endless:
            with pytest.raises(KsqlError, match="at a single record for more than 5 s"):
                query.result(60)
    assert process.pid == pid


def test_what_is_no_avro_is_no_matter_for_the_registry() -> None:
    shop = stage()
    shop.topics.add("numbers")
    shop.run("CREATE STREAM numbers (n BIGINT KEY, v INT) WITH (KAFKA_TOPIC='numbers', VALUE_FORMAT='JSON');")
    shop.records.write("numbers", (7).to_bytes(8), b'{"V": 1}', 1)
    shop.registry.schema = lambda number: pytest.fail(f"asked for {number}")  # type: ignore[method-assign]
    assert taken(shop, "SELECT n, v FROM numbers EMIT CHANGES", 1) == [[7, 1]]


def test_the_worker_lets_go_of_a_query_whose_topics_cannot_be_closed() -> None:
    shop = stage()
    statement = shop.queries.prepare(f"{COUNTS};", {}, with_cause=False)
    push = shop.queries.run(statement, {})  # type: ignore[arg-type]

    def broken() -> None:
        raise RuntimeError("closed already")

    shop.records.followers[0].close = broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        push.close()
    assert shop.worker.sessions == set()
