"""Sends finished messages over the smtp provider's connection.

The provider's own sending builds HTML-only messages; so the message is built elsewhere, and the provider does
what a connection stands for: TLS, STARTTLS, login, time limits.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException

from macd.alerts.envelope import Envelope
from macd.errors import AuthenticationFailed, MacdError, RequestRejected, ServiceUnreachable, SpecError

DEFAULT_CONNECTION = "macd_smtp"
SERVICE = "Mail server"
Answers = Mapping[str, tuple[int, bytes | str]]
_OF_ONE_MAIL = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
_CLOSING = 421
_LOGIN_WANTED = 530


class MailNotTaken(ServiceUnreachable):
    """The server let us in and then gave up over a mail; perhaps for its sake, perhaps for its own."""


class Mailer:
    """A mail server behind an Airflow connection of the type smtp."""

    def __init__(self, conn_id: str = DEFAULT_CONNECTION) -> None:
        self.conn_id = conn_id
        self._hook = SmtpHook(conn_id)

    def envelope(self) -> Envelope:
        """Sender and recipients; SpecError when the connection does not say them."""
        try:
            extra = SmtpHook.get_connection(self.conn_id).extra_dejson
        except AirflowException as error:
            raise SpecError(
                f"There is no connection {self.conn_id} ({error}).",
                remedy="Create it in Airflow (Admin, Connections): type smtp, host and port of a mail "
                "server, from_email and to_email in its extra.",
            ) from error
        return Envelope.of(self.conn_id, extra)

    def server(self) -> str:
        """Host and port, as people write them."""
        connection = SmtpHook.get_connection(self.conn_id)
        return f"{connection.host}:{connection.port}"

    def send(self, message: EmailMessage) -> tuple[str, ...]:
        """Sends it; returns the recipients whom the server refused, with its words.

        RequestRejected when it takes this mail for nobody. Every other MacdError may be about the server, and
        no other mail is worth a try now; MailNotTaken may be about this mail as well. Each names host, port
        and remedy.
        """
        client = None
        try:
            client = cast("smtplib.SMTP", self._hook.get_conn()._smtp_client)
            return _lines(client.send_message(message))
        except (OSError, smtplib.SMTPException, AirflowException) as error:
            raise self._explained(error, sending=client is not None) from error
        finally:
            self._close()

    def _close(self) -> None:
        # Also after a refused login, when the provider leaves the connection open.
        client, self._hook._smtp_client = self._hook._smtp_client, None
        if client is not None:
            client.close()

    def _explained(self, error: Exception, *, sending: bool) -> MacdError:
        at = f"{self.server()} (connection {self.conn_id})"
        answers = _answers_of(error)
        codes = {code for code, _ in answers.values()}
        if isinstance(error, smtplib.SMTPAuthenticationError) or _LOGIN_WANTED in codes:
            return AuthenticationFailed(
                SERVICE,
                f"{at} refused the login (code {', '.join(map(str, codes))}).",
                remedy=f"Check login and password of the connection {self.conn_id}.",
            )
        if isinstance(error, _OF_ONE_MAIL) and _CLOSING not in codes:
            return self._rejected(at, error, answers)
        told = "; ".join(_lines(answers)) or f"{type(error).__name__}: {error}"
        if sending:
            return MailNotTaken(
                SERVICE,
                f"{at} took the connection, but not the mail: {told}.",
                remedy="See the server's log: it stops, or a filter ends the connection over this mail.",
            )
        if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
            return ServiceUnreachable(
                SERVICE,
                f"no encrypted connection to {at}: {error}.",
                remedy=f"Set in the extra of {self.conn_id}: disable_ssl for STARTTLS (port 587), or "
                "disable_tls for TLS from the start (port 465). The certificate has to be trusted here.",
            )
        return ServiceUnreachable(
            SERVICE,
            f"no answer from {at}: {told}.",
            remedy=f"Check that it runs and that host and port of the connection {self.conn_id} are right.",
        )

    def _rejected(self, at: str, error: Exception, answers: Answers) -> RequestRejected:
        told = "; ".join(_lines(answers))
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            return RequestRejected(
                SERVICE,
                f"{at} refused the recipients {told}.",
                remedy=f"Correct to_email in the extra of {self.conn_id}, or let the server relay to them.",
            )
        return RequestRejected(
            SERVICE,
            f"{at} refused the mail: {told}.",
            remedy=f"Check from_email and to_email of {self.conn_id}, and the server's log.",
        )


def _answers_of(error: Exception) -> Answers:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return error.recipients
    if isinstance(error, smtplib.SMTPResponseException):
        return {"": (error.smtp_code, error.smtp_error)}
    return {}


def _lines(answers: Answers) -> tuple[str, ...]:
    """What the server said of each."""
    return tuple(
        f"{recipient}: {code} {_text(answer)}" if recipient else f"{code} {_text(answer)}"
        for recipient, (code, answer) in answers.items()
    )


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
