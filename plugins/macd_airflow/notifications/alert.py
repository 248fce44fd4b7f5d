"""The notifier on every task: books what the task found and mails what is new or over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from itertools import groupby
from typing import Any

from airflow.providers.common.compat.notifier import BaseNotifier
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException
from pymongo import MongoClient

from macd.alerts.envelope import Envelope
from macd.alerts.mail import alert_mail, recovery_mail
from macd.clients.mongodb import connected
from macd.dashboard.links import dashboard_url
from macd.errors import MacdError, RequestRejected
from macd.incidents.incident import Incident
from macd.incidents.store import IncidentStore
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.notifications import memory
from macd_airflow.notifications.look import Look, base_url, has_tries_left, look_of, look_of_run
from macd_airflow.notifications.mailer import DEFAULT_CONNECTION, Mailer, MailNotTaken

# A task that has ended waits no longer than this (milliseconds) for a database that does not answer.
_PATIENCE = {"serverSelectionTimeoutMS": 2_000, "connectTimeoutMS": 2_000}
_NEVER = datetime.min.replace(tzinfo=UTC)
Lasting = Callable[[str], Sequence[Incident]]


class AlertNotifier(BaseNotifier):
    """Mails each incident once when it begins or gets worse, and once when it is over.

    Never fails, and never changes a task's state: what goes wrong here is logged with its remedy, and the
    next task that ends tries again. No field is a template, since messages may hold braces.

    :param failed: whether it is called after a final failure or after a success.
    :param smtp_conn_id: Airflow connection to the mail server; its extra holds from_email and to_email.
    :param mongodb_conn_id: Airflow connection to the database with the incident book.
    """

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        *,
        failed: bool,
        smtp_conn_id: str = DEFAULT_CONNECTION,
        mongodb_conn_id: str = MongoDbHook.default_conn_name,
    ) -> None:
        super().__init__()
        self.failed = failed
        self.smtp_conn_id = smtp_conn_id
        self.mongodb_conn_id = mongodb_conn_id

    def notify(self, context: Context) -> None:
        """Books and mails; whatever goes wrong is logged."""
        try:
            look = self.look(context)
            if look is not None:
                self._book_or_remember(look)
        except Exception as error:  # noqa: BLE001  an alert that fails must not harm the task
            self._log_failure(error)

    def look(self, context: Context) -> Look | None:
        """What there is to book; None for nothing."""
        if self.failed and has_tries_left(context):
            self.log.info("Not mailed: the task is tried again, or else its run tells of it.")
            return None
        return look_of(context, failed=self.failed)

    def _book_or_remember(self, look: Look) -> None:
        try:
            database = connected(MongoDbHook(self.mongodb_conn_id).service(), _impatient)
            with database as found:
                store = IncidentStore(found)
                memory.hand_over(store, look.all_subjects)
                return self._tell(store, look)
        except (MacdError, AirflowException) as error:
            self.log.warning("Alerts are kept track of without the incident book. %s", error)
        return self._tell(memory.book(), look)

    def _tell(self, store: IncidentStore, look: Look) -> None:
        if look.second_hand:
            look = look.news(each for subject in look.all_subjects for each in store.lasting(subject))
        if not look.findings and not store.has_work(look.all_subjects):
            return
        for subject in look.all_subjects:
            complete = subject in look.subjects
            store.book(subject, look.about(subject), complete=complete, where=look.where)
        # Again, since what became due while a mail was on its way waits for whoever sent that.
        while due := store.claim_due(look.all_subjects):
            if not self._deliver(due, look, store):
                return

    def _deliver(self, due: Sequence[Incident], look: Look, store: IncidentStore) -> bool:
        """Sends one mail for each subject and kind; False when the mail server cannot be used."""
        left = list(due)
        try:
            mailer = Mailer(self.smtp_conn_id)
            envelope = mailer.envelope()
            for incidents in _groups(due):
                note = self._send(incidents, mailer, envelope, look, store)
                # What has gone out is not given back, whatever becomes of the note.
                left = [each for each in left if each not in incidents]
                note()
        except MacdError as error:
            self._log_failure(error)
        finally:
            store.release(left)
        return not left

    def _send(
        self,
        incidents: Sequence[Incident],
        mailer: Mailer,
        envelope: Envelope,
        look: Look,
        store: IncidentStore,
    ) -> Callable[[], None]:
        """Sends one mail, and returns how to note that; what is wrong with this one keeps no other back."""
        try:
            message = _mail(incidents, envelope, look, store.lasting)
            refused = mailer.send(message)
        except MailNotTaken as error:
            store.put_off(incidents, error.message)
            raise
        except (RequestRejected, ValueError) as error:
            checks = ", ".join(each.check for each in incidents)
            self.log.error(
                "The mail on %s - %s was refused (%d in a row); it is tried again later. %s",
                checks,
                incidents[0].subject,
                incidents[0].refusals + 1,
                error,
            )
            return partial(store.refused, incidents, str(getattr(error, "message", error)))
        self.log.info("Mailed to %s: %s", message["To"], message["Subject"])
        if refused:
            self.log.error(
                "But not to %s. Remedy: correct to_email in %s.", "; ".join(refused), mailer.conn_id
            )
        return partial(store.sent, incidents, str(message["Message-ID"]), refused)

    def _log_failure(self, error: Exception) -> None:
        if isinstance(error, MacdError):
            self.log.error("An alert could not be sent; the next task that ends tries again. %s", error)
        else:
            self.log.exception("An alert could not be sent. Report this.")


class RunAlertNotifier(AlertNotifier):
    """The same on a DAG, for what no task can tell of: that its run took too long, or that it was killed.

    Nothing runs any more in a task that was killed, and Airflow calls its callbacks only in some of these
    cases.
    """

    def look(self, context: Context) -> Look | None:
        """What has not been told of by a task."""
        return look_of_run(context, failed=self.failed)


def _groups(due: Iterable[Incident]) -> Iterator[list[Incident]]:
    """What was tried in vain comes last, the oldest try first: no mail keeps another back twice."""

    def kind(incident: Incident) -> tuple[str, str]:
        # Recoveries last: what is wrong is more urgent.
        return str(incident.due), incident.subject

    groups = [list(group) for _, group in groupby(sorted(due, key=kind), key=kind)]
    yield from sorted(groups, key=_tried)


def _tried(group: Sequence[Incident]) -> datetime:
    return max(each.retry_at or _NEVER for each in group)


def _mail(incidents: Sequence[Incident], envelope: Envelope, look: Look, lasting: Lasting) -> EmailMessage:
    first = incidents[0]
    about = (
        incidents,
        envelope,
        dashboard_url(base_url(), first.run_id),
        look.verdict_on(first.subject),
    )
    if first.due == "recovery":
        return recovery_mail(*about, lasting(first.subject))
    return alert_mail(*about)


def _impatient(uri: str, **options: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri, **(options | _PATIENCE))
