"""Servers that hang as MongoDB can: one that says nothing, and one that greets and then answers no query."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any

from bson import decode, encode

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013
_HELLO = {"ok": 1, "isWritablePrimary": True, "ismaster": True, "minWireVersion": 0, "maxWireVersion": 17}
_GREETINGS = {"hello", "ismaster", "isMaster"}


class HangingMongoDb(ThreadingTCPServer):
    """`commands` are what it was asked and never answered."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, greets: bool) -> None:
        self.greets = greets
        self.commands: list[dict[str, Any]] = []
        self.over = Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.server_address[1]}/?retryReads=false"


class _Handler(BaseRequestHandler):
    server: HangingMongoDb

    def handle(self) -> None:
        while self.server.greets and (header := self.request.recv(16)):
            length, number, _, code = struct.unpack("<iiii", header)
            command = self._command(code, self._read(length - 16))
            if not _GREETINGS & command.keys():
                self.server.commands.append(command)
                break
            if command.get("maxAwaitTimeMS"):
                break
            self._greet(code, number)
        self.server.over.wait(60)

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += self.request.recv(size - len(found))
        return found

    def _command(self, code: int, body: bytes) -> dict[str, Any]:
        start = body.index(b"\0", 4) + 9 if code == _QUERY else 5
        (size,) = struct.unpack_from("<i", body, start)
        return decode(body[start : start + size])

    def _greet(self, code: int, number: int) -> None:
        before = struct.pack("<iqii", 8, 0, 0, 1) if code == _QUERY else b"\0\0\0\0\0"
        body = before + encode(_HELLO)
        answer = _REPLY if code == _QUERY else _MESSAGE
        self.request.sendall(struct.pack("<iiii", len(body) + 16, 1, number, answer) + body)


@contextmanager
def hanging_mongodb(*, greets: bool) -> Iterator[HangingMongoDb]:
    """A server on a free port of this machine."""
    with HangingMongoDb(greets) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
