"""The HTTP side, compared with the recordings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ksqlflink.rest.app import create_app
from ksqlflink.rest.bodies import LARGEST_BODY
from unit.fakes import Backend, exchanges, shop


@pytest.fixture
def backend() -> Backend:
    return Backend(shop())


@dataclass
class Client:
    """Sends requests to the application without a network."""

    backend: Backend

    def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, **content))

    async def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(self.backend), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, **content)

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **content: Any) -> httpx.Response:
        return self.request("POST", path, **content)


@pytest.fixture
def client(backend: Backend) -> Client:
    return Client(backend)


def ask(client: Client, request: dict[str, Any]) -> Any:
    body = request["body"]
    content = {"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}
    return client.request(request["method"], request["path"], headers=request["headers"], **content)


@pytest.mark.parametrize(
    "name",
    [
        "info",
        "info-accepts",
        "info-root-redirect",
        "healthcheck",
        "not-found",
        "bad-request-bodies",
        "cluster-status-disabled",
        "is-valid-property",
        "v1-metadata",
        "show-empty",
    ],
)
def test_answers_are_the_recorded_ones(client: Client, name: str) -> None:
    for exchange in exchanges(name):
        response, recorded = ask(client, exchange["request"]), exchange["response"]
        assert response.status_code == recorded["status"]
        for header in ("content-type", "location"):
            assert response.headers.get(header) == recorded["headers"].get(header)
        if "Invalid JSON" in str(recorded["body"]):
            assert response.json()["message"].startswith("Invalid JSON in request: ")
        elif isinstance(recorded["body"], str):
            assert response.text == recorded["body"]
        else:
            assert response.json() == recorded["body"]
            assert response.headers["content-length"] == recorded["headers"]["content-length"]


def test_an_error_of_a_statement_has_its_status_and_body(client: Client) -> None:
    response = client.post("/ksql", json={"ksql": "DESCRIBE x;"})
    assert response.status_code == 400
    assert response.json()["error_code"] == 40001
    response = client.post("/ksql", json={"ksql": "SHOW STREAMS;", "commandSequenceNumber": 8})
    assert (response.status_code, response.json()["error_code"]) == (503, 50301)


def test_a_bug_is_an_internal_error_with_a_body(client: Client) -> None:
    response = client.post("/ksql", json={"ksql": "BUG;"})
    assert response.status_code == 500
    message = "RuntimeError: the server's log says more"  # and not where what went wrong
    assert response.json() == {"@type": "generic_error", "error_code": 50000, "message": message}


@pytest.mark.parametrize("path", ["/ksql", "/query", "/query-stream", "/close-query"])
def test_a_body_that_nobody_needs_is_refused(client: Client, path: str) -> None:
    response = client.post(path, content=b" " * (LARGEST_BODY + 1))
    assert (response.status_code, response.json()["error_code"]) == (413, 41300)
    assert client.post(path, content=b"x" * LARGEST_BODY).status_code == 400


@pytest.mark.parametrize("body", ["[]", '{"ksql": 3}', '{"ksql": "", "streamsProperties": []}'])
def test_bodies_of_another_shape_are_bad_requests(client: Client, body: str) -> None:
    assert client.post("/ksql", content=body).status_code == 400


def test_commands_can_be_looked_up(client: Client, backend: Backend) -> None:
    backend.stage.run("CREATE STREAM a (b INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');")
    assert client.get("/status").json() == {"commandStatuses": {"stream/`A`/create": "SUCCESS"}}
    assert client.get("/status/stream/%60A%60/create").json() == {
        "status": "SUCCESS",
        "message": "Stream created",
        "queryId": None,
    }
    assert client.get("/status/stream/%60B%60/create").json()["error_code"] == 40400


def test_it_is_not_healthy_while_flink_does_not_answer(client: Client, backend: Backend) -> None:
    backend.flink = False
    health = client.get("/healthcheck").json()
    assert health["isHealthy"] is False
    assert health["details"]["commandRunner"] == {"isHealthy": False}
