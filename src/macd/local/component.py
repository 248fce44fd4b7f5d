"""What a component of the stack is: data only; starting it is the supervisor's work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


def nothing_to_do() -> None:
    """Most components need no work around their start."""


@dataclass(frozen=True)
class Component:
    """One supervised process.

    `probe` and `settle` return None when all is well and raise anything otherwise. `ports` name fields of
    LocalConfig (without `_port`), the first being the one users talk to. `needs` are healthy before this one
    starts; `joins` belong to it as well, but it waits for them by itself. It is stopped before both.
    `prepare` runs before the start, `settle` once the probe succeeds; both may run again at every `up`.
    """

    name: str
    title: str
    command: tuple[str, ...]
    probe: Callable[[], None]
    ports: tuple[str, ...] = ()
    environment: Callable[[], Mapping[str, str]] = dict
    needs: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    memory_mb: int = 0
    stop_seconds: int = 15
    deadline_seconds: int = 300
    prepare: Callable[[], None] = nothing_to_do
    settle: Callable[[], None] = nothing_to_do

    @property
    def upstream(self) -> tuple[str, ...]:
        """All it cannot work without."""
        return self.needs + self.joins


def levels(components: Iterable[Component]) -> dict[str, int]:
    """Depth of each component in the graph of what they rest on; 0 rests on nothing."""
    by_name = {component.name: component for component in components}

    def depth(name: str) -> int:
        upstream = [need for need in by_name[name].upstream if need in by_name]
        return 1 + max(map(depth, upstream)) if upstream else 0

    return {name: depth(name) for name in by_name}


def with_needs(names: Iterable[str], catalog: Mapping[str, Component]) -> list[Component]:
    """The named components and all they need, in the catalog's order."""
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(catalog[name].upstream)
    return [component for name, component in catalog.items() if name in wanted]
