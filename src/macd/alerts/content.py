"""What a mail says, before anybody thinks of how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from macd.incidents.incident import Incident

Label = Literal["FAIL", "WARN", "RECOVERED", "TEST"]
_HEADER_CHARACTERS = 200


@dataclass(frozen=True)
class Item:
    """One incident as it is shown. `examples` leaves out what an incident above it lists already."""

    incident: Incident
    label: Label
    examples: tuple[str, ...]
    repeated: int
    note: str = ""


@dataclass(frozen=True)
class Content:
    """A mail's content. `facts` and `links` are pairs of a name and what it stands for."""

    label: Label
    subject: str
    headline: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    links: tuple[tuple[str, str], ...]


def alert_content(incidents: Sequence[Incident], dashboard: str | None, verdict: str = "") -> Content:
    """Incidents of one subject that opened or got worse; `verdict` is what the task said about it."""
    ordered = sorted(incidents, key=lambda each: each.severity != "fail")
    first = ordered[0]
    label: Label = "FAIL" if first.severity == "fail" else "WARN"
    return Content(
        label=label,
        subject=_subject(label, ordered),
        headline=_headline(ordered),
        sentence=verdict or _sentence(ordered),
        facts=_facts(first, ("Since", moment(min(each.opened_at for each in ordered)))),
        items=tuple(_items(ordered)),
        links=_links(first, dashboard),
    )


def recovery_content(
    incidents: Sequence[Incident],
    dashboard: str | None,
    verdict: str = "",
    lasting: Sequence[Incident] = (),
) -> Content:
    """Incidents of one subject that are over; `lasting` are those of the same subject that are not."""
    first = incidents[0]
    closed = max(each.closed_at or each.last_seen_at for each in incidents)
    opened = min(each.opened_at for each in incidents)
    checks = _counted(len(incidents), "problem")
    lasted = f"{moment(opened)} to {moment(closed)} ({duration(closed - opened)})"
    return Content(
        label="RECOVERED",
        subject=_subject("RECOVERED", incidents),
        headline=_recovered(first.subject, checks, len(lasting)),
        sentence=verdict or f"{checks} of {first.subject} {_be(len(incidents))} over.",
        facts=(*_facts(first, ("Lasted", lasted)), *_still_open(lasting)),
        items=tuple(
            Item(each, "RECOVERED", (), 0, "" if each.notified_at else "No alert had been sent for it.")
            for each in incidents
        ),
        links=_links(first, dashboard),
    )


def self_test_content(server: str, sent_from: str, links: Sequence[tuple[str, str]]) -> Content:
    """A mail that only proves that mails arrive."""
    return Content(
        label="TEST",
        subject="[TEST] macd alerts arrive",
        headline="Alerts reach this mailbox",
        sentence=f"This mail was sent by {sent_from} through {server}. Nothing is wrong.",
        facts=(("Mail server", server),),
        items=(),
        links=tuple(links),
    )


def moment(at: datetime) -> str:
    """A point in time as people write it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def duration(lasted: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = int(lasted.total_seconds())
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min")]
    shown = [f"{count} {unit}" for count, unit in (*parts, (seconds % 60, "s")) if count]
    return " ".join(shown[:2]) or "0 s"


def one_line(text: str) -> str:
    """Fit for a header: what does not print, line breaks above all, becomes a space."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= _HEADER_CHARACTERS else plain[: _HEADER_CHARACTERS - 3] + "..."


def _subject(label: Label, incidents: Sequence[Incident]) -> str:
    more = f" (+{len(incidents) - 1})" if len(incidents) > 1 else ""
    return one_line(f"[{label}] {incidents[0].check}{more} - {incidents[0].subject}")


def _headline(incidents: Sequence[Incident]) -> str:
    first = incidents[0]
    if first.check == "task_failed":
        return f"{_capital(first.subject)} failed"
    held = "check does" if len(incidents) == 1 else "checks do"
    return f"{len(incidents)} {held} not hold for {first.subject}"


def _recovered(subject: str, over: str, lasting: int) -> str:
    if not lasting:
        return f"{_capital(subject)} is well again"
    return f"{over} of {subject} over, {lasting} still open"


def _still_open(lasting: Sequence[Incident]) -> tuple[tuple[str, str], ...]:
    names = ", ".join(each.check for each in lasting)
    return (("Still open", names),) if names else ()


def _sentence(incidents: Sequence[Incident]) -> str:
    first = incidents[0]
    return first.message if first.check == "task_failed" else f"{first.check}: {first.message}."


def _facts(first: Incident, when: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    run = (("Run", first.run_id),) if first.run_id else ()
    task = (("Task", first.source),) if first.source else ()
    return (*run, *task, when)


def _items(incidents: Sequence[Incident]) -> Iterator[Item]:
    """A lost order breaks several checks; it is listed under the first."""
    shown: set[str] = set()
    for each in incidents:
        fresh = tuple(line for line in each.examples if line not in shown)
        shown.update(fresh)
        label: Label = "FAIL" if each.severity == "fail" else "WARN"
        yield Item(each, label, fresh, len(each.examples) - len(fresh))


def _links(first: Incident, dashboard: str | None) -> tuple[tuple[str, str], ...]:
    found = (("Run in Airflow", first.run_url), ("Task log", first.log_url), ("Dashboard", dashboard))
    return tuple((name, url) for name, url in found if url)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
