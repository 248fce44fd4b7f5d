"""A join with a table whose topic a query has filled: marks of transactions lie behind its last record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from ksqldb_conformance.services import Services
from ksqldb_conformance.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
EARLIEST = {"auto.offset.reset": "earliest"}
DEADLINE_S = 60.0
KEYS = ("a", "b", "c", "d")
Run = Callable[[str], list[Any]]


@pytest.fixture
def run(services: Services) -> Iterator[Run]:
    """Sends statements, or a pull query, whose rows are returned."""

    def sent(text: str) -> list[Any]:
        path = "/query" if text.startswith("SELECT") else "/ksql"
        body = {"ksql": text, "streamsProperties": EARLIEST}
        response = requests.post(services.ksqldb + path, json=body, timeout=60)
        assert response.status_code == requests.codes.ok, f"{text}\n{response.text}"
        answers: list[Any] = json.loads(response.text)
        return answers

    _drop(sent)
    yield sent
    _drop(sent)


def _drop(run: Run) -> None:
    for source in ("STREAM full_joined", "STREAM full_views", "TABLE full_counts", "STREAM full_clicks"):
        run(f"DROP {source.replace(' ', ' IF EXISTS ')} DELETE TOPIC;")


def _inserts(stream: str, ms: int) -> str:
    return "".join(f"INSERT INTO {stream} (ROWTIME, k, v) VALUES ({ms}, '{key}', {ms});" for key in KEYS)


def _rows(run: Run, query: str) -> list[list[Any]]:
    return sorted(each["row"]["columns"] for each in run(query) if "row" in each)


def _wait(run: Run, query: str, rows: list[list[Any]]) -> None:
    wait_until(lambda: _rows(run, query) == rows, DEADLINE_S, f"{query} -> {rows}")


def test_each_record_finds_the_row_that_is_older_than_it(run: Run) -> None:
    shape = "(k VARCHAR KEY, v BIGINT) WITH (KAFKA_TOPIC='{}', VALUE_FORMAT='JSON', PARTITIONS=2);"
    for stream in ("full_clicks", "full_views"):
        run(f"CREATE STREAM {stream} {shape.format(stream)}")
    run("CREATE TABLE full_counts AS SELECT k, COUNT(*) AS n FROM full_clicks GROUP BY k;")
    run(_inserts("full_clicks", 1_000))
    _wait(run, "SELECT k, n FROM full_counts;", [[key, 1] for key in KEYS])
    run(_inserts("full_views", 1_500) + _inserts("full_clicks", 2_000) + _inserts("full_views", 2_500))
    _wait(run, "SELECT k, n FROM full_counts;", [[key, 2] for key in KEYS])
    run(
        "CREATE STREAM full_joined AS SELECT s.k AS k, v, n FROM full_views s "
        "LEFT JOIN full_counts t ON s.k = t.k EMIT CHANGES;"
    )
    found = [[key, ms, n] for key in KEYS for ms, n in ((1_500, 1), (2_500, 2))]
    _wait(run, "SELECT k, v, n FROM full_joined;", found)
    # From now on records pass as they come, whatever their age.
    run(_inserts("full_views", 500))
    _wait(run, "SELECT k, v, n FROM full_joined WHERE v = 500;", [[key, 500, 2] for key in KEYS])
