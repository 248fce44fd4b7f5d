"""The local stack's mailbox: a Maildir that its SMTP server writes."""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from macd.errors import EnvironmentNotReady, SpecError
from macd.local.config import LocalConfig

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Mail:
    """One mail; `number` counts from the oldest, so that it stays what it is when further ones arrive."""

    number: int
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return self.header("Subject")

    @property
    def sent_at(self) -> datetime:
        """The Date header; the epoch when there is none."""
        try:
            return parsedate_to_datetime(self.header("Date")).astimezone(UTC)
        except ValueError:
            return _EPOCH

    @property
    def text(self) -> str:
        """The plain-text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("html")

    def header(self, name: str) -> str:
        """A header, empty when it is not there."""
        return str(self.message.get(name, ""))

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        names = ("From", "To", "Message-ID", "In-Reply-To", "X-Macd-Incident")
        return {
            "number": self.number,
            "sent_at": self.sent_at.isoformat(),
            "subject": self.subject,
            **{name.lower().replace("-", "_"): self.header(name) for name in names},
            "text": self.text,
        }

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


def mails(config: LocalConfig) -> list[Mail]:
    """Every mail that has arrived, newest first."""
    folder = config.data / "mail"
    if not folder.is_dir():
        raise EnvironmentNotReady(
            f"There is no local mailbox at {folder}.",
            remedy="Start the local stack (`macd local up smtp`); a mail server of your own keeps its mails.",
        )
    numbered = [Mail(number, message) for number, message in enumerate(_messages(folder), start=1)]
    return numbered[::-1]


def mail_of(config: LocalConfig, number: int) -> Mail:
    """The mail with this number."""
    found = mails(config)
    for each in found:
        if each.number == number:
            return each
    known = f"There are {len(found)}" if found else "There are none"
    raise SpecError(f"There is no mail {number}.", remedy=f"{known}; `macd mail` lists them.")


def _messages(folder: Path) -> Iterator[EmailMessage]:
    # Read by hand: the standard library's Maildir gives messages of the old kind.
    files = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
    for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name)):
        yield email.message_from_bytes(path.read_bytes(), policy=default)
