"""Requests go out exactly as recorded, and every part of a wrong answer is reported."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ksqldb_conformance.exchange import HttpServer, compare_exchange
from ksqldb_conformance.services import OWN_RECORDINGS, recordings
from ksqldb_conformance.story import OWN_STORY, Request, Response, load_recorded, load_story

REQUEST = Request(method="POST", path="/ksql", headers={"Accept": "a/b"}, body={"ksql": "SHOW STREAMS;"})
BODY = [{"@type": "streams", "streams": [], "commandSequenceNumber": 4}]
TEXT = json.dumps(BODY, separators=(",", ":"))
EXPECTED = Response(
    status=200, headers={"content-type": "application/json", "content-length": str(len(TEXT))}, body=BODY
)
ACTUAL = EXPECTED.model_copy(update={"body": TEXT})

needs_recordings = pytest.mark.skipif(
    not (recordings() / "rest").is_dir(), reason="no recordings of a ksqlDB server: set KSQLDB_RECORDINGS"
)


def compare(actual, expected=EXPECTED, request=REQUEST):
    return compare_exchange(request, expected, actual, lambda body: body)


def test_the_recorded_answer_is_no_difference():
    assert compare(ACTUAL) == []


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"status": 201}, "status:"),
        ({"headers": {"content-length": str(len(TEXT))}}, "header content-type:"),
        ({"headers": {**EXPECTED.headers, "transfer-encoding": "chunked"}}, "header transfer-encoding:"),
        ({"headers": {**EXPECTED.headers, "content-length": "1"}}, "header content-length:"),
        ({"body": '[{"@type":"streams","streams":[]}]'}, "body (- expected, + actual):"),
        ({"body": "<html>"}, "body (- expected, + actual):"),
        ({"body": ""}, "body (- expected, + actual):"),
    ],
)
def test_a_wrong_answer_is_reported(change, reported):
    assert reported in compare(ACTUAL.model_copy(update=change))


def test_a_body_that_differs_in_what_varies_may_have_another_length():
    other = TEXT.replace(":4", ":1234")
    headers = {**EXPECTED.headers, "content-length": str(len(other))}
    assert compare(ACTUAL.model_copy(update={"body": other, "headers": headers})) == []


def test_rows_of_a_streamed_answer_are_compared():
    request = Request(method="POST", path="/query-stream", body={"sql": "x"})
    expected = Response(status=200, body='{"queryId":"query_1","columnNames":["N"]}\n[1]\n')
    same = Response(status=200, body='{"queryId":"query_2","columnNames":["N"]}\n[1]\n')
    wrong = Response(status=200, body='{"queryId":"query_2","columnNames":["N"]}\n[2]\n')
    assert compare(same, expected, request) == []
    assert compare(wrong, expected, request)


FILES = [
    *(
        pytest.param(recordings() / "rest" / f"{file}.json", marks=needs_recordings)
        for file in load_story().files("full")
    ),
    *(OWN_RECORDINGS / f"{file}.json" for file in load_story(OWN_STORY).files("full")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_recorded_answer_equals_itself_and_not_an_empty_one(path):
    for exchange in load_recorded(path).exchanges:
        expected = exchange.response
        body = expected.body if isinstance(expected.body, str) else json.dumps(expected.body)
        itself = expected.model_copy(update={"body": body})
        nothing = Response(status=expected.status + 1)
        assert compare(itself, expected, exchange.request) == []
        assert compare(nothing, expected, exchange.request)


@needs_recordings
def test_the_story_has_every_recorded_file_once():
    recorded = {path.stem for path in (recordings() / "rest").glob("*.json")}
    assert sorted(load_story().files("full")) == sorted(recorded)


def test_the_own_story_has_every_own_recording_once():
    recorded = {path.stem for path in OWN_RECORDINGS.glob("*.json")}
    assert sorted(load_story(OWN_STORY).files("full")) == sorted(recorded)


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = json.dumps({"headers": sorted(self.headers.keys()), "body": sent}).encode()
        self.send_response_only(207)
        self.send_header("X-Other", "y")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def echo_url():
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_the_recorded_headers_are_sent(echo_url):
    response = HttpServer(echo_url).send(REQUEST)
    assert response.status == 207
    assert json.loads(response.body) == {
        "headers": ["Accept", "Content-Length", "Host"],
        "body": '{"ksql": "SHOW STREAMS;"}',
    }


class Dripping(BaseHTTPRequestHandler):
    """Sends a chunk, waits for the test, sends another one and ends."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.wfile.flush()
        self.go_on.wait(10)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def log_message(self, *args):
        pass


def test_a_stream_is_read_on_after_a_pause(monkeypatch):
    monkeypatch.setattr("ksqldb_conformance.exchange.IDLE_S", 0.2)
    with HTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with HttpServer(f"http://127.0.0.1:{server.server_port}").open(REQUEST) as stream:
            assert stream.read(until_idle=True).body == "first"
            Dripping.go_on.set()
            assert stream.read(until_idle=True).body == "second"
            assert stream.read(until_idle=True).body == ""
        server.shutdown()
