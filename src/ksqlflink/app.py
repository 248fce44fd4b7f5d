"""ksqlDB's REST API."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ksqlflink.errors import BadRequest, KsqlError, ServerProblem
from ksqlflink.model import SERVICE_ID

_LOG = logging.getLogger(__name__)
VERSION = "7.4.12"  # the ksqlDB release whose behaviour is served
_JSON = "application/json"
_ACCEPTED = (
    "*/*",
    "application/*",
    _JSON,
    "application/vnd.ksql.v1+json",
    "application/vnd.ksqlapi.delimited.v1",
)
_EMPTY_BODY = 'Cannot invoke "io.vertx.core.buffer.Buffer.getBytes()" because "buffer" is null'


class Backend(Protocol):
    """What the REST API serves."""

    def run(self, text: str, properties: dict[str, Any], sequence: int | None) -> list[dict[str, Any]]:
        """Run a request to /ksql."""

    def cluster_id(self) -> str:
        """Return the Kafka cluster's id, empty while it is not known."""

    def health(self) -> Mapping[str, bool]:
        """Return the health of metastore, kafka and commandRunner."""

    def command(self, command_id: str) -> tuple[str, str | None] | None:
        """Return message and query id of a command."""

    def command_ids(self) -> list[str]:
        """Return the ids of all commands."""


def _json(body: Any, status: int = 200, content_type: str | None = _JSON) -> Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    response = Response(text, status)
    if content_type is not None:
        response.headers["content-type"] = content_type
    return response


def _acceptable(request: Request) -> bool:
    accepted = request.headers.get("accept", "*/*")
    return any(item.split(";")[0].strip() in _ACCEPTED for item in accepted.split(","))


Endpoint = Callable[[Request], Awaitable[Response]]


def _endpoint(handler: Endpoint) -> Endpoint:
    """Return the handler with content negotiation and ksqlDB's error bodies around it."""

    async def guarded(request: Request) -> Response:
        if not _acceptable(request):
            return Response(status_code=406)
        try:
            return await handler(request)
        except KsqlError as error:
            return _json(error.body(), error.status)
        except Exception as error:  # noqa: BLE001 - the client gets a JSON error whatever went wrong
            _LOG.exception("%s %s failed", request.method, request.url.path)
            return _json(ServerProblem(f"{type(error).__name__}: {error}").body(), ServerProblem.status)

    return guarded


class Api:
    """Endpoints over a backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def root(self, _: Request) -> Response:
        """GET /."""
        return RedirectResponse("/info", 307)

    async def info(self, _: Request) -> Response:
        """GET /info."""
        details = {
            "version": VERSION,
            "kafkaClusterId": self._backend.cluster_id(),
            "ksqlServiceId": SERVICE_ID,
            "serverStatus": "RUNNING",
        }
        return _json({"KsqlServerInfo": details})

    async def healthcheck(self, _: Request) -> Response:
        """GET /healthcheck: always 200, the body says whether all is well."""
        health = await run_in_threadpool(self._backend.health)
        details = {name: {"isHealthy": healthy} for name, healthy in health.items()}
        return _json({"isHealthy": all(health.values()), "details": details, "serverState": "READY"})

    async def ksql(self, request: Request) -> Response:
        """POST /ksql."""
        raw = await request.body()
        if not raw:
            return _json(ServerProblem(_EMPTY_BODY).body(), ServerProblem.status, None)
        try:
            body = _body(raw)
        except BadRequest as error:
            return _json(error.body(), error.status, None)
        text, properties = body.get("ksql") or "", body.get("streamsProperties") or {}
        sequence = body.get("commandSequenceNumber")
        return _json(await run_in_threadpool(self._backend.run, text, properties, sequence))

    async def status(self, request: Request) -> Response:
        """GET /status/COMMAND."""
        command = self._backend.command(request.path_params["command_id"])
        if command is None:
            missing = {"@type": "generic_error", "error_code": 40400, "message": "Command not found"}
            return _json(missing, 404)
        message, query_id = command
        return _json({"status": "SUCCESS", "message": message, "queryId": query_id})

    async def statuses(self, _: Request) -> Response:
        """GET /status."""
        return _json({"commandStatuses": dict.fromkeys(self._backend.command_ids(), "SUCCESS")})

    async def cluster_status(self, _: Request) -> Response:
        """GET /clusterStatus: as of a server without heartbeats."""
        return Response(status_code=404, headers={"content-type": _JSON})

    async def valid_property(self, _: Request) -> Response:
        """GET /is_valid_property/NAME."""
        return _json(True)

    async def metadata(self, _: Request) -> Response:
        """GET /v1/metadata."""
        return _json({"version": VERSION, "clusterId": _cluster(self._backend)})

    async def metadata_id(self, _: Request) -> Response:
        """GET /v1/metadata/id."""
        return _json(_cluster(self._backend))


def create_app(backend: Backend) -> Starlette:
    """Return the ASGI application."""
    api = Api(backend)
    get = {
        "/info": api.info,
        "/healthcheck": api.healthcheck,
        "/status": api.statuses,
        "/status/{command_id:path}": api.status,
        "/clusterStatus": api.cluster_status,
        "/is_valid_property/{name}": api.valid_property,
        "/v1/metadata": api.metadata,
        "/v1/metadata/id": api.metadata_id,
    }
    routes = [Route(path, _endpoint(endpoint), methods=["GET"]) for path, endpoint in get.items()]
    routes += [Route("/", api.root, methods=["GET"]), Route("/ksql", _endpoint(api.ksql), methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _bare, 500: _bare})


def _cluster(backend: Backend) -> dict[str, Any]:
    clusters = {"kafka-cluster": backend.cluster_id(), "ksql-cluster": SERVICE_ID}
    return {"scope": {"path": [], "clusters": clusters}, "id": ""}


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest(f"Invalid JSON in request: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("Invalid JSON in request: not an object")
    for name, kind in (("ksql", str), ("streamsProperties", dict), ("commandSequenceNumber", int)):
        if not isinstance(body.get(name), kind | None):
            raise BadRequest(f"Invalid JSON in request: {name} is not of type {kind.__name__}")
    return body


def _not_found(_: Request, __: Exception) -> Response:
    return HTMLResponse("<html><body><h1>Resource not found</h1></body></html>", 404)


def _bare(_: Request, error: Exception) -> Response:
    return Response(status_code=error.status_code if isinstance(error, HTTPException) else 500)
