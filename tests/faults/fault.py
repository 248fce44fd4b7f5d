"""One fault in one run. A kind of fault is a subclass; its docstring is what a reader is told of it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from macd.producer.sales import Kind, Run, Sale
from macd.quality.watch import RunWatch, watch_run
from tests.faults.expected import Expected
from tests.faults.stage import Stage

JOINABLE = (Kind.PAID, Kind.MISMATCHED)


class Fault(ABC):
    """Chooses its order, field and value when it is made; `draw` decides all of it.

    A fault that is `lasting` cannot be undone and takes a run of its own.
    """

    lasting: ClassVar[bool] = False
    # A run is looked at when all has arrived that can: what has not moved for so long then does not come.
    patience_s: ClassVar[float] = 0.3
    # Whether the pipeline's health is looked at as well.
    seen_by_pipeline: ClassVar[bool] = False

    def __init__(self, stage: Stage, run: Run, draw: random.Random) -> None:
        self.stage = stage
        self.run = run
        self.draw = draw
        self.choose()

    @abstractmethod
    def choose(self) -> None:
        """Decides what exactly is done."""

    @abstractmethod
    def inject(self) -> None:
        """Does it."""

    @abstractmethod
    def undo(self) -> None:
        """Brings back what was before; nothing for a lasting fault."""

    @property
    @abstractmethod
    def expected(self) -> Expected:
        """What has to be reported of it."""

    def arrived(self) -> bool:
        """Whether its consequences are there."""
        return True

    def sale(self, *kinds: Kind, also: Callable[[Sale], bool] = lambda _: True) -> Sale:
        """Any order of these kinds."""
        return self.draw.choice([sale for sale in self.run.sales() if sale.kind in kinds and also(sale)])

    def watched(self, condition: Callable[[RunWatch], bool]) -> bool:
        """Whether something is so by a look at the joined topic, the dead letters and the collection."""
        with watch_run(self.run.run_id, self.stage.pipeline, self.stage.services) as watch:
            watch.look()
            return condition(watch)


class LastingFault(Fault):
    """One that cannot be undone."""

    lasting = True

    def undo(self) -> None:
        """The run is not used again."""
