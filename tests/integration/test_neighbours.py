"""Pages in a developer's browser against the local stack's servers, which ask nobody for a login."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
import requests

from macd.clients.kafka import KafkaAdmin
from macd.local.config import HOST
from macd.local.mailbox import mails
from tests.browser import FLAGS, program_or_leave
from tests.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SITE, TOPIC = "evil.example", "evil_topic"
STATEMENT = (
    f"CREATE STREAM evil (id VARCHAR KEY) WITH (KAFKA_TOPIC='{TOPIC}', PARTITIONS=1, VALUE_FORMAT='JSON');"
)
DROP = "DROP STREAM IF EXISTS evil DELETE TOPIC;"
SCHEMA = {"type": "record", "name": "Evil", "fields": []}
GROUP = "/apis/registry/v2/groups/evil/artifacts"
NO_JOB = "0" * 32
FORBIDDEN = 403


@dataclass(frozen=True)
class Call:
    """A request that a page may send without asking first, and the status with which a program is served."""

    port: str
    path: str
    served: int
    body: str | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def address(self, stack: Stack, host: str = HOST) -> str:
        return f"{host}:{stack.config.port(self.port)}"

    def url(self, stack: Stack, host: str = HOST) -> str:
        return f"http://{self.address(stack, host)}{self.path}"

    def status(self, stack: Stack, headers: Mapping[str, str]) -> int:
        given = {**({"content-type": "text/plain"} if self.body else {}), **headers}
        response = requests.request(self.method, self.url(stack), data=self.body, headers=given, timeout=30)
        return response.status_code


CALLS = {
    "ksqldb makes a topic": Call("ksqldb", "/ksql", 200, json.dumps({"ksql": STATEMENT})),
    "flink runs a job": Call("flink", "/jobs", 400, "job"),
    "flink cancels a job": Call("flink", f"/jobs/{NO_JOB}/yarn-cancel", 404),
    "the gateway opens a session": Call("flink_gateway", "/v1/sessions", 200, "{}"),
    "connect restarts a connector": Call("connect", "/connectors/none/restart", 404, ""),
    "the registry takes a schema": Call("registry", GROUP, 200, json.dumps(SCHEMA)),
}
POSTS = [call for call in CALLS.values() if call.body is not None]


def parameters(calls: Mapping[str, Call]) -> list[object]:
    return [pytest.param(call, id=name) for name, call in calls.items()]


@pytest.fixture
def topics(stack: Stack) -> Iterator[KafkaAdmin]:
    """Kafka, to see whether a page has made its topic; what the calls make is gone afterwards."""
    yield KafkaAdmin(stack.services.kafka)
    requests.post(f"{stack.services.ksqldb.url}/ksql", json={"ksql": DROP}, timeout=30).raise_for_status()
    requests.delete(f"http://{HOST}:{stack.config.registry_port}{GROUP}", timeout=30)


@pytest.mark.parametrize("call", parameters(CALLS))
def test_pages_are_refused_and_programs_are_served(stack: Stack, topics: KafkaAdmin, call: Call) -> None:
    rebound = call.address(stack, SITE)
    pages = [
        {"origin": f"http://{SITE}", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": stack.airflow_url, "sec-fetch-site": "same-site"},
        {"host": rebound, "origin": f"http://{rebound}", "sec-fetch-site": "same-origin"},
        {"host": rebound},
    ]
    assert [call.status(stack, headers) for headers in pages] == [FORBIDDEN] * len(pages)
    assert topics.topics([TOPIC]) == {}
    assert call.status(stack, {}) == call.served


@pytest.mark.parametrize("port", ["flink", "flink_gateway", "ksqldb", "connect"])
def test_what_a_link_or_an_image_asks_for_is_refused(stack: Stack, port: str) -> None:
    call = Call(port, "/", 200)
    assert call.status(stack, {"sec-fetch-site": "cross-site"}) == FORBIDDEN
    assert call.status(stack, {"sec-fetch-site": "none"}) != FORBIDDEN


@pytest.mark.parametrize(
    "call", [Call("registry", "/apis/ccompat/v7/subjects", 200), Call("ksqldb", "/info", 200)]
)
def test_over_http_2_too(stack: Stack, call: Call) -> None:
    # Java's client speaks it where the server does, without a Host header: Flink and Connect read schemas so.
    with httpx.Client(http1=False, http2=True) as client:
        assert client.get(call.url(stack)).status_code == call.served
        assert (
            client.get(call.url(stack), headers={"host": call.address(stack, SITE)}).status_code == FORBIDDEN
        )


class Recorder(BaseHTTPRequestHandler):
    """A page for whoever asks, and a note of what pages send."""

    sent: list[tuple[str, str | None, str]]

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.sent.append((self.path, self.headers["origin"], body))
        self.answer()

    def answer(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>page</title>")

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


@contextmanager
def recording() -> Iterator[tuple[int, list[tuple[str, str | None, str]]]]:
    """The port of a server without a guard, and what pages have posted to it."""
    handler = type("Recording", (Recorder,), {"sent": []})
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, handler.sent
        server.shutdown()
        thread.join()


@pytest.fixture
def evil(chromium: Browser) -> Iterator[Page]:
    """A page in a browser to which the site's name leads to this machine."""
    rules = f"--host-resolver-rules=MAP {SITE} {HOST}"
    browser = chromium.browser_type.launch(executable_path=program_or_leave(), args=[*FLAGS, rules])
    yield browser.new_page()
    browser.close()


def posted(page: Page, url: str, body: str) -> int:
    """The status of what the page posts, which the page itself cannot see."""
    with page.expect_response(url) as found:
        page.evaluate(
            "([url, body]) => fetch(url, {method: 'POST', mode: 'no-cors', body}).catch(() => null)",
            [url, body],
        )
    return found.value.status


def test_a_real_page_reaches_the_servers_and_gets_nowhere(
    stack: Stack, topics: KafkaAdmin, evil: Page
) -> None:
    with recording() as (port, sent):
        evil.goto(f"http://{SITE}:{port}/")
        assert posted(evil, f"http://{HOST}:{port}/ksql", STATEMENT) == 200
        assert sent == [("/ksql", f"http://{SITE}:{port}", STATEMENT)]
        assert [posted(evil, call.url(stack), call.body or "") for call in POSTS] == [FORBIDDEN] * len(POSTS)
    assert topics.topics([TOPIC]) == {}


@pytest.mark.parametrize("call", POSTS, ids=lambda call: call.port)
def test_a_page_whose_name_leads_here_gets_nowhere(
    stack: Stack, topics: KafkaAdmin, evil: Page, call: Call
) -> None:
    evil.goto(f"http://{call.address(stack, SITE)}/")  # the refusal, of the server's own origin as it seems
    assert posted(evil, call.url(stack, SITE), call.body or "") == FORBIDDEN
    assert topics.topics([TOPIC]) == {}


def test_no_page_sends_mail(stack: Stack, evil: Page) -> None:
    commands = (
        "HELO x",
        "MAIL FROM:<a@b.example>",
        "RCPT TO:<a@b.example>",
        "DATA",
        "Subject: x",
        "",
        ".",
        "",
    )
    before = len(mails(stack.config))
    with recording() as (port, _):
        evil.goto(f"http://{SITE}:{port}/")
        evil.evaluate(
            "([url, body]) => fetch(url, {method: 'POST', mode: 'no-cors', body}).catch(() => null)",
            [f"http://{HOST}:{stack.config.smtp_port}/", "\r\n".join(commands)],
        )
    assert len(mails(stack.config)) == before
