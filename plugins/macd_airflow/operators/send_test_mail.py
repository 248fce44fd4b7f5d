"""Sends a mail that only proves that alerts arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context

from macd.alerts.content import self_test_content
from macd.alerts.mail import plain_mail
from macd.dashboard.links import dashboard_url
from macd_airflow.errors import airflow_errors
from macd_airflow.notifications.look import base_url
from macd_airflow.notifications.mailer import DEFAULT_CONNECTION, Mailer
from macd_airflow.outcome import publish


class SendTestMailOperator(BaseOperator):
    """Sends one mail through the connection that alerts use; any failure fails the task.

    :param smtp_conn_id: Airflow connection to the mail server.
    """

    template_fields: Sequence[str] = ("smtp_conn_id",)
    ui_color = "#f4e3c1"

    def __init__(self, *, smtp_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smtp_conn_id = smtp_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns server and recipients."""
        with airflow_errors():
            mailer = Mailer(self.smtp_conn_id)
            envelope, server = mailer.envelope(), mailer.server()
            links = (("Dashboard", dashboard_url(base_url())),)
            mailer.send(plain_mail(self_test_content(server, f"the DAG {self.dag_id}", links), envelope))
        verdict = f"PASSED: {server} took a test mail for {', '.join(envelope.recipients)}"
        self.log.info("%s", verdict)
        publish(context, verdict)
        return {"server": server, "recipients": list(envelope.recipients)}
