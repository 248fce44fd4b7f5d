from __future__ import annotations

import pytest

from macd.errors import PlanBlocked
from macd.plan import (
    Blocked,
    Create,
    Delete,
    MongoLedger,
    NoOp,
    Orphan,
    Part,
    Plan,
    Unknown,
    Update,
    undeclared,
)
from macd.plan.changes import Forget
from tests.unit.macd.plan.books import Book


def _apply(book: Book, *changes, target: str = "local") -> None:
    Plan.of(changes).apply(ledger=MongoLedger(book, target))


def test_a_part_is_written_down_before_it_is_made():
    book, seen = Book(), []
    _apply(book, Create("topic a", (), lambda: seen.append(book.ids)))
    assert seen == [{"local topic a"}]
    assert book.documents["local topic a"]["origin"] == "made"


def test_a_kill_while_making_leaves_a_record_and_a_kill_while_removing_too():
    def killed():
        raise KeyboardInterrupt

    book = Book(("topic", "old"))
    with pytest.raises(KeyboardInterrupt):
        _apply(book, Create("topic a", (), killed))
    with pytest.raises(KeyboardInterrupt):
        _apply(book, Delete("topic old", (), killed))
    assert book.ids == {"local topic a", "local topic old"}


def test_what_was_there_before_is_adopted():
    book = Book()
    _apply(book, NoOp("topic a"), Update("stream B"), NoOp("table C"))
    assert {document["origin"] for document in book.documents.values()} == {"adopted"}
    assert book.ids == {"local topic a", "local stream B", "local stream C"}


def test_what_was_adopted_and_is_made_anew_is_made_from_then_on():
    book = Book()
    _apply(book, NoOp("topic a"), NoOp("stream S"), NoOp("topic b"))
    _apply(book, Create("topic a"), Delete("stream S"), Create("stream S"), NoOp("topic b"))
    _apply(book, NoOp("topic a"), NoOp("stream S"), Update("topic b"))
    origins = {part.name: part.origin for part in MongoLedger(book, "local").parts}
    assert origins == {"a": "made", "S": "made", "b": "adopted"}


def test_within_one_apply_a_part_has_its_newest_origin():
    ledger = MongoLedger(Book(("topic", "a"), origin="adopted"), "local")
    ledger.before(Create("topic a"))
    assert [part.origin for part in ledger.parts] == ["made"]


def test_what_somebody_else_is_making_meanwhile_is_not_adopted():
    book = Book()
    one, other = MongoLedger(book, "local"), MongoLedger(book, "local")
    assert (one.parts, other.parts) == (set(), set())
    one.before(Create("topic a"))
    other.before(NoOp("topic a"))
    assert book.documents["local topic a"]["origin"] == "made"


def test_what_was_deleted_or_is_gone_is_forgotten_and_made_again_is_written_down_again():
    book = Book(("topic", "a"), ("stream", "S"), ("connector", "gone"))
    _apply(book, Delete("topic a"), Delete("stream S"), Create("stream S"), Forget("connector gone"))
    assert book.ids == {"local stream S"}


def test_nothing_else_is_written_down():
    book = Book()
    unknown, orphan = Unknown("orphans"), Orphan("topic o")
    _apply(
        book, NoOp("index c.i"), Update("compatibility of a"), Delete("collection macd.c"), unknown, orphan
    )
    assert book.ids == set()


def test_a_blocked_plan_writes_nothing_down():
    book = Book()
    with pytest.raises(PlanBlocked):
        _apply(book, Create("topic a"), Blocked("topic b", reason="it would shrink.", remedy="Do not."))
    assert book.ids == set()


def test_a_second_apply_reads_once_and_writes_nothing():
    book = Book()
    _apply(book, *(NoOp(f"topic {number}") for number in range(20)))
    before, book.finds = dict(book.documents), 0
    _apply(book, *(NoOp(f"topic {number}") for number in range(20)))
    assert (book.documents, book.finds) == (before, 1)


def test_two_at_once_do_not_disturb_each_other():
    book = Book()
    one, other = MongoLedger(book, "local"), MongoLedger(book, "local")
    assert (one.parts, other.parts) == (set(), set())
    one.before(Create("topic a"))
    other.before(Create("topic a"))
    assert book.ids == {"local topic a"}


def test_targets_are_kept_apart():
    book = Book()
    _apply(book, Create("topic a"), target="cloud")
    assert MongoLedger(book, "local").parts == set()
    assert MongoLedger(book, "cloud").parts == {Part("topic", "a")}


def test_undeclared_is_what_no_file_names_whatever_else_is_written_down(pipeline):
    declared = [
        Part("topic", "macd_orders"),
        Part("subject", "macd_orders-value"),
        Part("stream", "MACD_HOURLY_REVENUE"),
        Part("connector", "macd-hourly-revenue-mongodb-sink"),
    ]
    others = [Part("topic", "old"), Part("stream", "OLD"), Part("connector", "macd_orders")]
    assert undeclared([*declared, *others], pipeline) == sorted(others)
    [part] = undeclared([Part("topic", "old", "adopted"), Part("topic", "macd_orders", "adopted")], pipeline)
    assert (part.name, part.origin) == ("old", "adopted")
