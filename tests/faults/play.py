"""Plays single faults and tells those that were not found for what they are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby

from tenacity import RetryError

from macd.errors import DeadlineExceeded, MacdError
from macd.health.figures import PipelineFigures
from macd.quality.report import Report
from tests.faults import derived, documents, joined, manifests, production, sink, sources, tampered
from tests.faults.expected import complaints, pipeline_complaints
from tests.faults.fault import Fault
from tests.faults.production import ProductionFault
from tests.faults.stage import DEADLINE_S, Stage
from tests.stack import until

KINDS: tuple[type[Fault], ...] = (
    documents.DocumentDeleted,
    documents.FieldAltered,
    documents.ItemAltered,
    documents.FieldOfAnotherType,
    documents.QuantityOfAnotherType,
    documents.AmountBeyondReason,
    documents.FieldRemoved,
    documents.ItemRemoved,
    documents.ItemAdded,
    documents.UnwantedStored,
    documents.StoredTwice,
    documents.StoredBeyondSize,
    documents.StoredByNobody,
    joined.PairTwice,
    joined.UnwantedPair,
    joined.PairBeyondSize,
    joined.DeadLetter,
    sources.OrderTwice,
    sources.PaymentTwice,
    sources.LatePaymentInTime,
    production.OrderWithheld,
    production.UnwantedOrderWithheld,
    production.PaymentWithheld,
    production.CopyOfPaymentWithheld,
    production.LatePaymentWithheld,
    tampered.PaymentOutsideWindow,
    tampered.PaymentOfNoOrder,
    tampered.OrderAltered,
    tampered.PaymentAltered,
    sink.SinkPaused,
    manifests.ManifestDeleted,
    manifests.AcknowledgedTooFew,
    manifests.CountsAltered,
    manifests.TotalsAltered,
    manifests.SeedAltered,
    manifests.OtherRecipe,
    manifests.ManifestUnreadable,
    derived.MismatchUnlisted,
    derived.MismatchAltered,
    derived.MismatchTooMany,
    derived.MismatchTwice,
    derived.HourGone,
    derived.HourTwice,
    derived.HourAltered,
)
# Runs that faults which can be undone share.
KEPT = 4
# So many cases are prepared together: their runs go through the pipeline side by side.
TOGETHER = 25


@dataclass(frozen=True)
class Case:
    """The fault of this kind that `seed` and `number` decide."""

    seed: int
    number: int
    kind: type[Fault]

    @property
    def draw(self) -> random.Random:
        return random.Random(f"{self.seed}\n{self.number}")

    @property
    def run_id(self) -> str:
        return f"fault-{self.seed}-{self.number}"

    @property
    def again(self) -> str:
        """How to play it again; the run is then a new one, of the same orders at other times."""
        return f"python -m tests.faults --seed {self.seed} --case {self.number}:{self.kind.__name__}"


@dataclass
class Verdict:
    """What was wrong about the report on a fault; nothing when it was found right."""

    case: Case
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = "".join(f"\n    {each}" for each in self.complaints)
        return f"{self.case.number} {self.case.kind.__doc__}: WRONG{told}\n    again: {self.case.again}"


def cases(seed: int, count: int, kinds: Sequence[type[Fault]]) -> list[Case]:
    """`count` faults, their kinds drawn at random; every kind comes before any comes a second time."""
    draw = random.Random(seed)
    chosen: list[type[Fault]] = []
    while len(chosen) < count:
        chosen += draw.sample(kinds, len(kinds))
    return [Case(seed, number, kind) for number, kind in enumerate(chosen[:count])]


class Player:
    """Plays cases on a stage; the runs of all that can be undone are proven once, at the beginning."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._kept = [f"kept-{seed}-{number}" for number in range(KEPT)]
        self._clean = stage.proven(self._kept)

    def play(self, cases: Sequence[Case]) -> Iterator[Verdict]:
        """One verdict a case, in another order."""
        for start in range(0, len(cases), TOGETHER):
            yield from self._together(cases[start : start + TOGETHER])
        after = self._stage.prove(self._kept)
        for run_id, clean in self._clean.items():
            assert after[run_id].figures == clean.figures, f"{run_id} is not as it was"

    def _together(self, cases: Sequence[Case]) -> Iterator[Verdict]:
        turn = {case: _turn(case.kind) for case in cases}
        for _, group in groupby(sorted(cases, key=turn.__getitem__), key=turn.__getitem__):
            batch = list(group)
            if issubclass(batch[0].kind, ProductionFault):
                for part in [[case] for case in batch] if batch[0].kind.alone else [batch]:
                    yield from self._produced(part)
            else:
                yield from self._on_proven_runs(batch)

    def _produced(self, cases: Sequence[Case]) -> Iterator[Verdict]:
        faults = [case.kind(self._stage, case.run_id, case.draw) for case in cases]
        with ExitStack() as undoing:
            for fault in faults:
                undoing.callback(fault.undo)
                fault.inject()
            if not cases[0].kind.alone:
                # Behind them; when it has arrived, so has what is derived from them.
                self._stage.proven([f"behind-{cases[0].run_id}"])
            found = [self._looked_at(fault) for fault in faults]
        clean = self._stage.prove([case.run_id for case in cases])
        for case, fault, seen in zip(cases, faults, found, strict=True):
            yield Verdict(case, complaints(fault.expected, clean[case.run_id], seen))

    def _on_proven_runs(self, cases: Sequence[Case]) -> Iterator[Verdict]:
        lasting = [case.run_id for case in cases if case.kind.lasting]
        clean = self._clean | self._stage.proven(lasting)
        for case in cases:
            run_id = case.run_id if case.kind.lasting else case.draw.choice(self._kept)
            fault = case.kind(self._stage, self._stage.manifest(run_id).run, case.draw)
            health = self._health(fault)
            fault.inject()
            try:
                found, sick = self._looked_at(fault), self._health(fault)
            finally:
                fault.undo()
            wrong = complaints(fault.expected, clean[run_id], found)
            yield Verdict(case, wrong + pipeline_complaints(fault.expected, health, sick))
        self._stage.delete(lasting)

    def _health(self, fault: Fault) -> PipelineFigures:
        return self._stage.health() if fault.seen_by_pipeline else PipelineFigures()

    def _looked_at(self, fault: Fault) -> Report | MacdError:
        try:
            until(fault.arrived, DEADLINE_S)
        except RetryError:
            return DeadlineExceeded("What follows from the fault has not arrived.", remedy="Play it again.")
        return self._stage.verify(fault.run.run_id, fault.patience_s)


def _turn(kind: type[Fault]) -> int:
    """Runs with something wrong in their production come first, and one by one where they stop the sink."""
    if issubclass(kind, ProductionFault):
        return 1 if kind.alone else 0
    return 2
