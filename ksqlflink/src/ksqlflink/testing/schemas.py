"""The in-memory registry over HTTP: the worker asks for schemas by id, as it asks any registry."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ksqlflink.testing.services import MemoryRegistry


class SchemaServer:
    """Serves the schemas of `registry`, and of all registries that share them."""

    def __init__(self) -> None:
        self.registry = MemoryRegistry()
        schema = self.registry.schema

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = schema(int(self.path.rpartition("/")[2]))
                body = json.dumps({"error_code": 40403} if found is None else {"schema": found}).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Keep silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True, name="schemas").start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
