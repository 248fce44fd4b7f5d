"""A real SMTP server in this process, and Airflow's Variables in memory."""

from __future__ import annotations

import email
import random
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from macd_airflow.notifications import memory, turn
from tests.unit.macd import turns


class Post:
    """What has arrived. `refuse` is an answer to recipients, `refuse_sender` to a sender.

    `refused` are answers by recipient, `unwanted` answers to a mail by a part of its subject; to an empty one
    the server ends the connection. `meanwhile`
    happens while a mail is on its way, once. `tried` counts the mails that somebody began to send.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse = self.refuse_sender = ""
        self.refused: dict[str, str] = {}
        self.unwanted: dict[str, str] = {}
        self.tried = 0
        self.meanwhile: Callable[[], object] = bool

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:  # noqa: N802
        self.tried += 1
        envelope.mail_from = address
        return self.refuse_sender or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if refusal := self.refuse or self.refused.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=default)
        for part, refusal in self.unwanted.items():
            if part in mail["Subject"]:
                if not refusal:
                    server.transport.abort()
                return refusal
        self.mails.append(mail)
        self.recipients.append(envelope.rcpt_tos)
        self.meanwhile, happens = bool, self.meanwhile
        happens()
        return "250 OK"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


class FakeVariables:
    """Airflow's Variables; workers may take turns at them. Who sleeps lets the others go on."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.was_set: list[str] = []
        self.slept_s = 0.0
        self.requests = 0

    def _request(self) -> None:
        turns.operation()
        self.requests += 1

    def get(self, key: str, default: Any = None) -> Any:
        self._request()
        return self.values.get(key, default)

    def set(self, key: str, value: str) -> None:
        self._request()
        self.was_set.append(key)
        self.values[key] = value

    def delete(self, key: str) -> None:
        self._request()
        self.values.pop(key, None)

    def keys(self, prefix: str) -> list[str]:
        self._request()
        return sorted(key for key in self.values if key.startswith(prefix))

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        turns.pause()

    def now(self) -> float:
        return 1_800_000_000 + self.slept_s


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> FakeVariables:
    made = FakeVariables()
    monkeypatch.setattr(memory, "Variable", made)
    monkeypatch.setattr(turn, "Variable", made)
    monkeypatch.setattr(turn, "sleep", made.sleep)
    monkeypatch.setattr(turn, "now", made.now)
    # It is the true clock's: a busy machine shall not end what takes no time by the other.
    monkeypatch.setattr(turn, "_PATIENCE_S", 120)
    return made


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def serve(post: Post) -> Iterator[Any]:
    """Starts a server and returns its port; arguments are the SMTP server's own."""
    running: list[Controller] = []

    def start(**options: Any) -> int:
        for port in random.sample(range(20_000, 32_000), 20):
            controller = Controller(post, hostname="127.0.0.1", port=port, **options)
            try:
                controller.start()
            except OSError:  # the port is taken
                if not controller.loop.is_running():
                    controller.loop.close()
                continue
            running.append(controller)
            return port
        raise AssertionError("no free port")

    yield start
    for controller in running:
        controller.stop()
