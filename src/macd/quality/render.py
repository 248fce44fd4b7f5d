"""A report as plain text that reads well in a terminal and in a task log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from macd.quality.documents import dollars
from macd.quality.figures import Figures
from macd.quality.report import LISTED, CheckResult, Difference, Obstacle, Report, Samples

_INDENT = "  "


def render(report: Report) -> str:
    """The whole report; no colour codes, at most about 110 columns unless a run id or a value is longer."""
    if report.obstacle is not None:
        return _obstacle(report, report.obstacle)
    sections = [_head(report), _hops(report.figures), _money(report.figures), _checks(report.checks)]
    return "\n\n".join(section for section in (*sections, *_listings(report.samples)) if section)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Aligned columns under a ruled head; `right` names the columns to align right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return (_INDENT + _INDENT.join(cells)).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


def _obstacle(report: Report, obstacle: Obstacle) -> str:
    return (
        f"Data quality FAILED: run {report.run_id} could not be verified\n"
        f"tried {report.verified_at:%Y-%m-%d %H:%M:%S} UTC; what became of its orders is not known\n\n"
        f"{_INDENT}{obstacle.reason}\n\nNext step\n{_INDENT}{obstacle.remedy}"
    )


def _head(report: Report) -> str:
    verdict = "PASSED" if report.passed else "FAILED"
    waited = f"{report.waited_s:.1f} s"
    settled = f"settled after {waited}" if report.settled else f"NOT settled, gave up after {waited}"
    held = sum(check.passed for check in report.checks)
    lines = [
        f"Data quality {verdict}: {held} of {len(report.checks)} checks hold for run {report.run_id}",
        f"verified {report.verified_at:%Y-%m-%d %H:%M:%S} UTC, {settled}",
        *(f"note: {note}" for note in report.notes),
    ]
    return "\n".join(lines)


def _hops(figures: Figures) -> str:
    rows = [
        ("produced", f"{figures.orders_produced:,}", f"{figures.payments_produced:,}", "payments"),
        (
            "acknowledged",
            f"{figures.orders_acknowledged:,}",
            f"{figures.payments_acknowledged:,}",
            "payments",
        ),
        ("lost from the topics", "", f"{figures.messages_missing:,}", _expired(figures)),
        ("expected (paid in time)", f"{figures.orders_expected:,}", f"{figures.pairs_expected:,}", "pairs"),
        ("joined", f"{figures.orders_joined:,}", f"{figures.pairs_joined:,}", "pairs"),
        ("stored", f"{figures.orders_stored:,}", "", ""),
        ("dead-lettered", f"{figures.orders_dead_lettered:,}", "", ""),
        ("missing", f"{figures.orders_missing:,}", "", _lost(figures)),
    ]
    return table(("hop", "orders", "messages", ""), rows, right=(1, 2))


def _lost(figures: Figures) -> str:
    lost = {
        "not acknowledged": figures.missing_not_acknowledged,
        "not on topic": figures.missing_not_on_topic,
        "not joined": figures.missing_not_joined,
        "not stored": figures.missing_not_stored,
    }
    return ", ".join(f"{count:,} {hop}" for hop, count in lost.items() if count)


def _expired(figures: Figures) -> str:
    """Where retention has passed the run, less can be said."""
    return f"{figures.offsets_expired:,} offsets are no longer kept" if figures.offsets_expired else ""


def _money(figures: Figures) -> str:
    rows = [
        ("order totals", *_amounts(figures.order_cents_expected, figures.order_cents_stored)),
        ("payments", *_amounts(figures.payment_cents_expected, figures.payment_cents_stored)),
    ]
    mismatches = (
        f"{_INDENT}payment differs from order total: {figures.mismatches_stored:,} stored, "
        f"{figures.mismatches_planned:,} asked for"
    )
    derived = (
        f"{_INDENT}listed as mismatches: {figures.mismatches_listed:,}; "
        f"revenue by hour and payment method: {figures.revenue_cells_expected:,} compared, "
        f"{figures.revenue_cells_wrong:,} wrong"
    )
    amounts = table(("US dollars", "expected", "stored", "difference"), rows, right=(1, 2, 3))
    return "\n".join((amounts, mismatches, derived))


def _amounts(expected: int, stored: int) -> tuple[str, str, str]:
    return f"{dollars(expected):,}", f"{dollars(stored):,}", f"{dollars(stored - expected):,}"


def _checks(checks: Sequence[CheckResult]) -> str:
    rows = [(check.name, _verdict(check), f"{check.actual:,}", check.expected) for check in checks]
    steps = [f"{_INDENT}{check.name}: {check.next_step}" for check in checks if not check.passed]
    advice = "\n\nNext steps\n" + "\n".join(steps) if steps else ""
    return table(("check", "verdict", "found", "has to be"), rows, right=(2,)) + advice


def _verdict(check: CheckResult) -> str:
    return "ok" if check.passed else check.severity.upper()


def _listings(samples: Samples) -> Iterator[str]:
    """One block for each list that is not empty: the first order ids, and what is the matter with each."""
    missing = [(each.order_id, f"{each.hop.value} ({each.where})") for each in samples.missing.first[:LISTED]]
    yield _listing("Missing", samples.missing.count, missing)
    dead = [(each.order_id, each.reason) for each in samples.dead_lettered.first]
    yield _listing("Dead-lettered", samples.dead_lettered.count, dead)
    duplicate = [
        (each.order_id, f"joined {each.joined} times instead of {each.expected}")
        for each in samples.duplicate.first
    ]
    yield _listing("Duplicate", samples.duplicate.count, duplicate)
    unexpected = [
        (each.order_id, f"{each.kind}, but in {' and '.join(each.where)}")
        for each in samples.unexpected.first
    ]
    yield _listing("Unexpected", samples.unexpected.count, unexpected)
    lost = [(each.order_id, f"no longer in {each.where}") for each in samples.lost.first]
    yield _listing("Lost from a source topic", samples.lost.count, lost, "message")
    unordered = [(each.order_id, f"in {each.where}") for each in samples.unordered.first]
    yield _listing("Never ordered", samples.unordered.count, unordered, "record")
    altered = [(each.order_id, "; ".join(map(_change, each.differences))) for each in samples.altered.first]
    yield _listing("Altered", samples.altered.count, altered)
    wrong = [(order_id, "differs from the order, or is no mismatch") for order_id in samples.mislisted.first]
    yield _listing("Wrongly listed as mismatches", samples.mislisted.count, wrong)
    revenue = [
        (f"{each.hour:%Y-%m-%d %H}:00 {each.payment_method}", f"{each.found} instead of {each.expected}")
        for each in samples.revenue.first
    ]
    yield _listing("Wrong revenue", samples.revenue.count, revenue, "cell")


def _change(difference: Difference) -> str:
    return f"{difference.field} is {difference.found} instead of {difference.expected}"


def _listing(title: str, count: int, lines: Sequence[tuple[str, str]], noun: str = "order") -> str:
    if not count:
        return ""
    shown = f", the first {len(lines)}" if count > len(lines) else ""
    body = [f"{_INDENT}{order_id}{_INDENT}{explanation}" for order_id, explanation in lines]
    return "\n".join([f"{title}: {count:,} {noun if count == 1 else f'{noun}s'}{shown}", *body])
