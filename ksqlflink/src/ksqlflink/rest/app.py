"""ksqlDB's REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ksqlflink.catalogue.model import SERVICE_ID
from ksqlflink.errors import BadRequest, ServerProblem
from ksqlflink.rest.bodies import JSON, drain, endpoint, json_response, parsed_body, read_body
from ksqlflink.rest.query_api import QueryApi
from ksqlflink.results.service import QueryService

VERSION = "7.4.12"  # the ksqlDB release whose behaviour is served
_EMPTY_BODY = 'Cannot invoke "io.vertx.core.buffer.Buffer.getBytes()" because "buffer" is null'


class Backend(Protocol):
    """What the REST API serves."""

    @property
    def queries(self) -> QueryService:
        """Return what the query endpoints serve."""

    def run(
        self, text: str, properties: dict[str, Any], sequence: int | None, variables: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Run a request to /ksql."""

    def cluster_id(self) -> str:
        """Return the Kafka cluster's id, empty while it is not known."""

    def health(self) -> Mapping[str, bool]:
        """Return the health of metastore, kafka and commandRunner."""

    def command(self, command_id: str) -> tuple[str, str | None] | None:
        """Return message and query id of a command."""

    def command_ids(self) -> list[str]:
        """Return the ids of all commands."""


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
        return json_response({"KsqlServerInfo": details})

    async def healthcheck(self, _: Request) -> Response:
        """GET /healthcheck: always 200, the body says whether all is well."""
        health = await run_in_threadpool(self._backend.health)
        details = {name: {"isHealthy": healthy} for name, healthy in health.items()}
        answer = {"isHealthy": all(health.values()), "details": details, "serverState": "READY"}
        return json_response(answer)

    async def ksql(self, request: Request) -> Response:
        """POST /ksql."""
        raw = await read_body(request)
        if not raw:
            return json_response(ServerProblem(_EMPTY_BODY).body(), ServerProblem.status, None)
        try:
            body = parsed_body(raw)
        except BadRequest as error:
            return json_response(error.body(), error.status, None)
        text, properties = body.get("ksql") or "", body.get("streamsProperties") or {}
        sequence, variables = body.get("commandSequenceNumber"), body.get("sessionVariables") or {}
        return json_response(
            await run_in_threadpool(self._backend.run, text, properties, sequence, variables)
        )

    async def status(self, request: Request) -> Response:
        """GET /status/COMMAND."""
        command = self._backend.command(request.path_params["command_id"])
        if command is None:
            missing = {"@type": "generic_error", "error_code": 40400, "message": "Command not found"}
            return json_response(missing, 404)
        message, query_id = command
        return json_response({"status": "SUCCESS", "message": message, "queryId": query_id})

    async def statuses(self, _: Request) -> Response:
        """GET /status."""
        return json_response({"commandStatuses": dict.fromkeys(self._backend.command_ids(), "SUCCESS")})

    async def cluster_status(self, _: Request) -> Response:
        """GET /clusterStatus: as of a server without heartbeats."""
        return Response(status_code=404, headers={"content-type": JSON})

    async def valid_property(self, _: Request) -> Response:
        """GET /is_valid_property/NAME."""
        return json_response(True)

    async def metadata(self, _: Request) -> Response:
        """GET /v1/metadata."""
        return json_response({"version": VERSION, "clusterId": _cluster(self._backend)})

    async def metadata_id(self, _: Request) -> Response:
        """GET /v1/metadata/id."""
        return json_response(_cluster(self._backend))


def create_app(backend: Backend) -> Starlette:
    """Return the ASGI application."""
    api, queries = Api(backend), QueryApi(backend.queries)
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
    post = {
        "/ksql": api.ksql,
        "/query": queries.query,
        "/query-stream": queries.query_stream,
        "/close-query": queries.close_query,
        "/inserts-stream": queries.inserts_stream,
        "/heartbeat": api.cluster_status,
        "/lag": api.cluster_status,
    }
    routes = [Route("/", api.root, methods=["GET"])]
    routes += [Route(path, endpoint(handler), methods=["GET"]) for path, handler in get.items()]
    routes += [Route(path, endpoint(handler), methods=["POST"]) for path, handler in post.items()]
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _bare, 500: _failed})


def _cluster(backend: Backend) -> dict[str, Any]:
    clusters = {"kafka-cluster": backend.cluster_id(), "ksql-cluster": SERVICE_ID}
    return {"scope": {"path": [], "clusters": clusters}, "id": ""}


async def _not_found(request: Request, _: Exception) -> Response:
    await drain(request.stream())
    return HTMLResponse("<html><body><h1>Resource not found</h1></body></html>", 404)


async def _bare(request: Request, error: Exception) -> Response:
    await drain(request.stream())
    return Response(status_code=error.status_code if isinstance(error, HTTPException) else 500)


def _failed(_: Request, __: Exception) -> Response:
    return Response(status_code=500)
