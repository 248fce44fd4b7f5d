"""Pages in a browser against the server, with the headers that browsers send for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ksqlflink.rest.app import create_app
from ksqlflink.rest.callers import Guarded
from unit.asgi import Answer, send
from unit.fakes import Backend, joined_shop

LOCAL = {"host": "127.0.0.1:8088"}
TEXT = {"content-type": "text/plain"}  # what a page may send without asking first
DROP = {"ksql": "DROP STREAM orders;"}


def guarded(*hosts: str) -> tuple[Any, Backend]:
    backend = Backend(joined_shop())
    return Guarded(create_app(backend), hosts), backend


def dropped(headers: Mapping[str, str], *hosts: str) -> tuple[Answer, bool]:
    """What is answered to a statement that drops a stream, and whether it did."""
    app, backend = guarded(*hosts)
    answer = send(app, "POST", "/ksql", DROP, headers)
    return answer, backend.stage.catalogue.source("ORDERS") is None


@pytest.mark.parametrize(
    "headers",
    [
        LOCAL,
        {**LOCAL, **TEXT},
        {"host": "localhost:8088", "content-type": "application/x-www-form-urlencoded"},  # curl -d
        {"host": "[::1]:8088"},
        {"host": "192.0.2.7"},
        {"host": "ksqldb:8088"},
        {**LOCAL, "origin": "http://127.0.0.1:8088", "sec-fetch-site": "same-origin"},
        {**LOCAL, "sec-fetch-site": "none"},
    ],
)
def test_programs_and_the_servers_own_pages_are_served(headers: Mapping[str, str]) -> None:
    answer, is_dropped = dropped(headers, "ksqlDB")
    assert (answer.status, is_dropped) == (200, True)


@pytest.mark.parametrize(
    "headers",
    [
        {**LOCAL, **TEXT, "origin": "http://evil.example"},
        {**LOCAL, **TEXT, "origin": "null"},
        {**LOCAL, **TEXT, "origin": "http://127.0.0.1:8080"},
        {**LOCAL, **TEXT, "origin": "https://127.0.0.1:8088"},
        {**LOCAL, **TEXT, "sec-fetch-site": "cross-site"},
        {**LOCAL, **TEXT, "sec-fetch-site": "same-site"},
        {**TEXT, "host": "evil.example:8088", "origin": "http://evil.example:8088"},
        {**TEXT, "host": "127.0.0.1.evil.example:8088"},
        {**TEXT, "host": "localhost@evil.example"},
        {**TEXT},
    ],
)
def test_pages_of_others_change_nothing(headers: Mapping[str, str]) -> None:
    answer, is_dropped = dropped(headers, "ksqldb")
    assert (answer.status, answer.json()["error_code"], is_dropped) == (403, 40300, False)


@pytest.mark.parametrize("path", ["/info", "/healthcheck", "/nothing"])
def test_a_page_whose_name_leads_here_reads_nothing(path: str) -> None:
    app, _ = guarded()
    answer = send(app, "GET", path, headers={"host": "evil.example:8088"})
    assert answer.status == 403
    assert "--allowed-host" in answer.json()["message"]
