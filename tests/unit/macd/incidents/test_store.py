"""The incident book: whatever is found in whatever order, everybody is told once, and of the end once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, strategies

from macd.incidents.finding import Finding
from macd.incidents.incident import Incident, Where
from macd.incidents.store import CLAIM, IncidentStore
from tests.unit.macd.incidents.fakes import database

SUBJECT = "run r"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def finding(check: str = "a", severity: str = "fail", **further) -> Finding:
    given = {"subject": SUBJECT, "message": "m", "next_step": "n"} | further
    return Finding(check=check, severity=severity, **given)


@pytest.fixture
def store() -> IncidentStore:
    return IncidentStore(database(), Clock())


def mail(store: IncidentStore, message_id: str = "<1@x>") -> list[Incident]:
    due = store.claim_due()
    store.sent(due, message_id)
    return due


def test_what_is_found_opens_lasts_and_ends(store):
    opened = store.book(SUBJECT, [finding(examples=("o1 not stored",))], where=Where("d.t"))
    assert [each.check for each in opened.opened] == ["a"]
    assert store.open() == list(opened.opened)
    mail(store)
    again = store.book(SUBJECT, [finding(message="worse")])
    assert again.opened == ()
    assert [each.message for each in again.ongoing] == ["worse"]
    ended = store.book(SUBJECT, [])
    assert [each.check for each in ended.closed] == ["a"]
    assert store.open() == []
    [known] = store.recent()
    assert known.closed_at
    assert known.examples == ()
    assert known.opened_at < known.last_seen_at < known.closed_at


def test_a_second_time_is_an_incident_of_its_own(store):
    store.book(SUBJECT, [finding()])
    store.book(SUBJECT, [])
    store.book(SUBJECT, [finding()])
    assert [each.number for each in store.recent()] == [2, 1]
    assert len(store.open()) == 1


@pytest.mark.parametrize("damage", [{"severity": "odd"}, {"last_seen_at": None}, {"closed_at": "yesterday"}])
def test_one_that_cannot_be_read_any_more_hides_no_later_one(damage):
    books = database()
    store = IncidentStore(books, Clock())
    store.book(SUBJECT, [finding()])
    [damaged] = books["incidents"].documents.values()
    damaged |= damage
    for _ in range(2):
        store.book(SUBJECT, [finding()])
    assert [each.number for each in store.open()] == [2]
    assert len(mail(store)) == 1
    store.book(SUBJECT, [])
    store.book(SUBJECT, [finding()])
    assert [each.number for each in store.recent()] == [3, 2]
    assert len(books["incidents"].documents) == 3


def test_booking_the_same_look_again_changes_nothing_that_is_told(store):
    first = store.book(SUBJECT, [finding()])
    second = store.book(SUBJECT, [finding()])
    assert [each.id for each in first.opened] == [each.id for each in second.opened]
    assert len(mail(store)) == 1
    assert store.book(SUBJECT, []).closed
    assert store.book(SUBJECT, []).closed == ()
    assert [each.due for each in mail(store)] == ["recovery"]
    assert mail(store) == []


def test_only_what_was_looked_at_completely_ends(store):
    store.book(SUBJECT, [finding("a")])
    store.book(SUBJECT, [finding("b")], complete=False)
    store.book("run other", [])
    assert {each.check for each in store.open()} == {"a", "b"}


def test_a_warning_that_becomes_a_failure_is_told_again_but_not_the_way_back(store):
    told = []
    for severity in ("warn", "warn", "fail", "warn", "fail"):
        store.book(SUBJECT, [finding(severity=severity)])
        told += [each.severity for each in mail(store)]
    assert told == ["warn", "fail"]


def test_a_mail_that_could_not_be_sent_is_due_again_whatever_is_looked_at_next(store):
    store.book(SUBJECT, [finding()])
    store.release(store.claim_due())
    store.book("run other", [])
    assert [each.subject for each in mail(store)] == [SUBJECT]


def test_what_one_task_has_claimed_another_leaves_alone_until_the_claim_is_old():
    clock = Clock()
    store = IncidentStore(database(), clock)
    store.book(SUBJECT, [finding()])
    assert len(store.claim_due()) == 1
    assert store.claim_due() == []
    clock.now += CLAIM
    assert len(store.claim_due()) == 1


def test_a_mail_that_is_refused_is_tried_again_ever_later_but_at_least_once_an_hour():
    clock = Clock()
    store = IncidentStore(database(), clock)
    store.book(SUBJECT, [finding()])
    pauses = []
    for _ in range(9):
        claimed = store.claim_due()
        store.refused(claimed, "552 too large")
        assert store.claim_due() == []
        since = clock.now
        while not store.claim_due():
            clock.now += timedelta(seconds=29)
        pauses.append(round((clock.now - since).total_seconds() / 60))
        clock.now += CLAIM
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    [kept] = store.open()
    assert (kept.refused, kept.refusals) == (("552 too large",), 9)


def test_a_mail_that_went_out_at_last_has_no_refusals(store):
    store.book(SUBJECT, [finding()])
    store.refused(store.claim_due(), "552 too large")
    [kept] = store.open()
    assert kept.retry_at
    store.sent([kept], "<1@x>", ["a@x: 550"])
    [kept] = store.open()
    assert (kept.refused, kept.refusals, kept.retry_at) == (("a@x: 550",), 0, None)


def test_an_incident_that_ends_while_its_alert_is_on_the_way_still_gets_its_recovery(store):
    store.book(SUBJECT, [finding()])
    on_the_way = store.claim_due()
    store.book(SUBJECT, [])
    store.sent(on_the_way, "<alert@x>")
    [recovery] = mail(store)
    assert recovery.due == "recovery"
    assert recovery.message_id == "<alert@x>"
    assert recovery.notified_severity == "fail"


def test_of_a_subject_that_is_gone_nothing_is_left_open_or_told(store):
    store.book(SUBJECT, [finding(severity="warn")])
    mail(store)
    store.book(SUBJECT, [finding("b")], complete=False)
    store.book("run other", [finding(subject="run other")])
    store.forget(SUBJECT)
    assert store.lasting(SUBJECT) == []
    assert [each.subject for each in store.open()] == ["run other"]
    assert {each.subject for each in mail(store)} == {"run other"}


def test_only_so_many_are_listed_and_all_are_counted(store):
    for number in range(5):
        store.book(SUBJECT, [finding(f"c{number}")], complete=False)
    assert [each.check for each in store.open(limit=2)] == ["c4", "c3"]
    assert store.count_open() == 5
    assert [each.check for each in store.lasting(SUBJECT)] == ["c0", "c1", "c2", "c3", "c4"]


LOOKS = strategies.lists(
    strategies.tuples(
        strategies.dictionaries(strategies.sampled_from("abc"), strategies.sampled_from(["warn", "fail"])),
        strategies.sampled_from(["delivered", "mail server down", "killed"]),
    ),
    max_size=12,
)


@given(LOOKS)
@example([({"b": "warn"}, "delivered"), ({"b": "fail"}, "mail server down"), ({"b": "warn"}, "delivered")])
def test_whatever_happens_each_is_told_at_least_once_without_repeats_and_ended_once(looks):
    clock = Clock()
    store = IncidentStore(database(), clock)
    mails: Counter[tuple[str, str, str]] = Counter()

    def deliver() -> None:
        due = store.claim_due()
        mails.update((each.id, str(each.due), each.severity) for each in due)
        store.sent(due, "<m@x>")

    for found, fate in looks:
        store.book(SUBJECT, [finding(check, severity) for check, severity in found.items()])
        lasting = [each.identity for each in store.open()]
        assert len(set(lasting)) == len(lasting)
        assert {check for _, check in lasting} == set(found)
        if fate == "delivered":
            deliver()
        elif fate == "mail server down":
            store.release(store.claim_due())
        else:
            store.claim_due()
            clock.now += CLAIM
    store.book(SUBJECT, [])
    deliver()
    deliver()
    assert set(mails.values()) <= {1}
    told = Counter((number, kind) for number, kind, _ in mails)
    for each in store.recent(1000):
        assert told[each.id, "recovery"] == 1
        assert told[each.id, "alert"] <= 2
