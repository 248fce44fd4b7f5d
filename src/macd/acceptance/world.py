"""What the steps share: the pipeline as it is deployed just then, and how they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from macd.acceptance.names import Names
from macd.pipeline import Pipeline
from macd.preflight.rules import Rules
from macd.specs.models import PipelineSpec

Say = Callable[[str], None]
ORDERS = 200
DEADLINE_S = 600.0


def _prefix() -> str:
    return f"acceptance__{datetime.now(UTC).isoformat(timespec='seconds')}"


@dataclass
class World:
    """Handed from step to step. A step that deploys another version of the pipeline puts it into `pipeline`;
    `declared` stays what include/ says.

    `begun` is set before the first change; from then on there is something to clean up. `before` is what
    there was on the target at that moment, `marks` what the services' names for its parts contain.
    `interrupted` is set by a signal and cleared before each step.
    """

    pipeline: Pipeline
    rules: Rules
    allow_region_mismatch: bool = False
    orders: int = ORDERS
    deadline_s: float = DEADLINE_S
    prefix: str = field(default_factory=_prefix)
    say: Say = lambda _: None
    begun: bool = False
    interrupted: bool = False
    before: Names = field(default_factory=Names)
    marks: set[str] = field(default_factory=set)
    declared: PipelineSpec = field(init=False)

    def __post_init__(self) -> None:
        self.declared = self.pipeline.spec

    def run_id(self, name: str) -> str:
        """The id of the seeding run of this name, which no other run has."""
        return f"{self.prefix}__{name}"

    def with_spec(self, spec: PipelineSpec) -> Pipeline:
        """Another version of the pipeline on the same services."""
        return Pipeline(spec, self.pipeline.services, self.pipeline.environment)
