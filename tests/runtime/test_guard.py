"""What Flink's REST servers do with a request once the guard is on their class path."""

from __future__ import annotations

import pytest

from tests.runtime.java import Checks

pytestmark = pytest.mark.integration

HOST = "Host: 127.0.0.1:8081"
UPLOAD = "Content-Type: multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    return Checks.compile(tmp_path_factory.mktemp("guard"), "guard", "guard")


def sent(guard: Checks, *headers: str) -> tuple[int, bool, str]:
    """How much of an upload gets where it would be stored, whether the connection stays, and the answer."""
    body = "--x\r\n\r\njob\r\n--x--\r\n"
    lines = ("POST /jobs HTTP/1.1", *headers, UPLOAD, f"Content-Length: {len(body)}", "", body)
    first, _, answer = guard.run("FlinkGuardCheck", "\r\n".join(lines)).partition("\n")
    messages, is_open = first.split()
    return int(messages), is_open == "true", answer


@pytest.mark.parametrize(
    "headers",
    [
        (HOST,),
        ("Host: localhost:8081",),
        ("Host: [::1]:8081",),
        (HOST, "Origin: http://127.0.0.1:8081", "Sec-Fetch-Site: same-origin"),
    ],
)
def test_programs_and_flinks_own_pages_are_served(guard: Checks, headers: tuple[str, ...]) -> None:
    messages, is_open, answer = sent(guard, *headers)
    assert (messages > 0, is_open, answer) == (True, True, "")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ((HOST, "Origin: http://evil.example"), "another origin"),
        ((HOST, "Origin: null"), "another origin"),
        ((HOST, "Origin: http://127.0.0.1:8080"), "another origin"),
        ((HOST, "Sec-Fetch-Site: cross-site"), "another site"),
        ((HOST, "Sec-Fetch-Site: same-site"), "another site"),
        (("Host: evil.example:8081", "Origin: http://evil.example:8081"), "does not name this machine"),
        (("Host: 127.0.0.1.evil.example",), "does not name this machine"),
        ((), "does not name this machine"),
    ],
)
def test_nothing_of_a_pages_upload_is_stored(guard: Checks, headers: tuple[str, ...], why: str) -> None:
    messages, is_open, answer = sent(guard, *headers)
    assert (messages, is_open) == (0, False)
    assert answer.startswith("HTTP/1.1 403 Forbidden\n")
    assert why in answer
