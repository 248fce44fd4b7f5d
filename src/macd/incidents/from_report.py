"""The findings in the report of one run: one for each check that did not hold, with the orders behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import chain, islice

from macd.incidents.finding import Finding
from macd.quality.documents import dollars
from macd.quality.report import LISTED, AlteredOrder, CheckResult, Mismatch, Obstacle, Report, Samples

Lines = Callable[[Samples], Iterator[str]]


def findings_of(report: Report) -> list[Finding]:
    """Everything that the report finds wrong, warnings included; the worst first."""
    if report.obstacle is not None:
        return [_cannot(report.run_id, report.obstacle)]
    broken = [check for check in report.checks if not check.passed]
    broken.sort(key=lambda check: check.severity != "fail")
    return [_finding(report, check) for check in broken]


def subject_of(run_id: str) -> str:
    """What the findings about one run are about."""
    return f"run {run_id}"


def subjects_of(report: Report) -> list[str]:
    """What was looked at completely; what was found wrong before is not over where nothing was compared."""
    return [] if report.obstacle is not None else [subject_of(report.run_id)]


def _cannot(run_id: str, obstacle: Obstacle) -> Finding:
    return Finding(
        subject=subject_of(run_id),
        check="cannot_be_verified",
        severity="fail",
        message=obstacle.reason,
        next_step=obstacle.remedy,
        run_id=run_id,
    )


def _finding(report: Report, check: CheckResult) -> Finding:
    lines = chain.from_iterable(lines(report.samples) for lines in _EXAMPLES.get(check.figure, ()))
    return Finding(
        subject=subject_of(report.run_id),
        check=check.name,
        severity=check.severity,
        message=f"{check.figure} is {check.actual:,}, has to be {check.expected}{_difference(report, check)}",
        next_step=check.next_step,
        examples=tuple(islice(dict.fromkeys(lines), LISTED)),
        run_id=report.run_id,
    )


def _difference(report: Report, check: CheckResult) -> str:
    """Money is counted in cents, which nobody reads as an amount."""
    expected = _EXPECTED_CENTS.get(check.figure)
    if expected is None:
        return ""
    difference = dollars(check.actual - report.figures.model_dump()[expected])
    return f" (difference {difference:,} US dollars)"


def _missing(samples: Samples) -> Iterator[str]:
    for each in samples.missing.first:
        yield f"{each.order_id} {each.hop.value} ({each.where})"


def _dead_lettered(samples: Samples) -> Iterator[str]:
    for each in samples.dead_lettered.first:
        yield f"{each.order_id} dead-lettered: {each.reason}"


def _duplicate(samples: Samples) -> Iterator[str]:
    for each in samples.duplicate.first:
        yield f"{each.order_id} joined {each.joined} times instead of {each.expected}"


def _unexpected(samples: Samples) -> Iterator[str]:
    for each in samples.unexpected.first:
        yield f"{each.order_id} {each.kind}, but in {' and '.join(each.where)}"


def _lost(samples: Samples) -> Iterator[str]:
    return (
        f"{each.order_id} was acknowledged, but is no longer in {each.where}" for each in samples.lost.first
    )


def _unordered(samples: Samples) -> Iterator[str]:
    return (f"{each.order_id} never ordered, but in {each.where}" for each in samples.unordered.first)


def _altered(samples: Samples) -> Iterator[str]:
    for each in samples.altered.first:
        yield f"{each.order_id} {_changes(each)}"


def _mislisted(samples: Samples) -> Iterator[str]:
    return (f"{order_id} differs from the order, or is no mismatch" for order_id in samples.mislisted.first)


def _revenue(samples: Samples) -> Iterator[str]:
    for each in samples.revenue.first:
        yield f"{each.hour:%Y-%m-%d %H}:00 {each.payment_method} {each.found} instead of {each.expected}"


def _mismatched(samples: Samples) -> Iterator[str]:
    return (_mismatch(each) for each in samples.mismatched.first)


def _unplanned(samples: Samples) -> Iterator[str]:
    return (_mismatch(each) for each in samples.mismatched.first if not each.planned)


def _mismatch(each: Mismatch) -> str:
    return mismatch_line(each.order_id, each.order_total, each.payment_amount)


def mismatch_line(order_id: str, order_total: str, payment_amount: str) -> str:
    """An order whose payment differs from its total."""
    difference = _less(payment_amount, order_total)
    return f"{order_id} total {order_total} paid {payment_amount} difference {difference}"


def _less(paid: str, total: str) -> str:
    try:
        return f"{(Decimal(paid) - Decimal(total)).quantize(Decimal('0.01')):+,}"
    except InvalidOperation:
        return "unknown"


def _changes(order: AlteredOrder) -> str:
    return "; ".join(f"{each.field} is {each.found} instead of {each.expected}" for each in order.differences)


_GONE = (_missing, _dead_lettered)
_EXPECTED_CENTS = {
    "order_cents_stored": "order_cents_expected",
    "payment_cents_stored": "payment_cents_expected",
}
_EXAMPLES: Mapping[str, tuple[Lines, ...]] = {
    "orders_acknowledged": (_missing,),
    "payments_acknowledged": (_missing,),
    "orders_joined": (_missing,),
    "pairs_joined": (_missing,),
    "pairs_missing": (_missing,),
    "orders_stored": _GONE,
    "orders_accounted": (_missing,),
    "orders_missing": (_missing,),
    "orders_dead_lettered": (_dead_lettered,),
    "missing_not_acknowledged": (_missing,),
    "missing_not_on_topic": (_missing,),
    "missing_not_joined": (_missing,),
    "missing_not_stored": (_missing,),
    "orders_duplicate": (_duplicate,),
    "orders_unexpected": (_unexpected,),
    "messages_missing": (_lost,),
    "documents_unordered": (_unordered,),
    "pairs_unordered": (_unordered,),
    "orders_altered": (_altered,),
    "mismatches_stored": (_mismatched,),
    "mismatches_unplanned": (_unplanned, _altered),
    "mismatches_listed": (_mislisted, *_GONE),
    "mismatches_listed_wrong": (_mislisted,),
    "revenue_cells_wrong": (_revenue,),
    "order_cents_stored": (*_GONE, _altered),
    "payment_cents_stored": (*_GONE, _altered),
}
