"""The query endpoints: /query, /query-stream, /close-query and /inserts-stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadRequest, BadStatement, KsqlError, NeedsHttp2
from ksqlflink.rest.bodies import (
    JSON,
    KSQL,
    AcknowledgedResponse,
    StreamedResponse,
    accepted_types,
    body_lines,
    drain,
    json_response,
    missing_member,
    parsed_body,
    read_body,
    streamed_error,
)
from ksqlflink.results.service import NotAQuery, QueryService, QueryStatement
from ksqlflink.results.writers import Writer, write_array, write_lines, write_old

_PREPARED = "io.confluent.ksql.parser.KsqlParser$PreparedStatement"


class QueryApi:
    """Endpoints over the query service."""

    def __init__(self, queries: QueryService) -> None:
        self._queries = queries

    async def query(self, request: Request) -> Response:
        """POST /query: ksqlDB's older endpoint."""
        body = parsed_body(await read_body(request))
        text = body.get("ksql")
        if text is None:
            raise BadRequest('"ksql" field must be populated')
        try:
            statement = await run_in_threadpool(self._prepared, text, body, True)
        except NotAQuery:
            raise BadRequest(f"Statement type `{_PREPARED}' not supported for this resource") from None
        properties = body.get("streamsProperties") or {}
        return await self._answer(statement, properties, write_old)

    async def query_stream(self, request: Request) -> Response:
        """POST /query-stream."""
        try:
            return await self._query_stream(request)
        except KsqlError as error:
            return streamed_error(error)

    async def _query_stream(self, request: Request) -> Response:
        raw = await read_body(request)
        body = parsed_body(raw)
        text = body.get("sql")
        if text is None:
            raise missing_member(raw, "sql", "QueryStreamArgs")
        try:
            statement = await run_in_threadpool(self._prepared, text, body, False)
        except NotAQuery:
            message = f"Neither a query nor a print statement\nStatement: {text}"
            raise BadStatement(message, text) from None
        return await self._answer(statement, body.get("properties") or {}, _writer(request))

    def _prepared(self, text: str, body: Mapping[str, Any], with_cause: bool) -> QueryStatement:
        self._queries.check_sequence(body.get("commandSequenceNumber"))
        return self._queries.prepare(text, body.get("sessionVariables") or {}, with_cause)

    async def _answer(
        self, statement: QueryStatement, properties: Mapping[str, Any], writer: Writer
    ) -> Response:
        if isinstance(statement, st.Print):
            printed = await run_in_threadpool(self._queries.printed, statement)
            return StreamedResponse(printed.lines(), printed.close, content_type=JSON)
        try:
            results = await run_in_threadpool(self._queries.run, statement, properties)
        except KsqlError as error:
            return streamed_error(error)
        return StreamedResponse(writer(results), results.close)

    async def close_query(self, request: Request) -> Response:
        """POST /close-query."""
        raw = await read_body(request)
        try:
            query_id = parsed_body(raw).get("queryId")
            if query_id is None:
                raise missing_member(raw, "queryId", "CloseQueryArgs")
            await run_in_threadpool(self._queries.close_query, str(query_id))
        except KsqlError as error:
            return json_response(error.body(), error.status, None)
        return Response(status_code=200)

    async def inserts_stream(self, request: Request) -> Response:
        """POST /inserts-stream: there for HTTP/2 only, as on ksqlDB."""
        try:
            if not request.scope["http_version"].startswith("2"):
                await drain(request.stream())
                raise NeedsHttp2("This endpoint is only available when using HTTP2")
            lines = body_lines(request)
            first = await anext(lines, "")
            try:
                inserter = await run_in_threadpool(self._queries.inserter, first)
            except KsqlError:
                await drain(lines)
                raise
        except KsqlError as error:
            return json_response(error.body(), error.status, None)
        return AcknowledgedResponse(lines, inserter.insert)


def _writer(request: Request) -> Writer:
    """Return how /query-stream writes rows: as the client says it accepts, one value a line by default."""
    accepted = accepted_types(request)
    if KSQL in accepted:
        return write_old
    return write_array if JSON in accepted else write_lines
