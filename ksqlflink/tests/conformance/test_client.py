"""A ksqlDB client that others wrote works on the server: `ksqldb` of PyPI, which speaks HTTP/2 to it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from ksqldb import KSQLdbClient

from ksqldb_conformance.services import Services
from ksqldb_conformance.waiting import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
EARLIEST = {"ksql.streams.auto.offset.reset": "earliest"}
ROWS = [
    {"ID": f"k{number % 3}", "A": number, "D": f"{number}.50", "T": "2024-03-01T10:00:00"}
    for number in range(9)
]
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[KSQLdbClient]:
    """The client, with a stream of rows and a table counting them."""
    found = KSQLdbClient(services.ksqldb)
    _drop(found)
    found.ksql(
        "CREATE STREAM client_rows (id VARCHAR KEY, a INT, d DECIMAL(9, 2), t TIMESTAMP) "
        "WITH (KAFKA_TOPIC='client_rows', VALUE_FORMAT='JSON', PARTITIONS=2);"
    )
    found.ksql(
        "CREATE TABLE client_totals AS SELECT id, COUNT(*) AS n, SUM(a) AS total "
        "FROM client_rows GROUP BY id;",
        stream_properties=EARLIEST,
    )
    acknowledged = found.inserts_stream("client_rows", ROWS)
    assert acknowledged == [{"seq": number, "status": "ok"} for number in range(len(ROWS))]
    yield found
    _drop(found)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The client leaves its connections to the garbage collector, which runs while warnings are ignored."""
    yield
    gc.collect()


def _drop(client: KSQLdbClient) -> None:
    for source in ("TABLE IF EXISTS client_totals", "STREAM IF EXISTS client_rows"):
        with suppress(requests.HTTPError):
            client.ksql(f"DROP {source} DELETE TOPIC;")


def _rows(client: KSQLdbClient, query: str) -> list[list[Any]]:
    _, *rows = client.query_sync(query, stream_properties=EARLIEST)
    return rows


def test_a_pull_query_on_a_table(client: KSQLdbClient) -> None:
    expected = [["k0", 3, 9], ["k1", 3, 12], ["k2", 3, 15]]
    everything = "SELECT * FROM client_totals;"
    wait_until(
        lambda: sorted(_rows(client, everything)) == expected, DEADLINE_S, f"{everything} -> {expected}"
    )
    assert _rows(client, "SELECT total, n * 2 FROM client_totals WHERE id = 'k1';") == [[12, 6]]


def test_a_pull_query_on_a_stream(client: KSQLdbClient) -> None:
    rows = _rows(client, "SELECT a, d, t FROM client_rows WHERE a > 6;")
    assert sorted(rows) == [[7, 7.5, "2024-03-01T10:00:00.000"], [8, 8.5, "2024-03-01T10:00:00.000"]]


def test_a_push_query_with_a_limit(client: KSQLdbClient) -> None:
    async def collected() -> list[Any]:
        query = "SELECT id, a * 2 AS b FROM client_rows EMIT CHANGES LIMIT 3;"
        return [row async for row in client.query_async(query, EARLIEST, timeout=DEADLINE_S)]

    header, *rows = asyncio.run(collected())
    assert header["columnNames"] == ["ID", "B"]
    assert len(rows) == 3
    assert all(row[1] % 2 == 0 for row in rows)


def test_a_push_query_that_is_closed(client: KSQLdbClient) -> None:
    async def collected() -> list[Any]:
        found: list[Any] = []
        async for row in client.query_async(
            "SELECT a FROM client_rows EMIT CHANGES;", EARLIEST, timeout=DEADLINE_S
        ):
            found.append(row)
            if len(found) == 1 + len(ROWS):
                assert client.close_query(found[0]["queryId"])
        return found

    _, *rows = asyncio.run(collected())
    assert sorted(rows) == [[number] for number in range(len(ROWS))]
    assert not client.close_query("transient_NOBODY_1")


def test_a_refusal_is_an_error(client: KSQLdbClient) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.ksql("DROP STREAM client_nobody;")
    assert "ksql.service.id" in {item["name"] for item in client.get_properties()}
