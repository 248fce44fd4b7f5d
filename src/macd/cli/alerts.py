"""`macd mail` and `macd alerts`: the local mailbox, what is wrong, and whether mails arrive."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from macd.cli.dag_run import DagRun, Snapshot, wait_for_dag
from macd.cli.output import AsJson, out, print_json, table
from macd.cli.run import PARSE_DEADLINE_S, airflow_client
from macd.clients.mongodb import connected
from macd.errors import ServiceError
from macd.incidents.incident import Incident
from macd.incidents.store import IncidentStore
from macd.local.config import LocalConfig
from macd.local.mailbox import mail_of, mails
from macd.pipeline import Pipeline
from macd.settings import Settings

TEST_DAG = "macd_alert_test"
TEST_DEADLINE_S = 180.0

app = typer.Typer(help="What is wrong now, and whether alerts arrive.", invoke_without_command=True)


def mail(
    number: Annotated[int | None, typer.Argument(help="Show this mail; all are listed without it.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Print the mail's HTML part.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the local mailbox, newest first, or show one mail."""
    config = LocalConfig.load()
    if number is None:
        found = mails(config)
        if as_json:
            print_json([each.as_dict() for each in found])
            return
        shown = table("#", "sent (UTC)", "subject")
        for each in found:
            shown.add_row(str(each.number), f"{each.sent_at:%Y-%m-%d %H:%M:%S}", escape(each.subject))
        out.print(shown if found else "No mail has arrived.")
        return
    one = mail_of(config, number)
    if as_json:
        print_json(one.as_dict())
    else:
        typer.echo(one.html if html else f"Subject: {one.subject}\nTo: {one.header('To')}\n\n{one.text}")


@app.callback()
def alerts(context: typer.Context, as_json: AsJson = False) -> None:
    """List what is wrong now and what was lately."""
    if context.invoked_subcommand is not None:
        return
    pipeline = Pipeline.load(Settings())
    with connected(pipeline.services.mongodb) as database:
        store = IncidentStore(database)
        found = [*store.open(), *(each for each in store.recent() if not each.is_open)]
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    for each in found:
        out.print(f"{_state(each)}  {each.check} - {escape(each.subject)}", soft_wrap=True)
        out.print(f"       {escape(each.message)}; {_period(each)}", soft_wrap=True)
        out.print(f"       next step: {escape(each.next_step)}", soft_wrap=True)
        if each.refused:
            out.print(f"       {escape(_refused(each))}", soft_wrap=True)
    if not found:
        out.print("Nothing is wrong, and nothing was.")


@app.command()
def test() -> None:
    """Send a test mail through Airflow and the connection macd_smtp."""
    airflow = airflow_client()
    wait_for_dag(airflow, TEST_DAG, PARSE_DEADLINE_S)
    airflow.unpause(TEST_DAG)
    run = DagRun.start(airflow, TEST_DAG, {})
    *_, last = run.follow(TEST_DEADLINE_S)
    lines = [line for task in last.tasks for line in run.log(task)]
    told = next((line.text for line in lines if line.text.startswith("PASSED")), "")
    if last.state != "success":
        raise _not_sent(last, [error for line in lines for error in line.errors], run.url)
    out.print(escape(told), soft_wrap=True)
    out.print("The local mailbox: `macd mail`.")


def _not_sent(last: Snapshot, errors: list[str], url: str) -> ServiceError:
    why = errors[-1] if errors else f"the run ended as {last.state}"
    return ServiceError("Airflow", f"the test mail was not sent. {why}", remedy=f"The task's log: {url}")


def _state(incident: Incident) -> str:
    if not incident.is_open:
        return "[dim]ended[/]"
    return "[red]FAIL[/]" if incident.severity == "fail" else "[yellow]WARN[/]"


def _refused(incident: Incident) -> str:
    told = "; ".join(incident.refused)
    if incident.retry_at is None:
        return f"mail refused: {told}"
    again = f"next try after {incident.retry_at:%Y-%m-%d %H:%M:%S} UTC"
    how = f"mail refused ({incident.refusals})" if incident.refusals else "mail not taken"
    return f"{how}: {told}; {again}"


def _period(incident: Incident) -> str:
    since = f"{incident.opened_at:%Y-%m-%d %H:%M:%S}"
    return (
        f"since {since} UTC"
        if incident.closed_at is None
        else f"{since} to {incident.closed_at:%H:%M:%S} UTC"
    )
