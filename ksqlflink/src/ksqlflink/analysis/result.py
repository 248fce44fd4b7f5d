"""The outcome of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ksqlflink.analysis.projection import Output
from ksqlflink.analysis.typed import Json, Typed
from ksqlflink.catalogue.model import Column, DataSource


@dataclass(frozen=True)
class Analysis:
    """A query that can be run.

    `kind` is what it makes (STREAM or TABLE), `outputs` are its columns, the key first. The window is that
    of the result's key; `keyless` says that PARTITION BY NULL took the key away. `tasks` is the number of
    partitions its rows are brought together in.
    """

    inputs: Mapping[str, DataSource]
    kind: str
    outputs: tuple[Output, ...]
    sources: tuple[Json, ...]
    operation: Json
    where: Typed | None
    tasks: int
    window_type: str | None = None
    window_size_ms: int | None = None
    keyless: bool = False
    limit: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the result, the key first."""
        return tuple(output.column for output in self.outputs)

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the sources it reads."""
        return tuple(source.name for source in self.inputs.values())

    @property
    def stateless(self) -> bool:
        """Whether each row can be looked at by itself."""
        return bool(self.operation["kind"] == "PROJECT")

    def plan(self) -> Json:
        """Return the plan without registry and sink."""
        return {
            "inputs": list(self.sources),
            "tasks": self.tasks,
            "operation": self.operation,
            "where": None if self.where is None else self.where.json,
            "select": [_select(output) for output in self.outputs],
        }


def _select(output: Output) -> Json:
    expression, column = output.typed.json, output.column
    return {"name": column.name, "type": expression["type"], "expr": expression, "key": column.key}
