"""`python -m tests.cloud FOLDER`: serves on a free port, and writes FOLDER/ca.pem and then FOLDER/port.

What no real cloud has lies under /_fake: POST faults has the next requests answered with a status, POST
connectors/NAME sets a connector's state, POST connectors/NAME/refused has MongoDB refuse a document, POST
provisioning the questions until a new one runs, POST ksqldb what its server denies, POST management/PART what
ksqlDB's cluster or Atlas' says of itself, GET requests tells what was asked, DELETE forgets everything.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.cloud import credentials, management
from tests.cloud.answer import Answer, connect_error
from tests.cloud.certificate import write_certificate
from tests.cloud.connect import BASE, ConnectApi
from tests.cloud.ksqldb import KsqlApi


class World:
    """What the fake remembers."""

    def __init__(self) -> None:
        self.connect = ConnectApi()
        self.ksqldb = KsqlApi()
        self.management = management.ManagementApi()
        self.faults: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []

    def control(self, method: str, path: str, body: Any) -> Answer:
        match (method, *path.strip("/").split("/")[1:]):
            case ("POST", "connectors", name, "refused"):
                return Answer(200, {"topic": self.connect.connectors[name].refuse_document()})
            case ("POST", *what):
                self._change(what, body)
            case ("GET", "requests"):
                return Answer(200, self.requests)
            case ("GET", "connectors", name):
                return Answer(200, self.connect.connectors[name].config)
            case ("DELETE",):
                self.__init__()  # type: ignore[misc]
        return Answer(200, {})

    def _change(self, what: list[str], body: Any) -> None:
        match what:
            case ["faults"]:
                self.faults += [body] * body.get("times", 1)
            case ["provisioning"]:
                self.connect.provisioning = body["questions"]
            case ["ksqldb"]:
                vars(self.ksqldb).update(body)
            case ["management", part]:
                getattr(self.management, part).update(body)
            case ["connectors", name]:
                vars(self.connect.connectors[name]).update(body)

    def fault(self) -> Answer | None:
        if not self.faults:
            return None
        fault = self.faults.pop(0)
        wait = fault.get("retry_after")
        headers = {} if wait is None else {"Retry-After": str(wait), "X-RateLimit-Limit": "50"}
        error = {"code": fault["status"], "message": fault["message"]}
        return Answer(fault["status"], {"error": error}, headers)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    world: World
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        url = urlsplit(self.path)
        path, query = unquote(url.path), dict(parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = self._body(self.rfile.read(length).decode())
        if path.startswith("/_fake"):
            self._reply(self.world.control(self.command, path, body))
            return
        self.world.requests.append({"method": self.command, "path": self.path})
        self._reply(self.world.fault() or self._api(path, query, body))

    def _body(self, text: str) -> Any:
        if self.headers.get("Content-Type") == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text))
        return json.loads(text) if text else None

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

    def _api(self, path: str, query: dict[str, str], body: Any) -> Answer:
        authorization = self.headers.get("Authorization")
        if path == "/api/oauth/token":
            return management.atlas_token(authorization, body)
        if path.startswith("/api/atlas/"):
            return self._atlas(path, authorization)
        if path == "/ksql" or path.startswith("/is_valid_property/"):
            return self.world.ksqldb.answer(authorization, path, body)
        key = credentials.basic_key(authorization)
        is_connect = path.startswith("/connect/v1/")
        if key is None:
            refuse = connect_error if is_connect else management.confluent_error
            return refuse(401, "Unauthorized")
        if not is_connect:
            return self.world.management.confluent(path, query)
        return self._connect(key, path, query, body)

    def _atlas(self, path: str, authorization: str | None) -> Answer:
        has_token = authorization == f"Bearer {credentials.ATLAS_TOKEN}"
        if not has_token and not credentials.is_digest_valid(authorization, self.command):
            headers = {"WWW-Authenticate": credentials.CHALLENGE}
            return Answer(401, {"error": 401, "detail": "You are not authorized."}, headers)
        if not (self.headers.get("Accept") or "").startswith(management.ATLAS_TYPE):
            return Answer(406, {"error": 406, "detail": "no version of the API in Accept"})
        return self.world.management.atlas(path)

    def _connect(self, key: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if key == credentials.POWERLESS_KEY and self.command != "GET":
            return connect_error(403, "Forbidden Access")
        if not path.startswith(f"{BASE}/"):
            return connect_error(404, "account not found")
        return self.world.connect.answer(self.command, path, query, body)

    def _reply(self, answer: Answer) -> None:
        text = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: what was asked is under /_fake/requests."""


def main(folder: Path) -> None:
    """Serves until it is killed."""
    write_certificate(folder / "ca.pem", folder / "key.pem")
    Handler.world = World()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    ready = folder / "port.new"
    ready.write_text(str(server.server_port))
    ready.rename(folder / "port")
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
