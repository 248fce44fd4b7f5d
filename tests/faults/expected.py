"""What a report has to say of one fault: how it differs from the report on the same run without the fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from macd.errors import MacdError
from macd.health.figures import PipelineFigures
from macd.producer.sales import Kind, Sale
from macd.quality.report import Hop, Report

Entry = tuple[str, ...]
# Parts of a listed entry that only explain it; what it is about is compared.
_WORDS = {"reason", "order_total", "payment_amount", "expected", "found"}
# Figures of the pipeline that no fault moves, and time does.
_MOVING = {"consumer_lag", "minutes_since_last_run"}
_VERDICTS = {True: ["passed"], False: ["failed"]}
HOURLY = ("hourly_revenue_matches", "revenue_cells_wrong")


@dataclass
class Expected:
    """What differs; everything that is not named here has to be as it was.

    `checks` do not hold besides, those `holding` hold again, `figures` differ by so much, `listed` and
    `delisted` are entries of its lists. `hidden` are those that another run in the same hour may hide.
    `refusal` is said where nothing could be compared. `pipeline` are figures of its health.
    """

    checks: set[str] = field(default_factory=set)
    figures: Counter[str] = field(default_factory=Counter)
    listed: set[Entry] = field(default_factory=set)
    delisted: set[Entry] = field(default_factory=set)
    hidden: set[Entry] = field(default_factory=set)
    refusal: tuple[str, ...] = ()
    holding: set[str] = field(default_factory=set)
    pipeline: Counter[str] = field(default_factory=Counter)

    def __or__(self, other: Expected) -> Expected:
        return Expected(
            self.checks | other.checks,
            _sum(self.figures, other.figures),
            self.listed | other.listed,
            self.delisted | other.delisted,
            self.hidden | other.hidden,
            self.refusal + other.refusal,
            self.holding | other.holding,
            _sum(self.pipeline, other.pipeline),
        )


def off(check: str = "", listed: Entry | None = None, **figures: int) -> Expected:
    """Figures that differ, the check that finds it and the entry that names it."""
    return Expected({check} - {""}, Counter(figures), set() if listed is None else {listed})


def unstored(sale: Sale) -> Expected:
    """An expected order is not in MongoDB."""
    assert sale.payment is not None
    found = (
        off("every_order_stored", orders_stored=-1)
        | off("order_totals_match", order_cents_stored=-sale.order.total_cents)
        | off("payment_amounts_match", payment_cents_stored=-sale.payment.amount_cents)
    )
    if sale.kind is Kind.MISMATCHED:
        found.figures["mismatches_stored"] = -1
        found.delisted.add(("mismatched", sale.order.order_id, "True"))
    return found


def missing(sale: Sale, hop: Hop, where: str) -> Expected:
    """An expected order is lost at this hop."""
    named = {f"missing_{hop.value.replace(' ', '_')}": 1}
    entry = ("missing", sale.order.order_id, hop.value, where)
    return unstored(sale) | off("no_order_missing", entry, orders_missing=1, orders_accounted=-1, **named)


def unjoined(sale: Sale, hop: Hop, where: str) -> Expected:
    """An expected order is lost before the join, so nothing is derived from it either."""
    pairs = off("every_pair_joined", orders_joined=-1, pairs_joined=-sale.pairs, pairs_missing=sale.pairs)
    found = missing(sale, hop, where) | pairs | Expected(hidden={cell_of(sale)})
    if sale.kind is Kind.MISMATCHED:
        found |= off("every_mismatch_listed", mismatches_listed=-1)
    return found


def cell_of(sale: Sale) -> Entry:
    """How a report names the hour and method that a sale counts in."""
    assert sale.payment is not None
    hour = sale.order.order_time // 3_600_000 * 3_600
    return ("revenue", str(hour), sale.payment.payment_method)


def complaints(expected: Expected, clean: Report, found: Report | MacdError) -> list[str]:
    """In which ways what was found is not what was expected; nothing when the fault was found right."""
    refused = _refusal(found)
    if refused:
        right = expected.refusal and all(part in refused for part in expected.refusal)
        return [] if right else [f"refused: {refused}"]
    assert isinstance(found, Report)
    if expected.refusal:
        return [f"a report instead of an error with {expected.refusal}: {found.verdict}"]
    here, before = set(entries(found)), set(entries(clean))
    for entry in expected.hidden & here:
        expected |= off(HOURLY[0], entry, **{HOURLY[1]: 1})
    wanted_checks = broken(clean) - expected.holding | expected.checks
    return [
        *_figures(expected.figures, clean.figures, found.figures),
        *_sets("check that does not hold", wanted_checks, broken(found)),
        *_sets("entry", before - expected.delisted | expected.listed, here),
        *([] if found.passed is (wanted_checks <= _warnings(found)) else _VERDICTS[found.passed]),
    ]


def _refusal(found: Report | MacdError) -> str:
    """Why nothing could be compared; empty where something was."""
    if isinstance(found, MacdError):
        return f"{type(found).__name__}: {found}"
    return "" if found.obstacle is None or found.passed else found.obstacle.reason


def pipeline_complaints(expected: Expected, clean: PipelineFigures, found: PipelineFigures) -> list[str]:
    """In which ways the pipeline's health is not what was expected."""
    return list(_figures(expected.pipeline, clean, found))


def broken(report: Report) -> set[str]:
    """The checks that do not hold, whatever their severity."""
    return {check.name for check in report.checks if not check.passed}


def entries(report: Report) -> Iterator[Entry]:
    """All lists of a report as one: list, then what each entry is about."""
    for name, listing in report.samples:
        assert listing.count == len(listing.first), f"{name} is longer than what is listed of it"
        for item in listing.first:
            yield (name, *(_parts(item) if isinstance(item, BaseModel) else (str(item),)))


def _parts(item: BaseModel) -> Iterator[str]:
    for name, value in item:
        if name == "differences":
            yield from (each.field for each in value)
        elif name == "where" and isinstance(value, tuple):
            yield from value
        elif hasattr(value, "timestamp"):
            yield f"{value.timestamp():.0f}"
        elif name not in _WORDS or isinstance(value, int):
            yield str(getattr(value, "value", value))


def _warnings(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.severity != "fail"}


def _figures(expected: Counter[str], clean: BaseModel, found: BaseModel) -> Iterator[str]:
    before, now = clean.model_dump(exclude=_MOVING), found.model_dump(exclude=_MOVING)
    for name, value in now.items():
        wanted = before[name] + expected[name]
        if value != wanted:
            yield f"{name} is {value}, expected {wanted} ({before[name]} without the fault)"


def _sum(first: Counter[str], second: Counter[str]) -> Counter[str]:
    """Counter's own sum forgets what is not positive."""
    total = Counter(first)
    total.update(second)
    return total


def _sets(noun: str, wanted: Iterable[Any], found: Iterable[Any]) -> Iterator[str]:
    wanted, found = set(wanted), set(found)
    yield from (f"{noun} is not reported: {each}" for each in sorted(wanted - found))
    yield from (f"{noun} is reported besides: {each}" for each in sorted(found - wanted))
