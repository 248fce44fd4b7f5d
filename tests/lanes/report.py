"""What became of all lanes together: the slowest tests, how many passed, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from tests.lanes.process import Lane

SLOWEST = 20
_COUNTS = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True)
class Results:
    """A lane's, as its pytest wrote them."""

    lane: Lane
    seconds: float
    counts: dict[str, int]
    cases: list[tuple[float, str]]

    @property
    def passed(self) -> int:
        return self.counts["tests"] - sum(self.counts[name] for name in _COUNTS[1:])


def _read(lane: Lane) -> Results:
    """Nothing at all where pytest did not get as far as writing them, or not to their end."""
    try:
        suite = next(ElementTree.parse(lane.results).iter("testsuite"))
    except (FileNotFoundError, ElementTree.ParseError):
        return Results(lane, 0.0, dict.fromkeys(_COUNTS, 0), [])
    cases = [
        (float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}")
        for case in suite.iter("testcase")
    ]
    counts = {name: int(suite.get(name, 0)) for name in _COUNTS}
    return Results(lane, float(suite.get("time", 0)), counts, cases)


def render(lanes: Sequence[Lane], seconds: float) -> str:
    """The text at the end of `make test`."""
    found = [_read(lane) for lane in lanes]
    cases = [(*case, each.lane.name) for each in found for case in each.cases]
    failed = [lane for lane in lanes if lane.code and not lane.was_idle]
    return "\n".join(
        [
            f"\nThe {SLOWEST} slowest, with what was set up for them:",
            *(
                f"{took:8.1f} s  {lane:<9} {name}"
                for took, name, lane in sorted(cases, reverse=True)[:SLOWEST]
            ),
            "\nlane       passed  failed  skipped    time",
            *map(_row, found),
            *(f"{lane.name} FAILED with exit code {lane.code}: {lane.log}" for lane in failed),
            f"{'FAILED' if failed else 'PASSED'} in {_minutes(seconds)}",
        ]
    )


def _row(results: Results) -> str:
    counts = results.counts
    broken = counts["failures"] + counts["errors"]
    numbers = f"{results.passed:7,} {broken:7,} {counts['skipped']:8,}"
    return f"{results.lane.name:<9} {numbers} {_minutes(results.seconds):>7}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
