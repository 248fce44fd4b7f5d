from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

AIRFLOW = b'{"triggerer": {"status": "unhealthy"}, "scheduler": {"status": "healthy"}}'
# pipeline:secret
LOGIN = "Basic cGlwZWxpbmU6c2VjcmV0"
ANSWERS = {
    "/good": (200, AIRFLOW),
    "/bad": (503, AIRFLOW),
    "/well/healthcheck": (200, b'{"isHealthy":true,"details":{"kafka":{"isHealthy":true}}}'),
    "/spaced/healthcheck": (200, b'{\n  "isHealthy": true,\n  "details": {}\n}'),
    "/guarded": (200, b"[]"),
    "/ill/healthcheck": (200, b'{"isHealthy":false,"details":{"kafka":{"isHealthy":true}}}'),
}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS.get(self.path, (404, b""))
        if self.path == "/guarded" and self.headers["Authorization"] != LOGIN:
            status = 401
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def requests_server() -> Iterator[str]:
    """A real server that gives ANSWERS."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
