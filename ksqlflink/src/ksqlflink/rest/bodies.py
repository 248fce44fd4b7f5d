"""Request and response bodies, content negotiation, and errors on their way to a client."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ksqlflink.errors import BadRequest, BodyTooLarge, KsqlError, ServerProblem

_LOG = logging.getLogger(__name__)
_DRAIN_SECONDS = 1.0
# Threads of their own: answers that wait for their next piece shall not keep short requests waiting.
_STREAMS = anyio.CapacityLimiter(1000)
LARGEST_BODY = 10 * 2**20  # bytes; of a stream of rows, the largest row
JSON = "application/json"
KSQL = "application/vnd.ksql.v1+json"
DELIMITED = "application/vnd.ksqlapi.delimited.v1"
_ACCEPTED = ("*/*", "application/*", JSON, KSQL, DELIMITED)
_MEMBERS = {
    "ksql": str,
    "sql": str,
    "streamsProperties": dict,
    "properties": dict,
    "sessionVariables": dict,
    "commandSequenceNumber": int,
}

Endpoint = Callable[[Request], Awaitable[Response]]


def encoded(text: str) -> bytes:
    """Return the bytes of a text; half a surrogate pair, which UTF-8 has not, is an escape as JSON has it."""
    return text.encode(errors="backslashreplace")


def json_response(body: Any, status: int = 200, content_type: str | None = JSON) -> Response:
    """Return a JSON response of known length."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    response = Response(encoded(text), status)
    if content_type is not None:
        response.headers["content-type"] = content_type
    return response


def accepted_types(request: Request) -> list[str]:
    """Return the media types a client accepts, without parameters."""
    accepted = request.headers.get("accept", "*/*")
    return [item.split(";")[0].strip() for item in accepted.split(",")]


def endpoint(handler: Endpoint) -> Endpoint:
    """Return the handler with content negotiation and ksqlDB's error bodies around it."""

    async def guarded(request: Request) -> Response:
        if not any(item in _ACCEPTED for item in accepted_types(request)):
            await drain(request.stream())
            return Response(status_code=406)
        try:
            return await handler(request)
        except KsqlError as error:
            return json_response(error.body(), error.status)
        except Exception as error:  # noqa: BLE001 - the client gets a JSON error whatever went wrong
            _LOG.exception("%s %s failed", request.method, request.url.path)
            problem = ServerProblem(f"{type(error).__name__}: the server's log says more")
            return json_response(problem.body(), problem.status)

    return guarded


async def read_body(request: Request) -> bytes:
    """Return the body; BodyTooLarge when there is more of it than any request needs."""
    pieces, chunks, size = [], request.stream(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_BODY:
            await drain(chunks)
            raise _too_large()
        pieces.append(chunk)
    return b"".join(pieces)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than {LARGEST_BODY} bytes")


def parsed_body(raw: bytes) -> dict[str, Any]:
    """Return a request's JSON object; BadRequest when it is none, or has members of another type."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest(f"Invalid JSON in request: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("Invalid JSON in request: not an object")
    for name, kind in _MEMBERS.items():
        if not isinstance(body.get(name), kind | None):
            raise BadRequest(f"Invalid JSON in request: {name} is not of type {kind.__name__}")
    return body


def missing_member(raw: bytes, name: str, arguments: str) -> BadRequest:
    """Return what ksqlDB says when a request lacks a member."""
    return BadRequest(
        f"Invalid JSON in request: Missing required creator property '{name}' (index 0)\n at [Source: "
        f"REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {len(raw)}] "
        f'(through reference chain: io.confluent.ksql.rest.entity.{arguments}["{name}"])'
    )


class StreamedResponse(Response):
    """Sends pieces of text as they come; '' is nothing yet. `close` is called however it ends.

    Unlike Starlette's own it looks between two pieces whether the client is still there, because the next
    piece of a push query may never come.
    """

    def __init__(
        self,
        pieces: Iterator[str],
        close: Callable[[], None] = lambda: None,
        status: int = 200,
        content_type: str | None = None,
    ) -> None:
        self.status_code = status
        self.background = None
        self._pieces = pieces
        self._close = close
        self.init_headers({} if content_type is None else {"content-type": content_type})

    def init_headers(self, headers: Any = None) -> None:
        """Set the headers; no content length, it is not known."""
        self.raw_headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        del scope
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            while (piece := await self._next()) is not None:
                if gone.done():
                    return
                if piece:
                    await send({"type": "http.response.body", "body": encoded(piece), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._close, limiter=_STREAMS)

    async def _next(self) -> str | None:
        return await anyio.to_thread.run_sync(next, self._pieces, None, limiter=_STREAMS)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def body_lines(request: Request) -> AsyncIterator[str]:
    """Yield the lines of a request body as they come; BodyTooLarge in place of one that is larger."""
    rest, chunks = b"", request.stream()
    try:
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if _fitting(line).strip():
                    yield line.decode()
            _fitting(rest)
    except BodyTooLarge:
        await drain(chunks)
        raise
    if rest.strip():
        yield rest.decode()


def _fitting(line: bytes) -> bytes:
    if len(line) > LARGEST_BODY:
        raise _too_large()
    return line


async def drain(rest: AsyncIterator[str] | AsyncIterator[bytes]) -> None:
    """Read what is left of a body, as far as it comes soon: an answer must not overtake its request."""
    with suppress(BodyTooLarge), anyio.move_on_after(_DRAIN_SECONDS):
        async for _ in rest:
            continue


class AcknowledgedResponse(Response):
    """Answers each line of a request body with a line of its own, up to the first that is refused."""

    def __init__(self, lines: AsyncIterator[str], handle: Callable[[str, int], tuple[str, bool]]) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = []
        self._lines = lines
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": []})
        async for answer in self._answers():
            await send({"type": "http.response.body", "body": encoded(answer) + b"\n", "more_body": True})
        await drain(self._lines)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _answers(self) -> AsyncIterator[str]:
        sequence = 0
        try:
            async for line in self._lines:
                answer, is_accepted = await run_in_threadpool(self._handle, line, sequence)
                yield answer
                if not is_accepted:
                    return
                sequence += 1
        except KsqlError as error:  # the status is sent: a line is all that can tell it
            yield json.dumps(error.body(), separators=(",", ":"), ensure_ascii=False)


def streamed_error(error: KsqlError) -> Response:
    """Return an error as the query endpoints send it: without a content type, in chunks."""
    text = json.dumps(error.body(), separators=(",", ":"), ensure_ascii=False)
    return StreamedResponse(iter([text]), status=error.status)
