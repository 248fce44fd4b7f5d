"""Sends finished messages over the smtp provider's connection.

The provider's own sending builds HTML-only messages; so the message is built elsewhere, and the provider does
what a connection stands for: TLS, STARTTLS, login, time limits.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException

from macd.alerts.envelope import Envelope
from macd.errors import AuthenticationFailed, MacdError, RequestRejected, ServiceUnreachable, SpecError

DEFAULT_CONNECTION = "macd_smtp"
SERVICE = "Mail server"


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

    def send(self, message: EmailMessage) -> None:
        """Sends it; a MacdError names host, port and remedy."""
        try:
            client = cast("smtplib.SMTP", self._hook.get_conn()._smtp_client)
            client.send_message(message)
        except (OSError, smtplib.SMTPException, AirflowException) as error:
            raise self._explained(error) from error
        finally:
            self._close()

    def _close(self) -> None:
        # Also after a refused login, when the provider leaves the connection open.
        client, self._hook._smtp_client = self._hook._smtp_client, None
        if client is not None:
            client.close()

    def _explained(self, error: Exception) -> MacdError:
        at = f"{self.server()} (connection {self.conn_id})"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return AuthenticationFailed(
                SERVICE,
                f"{at} refused the login (code {error.smtp_code}).",
                remedy=f"Check login and password of the connection {self.conn_id}.",
            )
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            refused = ", ".join(error.recipients)
            return RequestRejected(
                SERVICE,
                f"{at} refused the recipients {refused}.",
                remedy=f"Correct to_email in the extra of {self.conn_id}, or let the server relay to them.",
            )
        if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
            return ServiceUnreachable(
                SERVICE,
                f"no encrypted connection to {at}: {error}.",
                remedy=f"Set in the extra of {self.conn_id}: disable_ssl for STARTTLS (port 587), or "
                "disable_tls for TLS from the start (port 465). The certificate has to be trusted here.",
            )
        if isinstance(error, smtplib.SMTPResponseException):
            return RequestRejected(
                SERVICE,
                f"{at} refused the mail: {error.smtp_code} {_text(error.smtp_error)}.",
                remedy=f"Check from_email and to_email of {self.conn_id}, and the server's log.",
                code=error.smtp_code,
            )
        return ServiceUnreachable(
            SERVICE,
            f"no answer from {at}: {type(error).__name__}: {error}.",
            remedy=f"Check that it runs and that host and port of the connection {self.conn_id} are right.",
        )


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
