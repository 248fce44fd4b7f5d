"""A client that drives the ASGI application itself, so that a test can leave a stream that has not ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    ended: bool = False

    def json(self) -> Any:
        return json.loads(self.body)


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def send(
    app: Any,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    cut_after: float | None = None,
    http_version: str = "1.1",
) -> Answer:
    """The answer; with `cut_after` the client leaves when nothing has come for so many seconds."""
    scope = _scope(method, path, headers or {}, http_version)
    return asyncio.run(_send(app, scope, _body(body), cut_after))


async def _send(app: Any, scope: dict[str, Any], body: bytes, cut_after: float | None) -> Answer:
    answer, left, news = Answer(), asyncio.Event(), asyncio.Event()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        news.set()
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            if "content-length" not in answer.headers:
                answer.headers["transfer-encoding"] = "chunked"  # what the HTTP server makes of it
        else:
            answer.body += message.get("body", b"").decode()
            answer.ended = not message.get("more_body", False)

    task = asyncio.ensure_future(app(scope, receive, take))
    while cut_after is not None and not task.done():
        news.clear()
        try:
            await asyncio.wait_for(news.wait(), cut_after)
        except TimeoutError:
            left.set()
            break
    await task
    return answer


def _scope(method: str, path: str, headers: Mapping[str, str], http_version: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": http_version,
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8088),
    }
