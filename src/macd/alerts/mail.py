"""Mails as the standard library's messages: HTML and plain text, threaded, safe against odd ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from functools import cache
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from macd.alerts.content import Content, alert_content, one_line, recovery_content
from macd.alerts.envelope import Envelope
from macd.incidents.incident import Incident

_COLUMNS = 78


def alert_mail(
    incidents: Sequence[Incident], envelope: Envelope, dashboard: str | None = None, verdict: str = ""
) -> EmailMessage:
    """Tells of incidents of one subject that opened or got worse."""
    return _of_incidents(alert_content(incidents, dashboard, verdict), incidents, envelope)


def recovery_mail(
    incidents: Sequence[Incident],
    envelope: Envelope,
    dashboard: str | None = None,
    verdict: str = "",
    lasting: Sequence[Incident] = (),
) -> EmailMessage:
    """Tells that incidents of one subject are over, and which are `lasting`, in the thread of the alert."""
    return _of_incidents(recovery_content(incidents, dashboard, verdict, lasting), incidents, envelope)


def plain_mail(content: Content, envelope: Envelope) -> EmailMessage:
    """A mail about no incident."""
    return _message(content, envelope, make_msgid(domain=envelope.domain))


def render_html(content: Content) -> str:
    """The HTML part; everything that comes from outside is escaped."""
    return _templates().get_template("mail.html.j2").render(mail=content)


def render_text(content: Content) -> str:
    """The plain-text part."""
    return _templates().get_template("mail.txt.j2").render(mail=content)


def _of_incidents(content: Content, incidents: Sequence[Incident], envelope: Envelope) -> EmailMessage:
    first = incidents[0]
    # The same each time this mail is tried, so that a mailbox may drop a second copy; with the time, since an
    # incident book that was deleted begins to count anew.
    unique = f"{first.id}.{first.opened_at:%Y%m%d%H%M%S%f}.{first.due}.{first.severity}"
    message = _message(content, envelope, f"<{unique}@{envelope.domain}>")
    message["X-Macd-Incident"] = ", ".join(each.id for each in incidents)
    earlier = list(dict.fromkeys(each.message_id for each in incidents if each.message_id))
    if earlier:
        message["In-Reply-To"] = earlier[0]
        message["References"] = " ".join(earlier)
    return message


def _message(content: Content, envelope: Envelope, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = one_line(content.subject)
    message["From"] = envelope.sender
    message["To"] = ", ".join(envelope.recipients)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    # Says to other mail programs that no holiday note is wanted in return.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Macd-Severity"] = content.label
    message.set_content(render_text(content))
    message.add_alternative(render_html(content), subtype="html")
    return message


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("macd.alerts"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["wrapped"] = _wrapped
    return made


def _wrapped(text: str, indent: str = "") -> str:
    """Prose at a width that reads well; a word that is longer, a link for instance, stays whole."""
    lines: Iterable[str] = text.splitlines() or [""]
    return "\n".join(
        fill(
            line,
            _COLUMNS,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )
