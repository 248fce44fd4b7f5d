"""A plan: typed changes from what is to what include/ says. Apply executes the very list that was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from macd.errors import PlanBlocked

Do = Callable[[], object]
# What an orphan says of itself.
LEFT = "not declared any more; `--prune` removes it"
ADOPTED = "not declared any more, but apply did not make it: `--prune` leaves it, and forgets it"


@dataclass(frozen=True)
class Change:
    """One resource, such as "topic macd_orders", and what would happen to it."""

    action: ClassVar[str]
    symbol: ClassVar[str]
    resource: str
    details: tuple[str, ...] = ()

    def execute(self) -> None:
        """Does it; nothing for a change that needs nothing done."""

    def render(self) -> str:
        """One line: symbol, action, resource, details."""
        details = f" ({'; '.join(self.details)})" if self.details else ""
        return f"{self.symbol} {self.action:<7} {self.resource}{details}"

    def as_dict(self) -> dict[str, Any]:
        """The change for machines."""
        return {"action": self.action, "resource": self.resource, "details": list(self.details)}


@dataclass(frozen=True)
class NoOp(Change):
    """The resource already is as it should be."""

    action = "no-op"
    symbol = "="


@dataclass(frozen=True)
class Forget(NoOp):
    """The resource is not declared, and is gone already or not ours to remove: only its record goes."""

    action = "forget"


@dataclass(frozen=True)
class Orphan(Change):
    """Apply made or adopted it and include/ no longer declares it; it stays until told otherwise."""

    action = "orphan"
    symbol = "-"


def release(resource: str, *, prune: bool) -> Change:
    """What is done about an orphan that was there before apply: it stays in any case."""
    return Forget(resource, ("was there before apply: it stays",)) if prune else Orphan(resource, (ADOPTED,))


@dataclass(frozen=True)
class Unknown(Change):
    """What cannot be planned because a service does not answer; that is no promise that nothing differs."""

    action = "unknown"
    symbol = "?"


@dataclass(frozen=True)
class _Pending(Change):
    do: Do = field(default=lambda: None, repr=False, compare=False)

    def execute(self) -> None:
        self.do()


@dataclass(frozen=True)
class Create(_Pending):
    """The resource does not exist yet."""

    action = "create"
    symbol = "+"


@dataclass(frozen=True)
class Update(_Pending):
    """The resource is changed in place; nothing is lost."""

    action = "update"
    symbol = "~"


@dataclass(frozen=True)
class Restart(Update):
    """The resource is as it should be, but has failed: it is started again."""


@dataclass(frozen=True)
class Delete(_Pending):
    """The resource is removed."""

    action = "delete"
    symbol = "-"


@dataclass(frozen=True)
class Blocked(Change):
    """The change would lose data or break readers; it is never made, only explained."""

    action = "blocked"
    symbol = "!"
    reason: str = ""
    remedy: str = ""

    def render(self) -> str:
        """One line, with reason and remedy."""
        return f"{super().render()}: {self.reason} Remedy: {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """The change for machines, with reason and remedy."""
        return {**super().as_dict(), "reason": self.reason, "remedy": self.remedy}


class Ledger(Protocol):
    """Keeps what apply made, told of each change before it is made and after."""

    def before(self, change: Change) -> None:
        """The change is about to be made, or there is nothing to do for it."""

    def after(self, change: Change) -> None:
        """The change was made."""


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they are applied."""

    changes: tuple[Change, ...]

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Plan:
        """A plan of these changes."""
        return cls(tuple(changes))

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """The changes that are not safe."""
        return tuple(change for change in self.changes if isinstance(change, Blocked))

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that would do something, and the blocked ones."""
        return tuple(change for change in self.changes if not isinstance(change, NoOp))

    @property
    def orphans(self) -> tuple[Orphan, ...]:
        """What apply made or adopted, nobody declares, and this plan leaves alone."""
        return tuple(change for change in self.changes if isinstance(change, Orphan))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What could not be planned."""
        return tuple(change for change in self.changes if isinstance(change, Unknown))

    @property
    def restarts(self) -> Plan:
        """Only what brings back something that has failed, without changing it."""
        return Plan.of(change for change in self.changes if isinstance(change, Restart))

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes)

    def render(self) -> str:
        """One line a change."""
        return "\n".join(change.render() for change in self.changes)

    def apply(
        self, report: Callable[[Change], object] = lambda _: None, ledger: Ledger | None = None
    ) -> None:
        """Executes the pending changes in order; raises PlanBlocked before anything is changed."""
        if self.blocked:
            raise PlanBlocked(
                "; ".join(f"{change.resource}: {change.reason}" for change in self.blocked),
                remedy=" ".join(dict.fromkeys(change.remedy for change in self.blocked)),
            )
        for change in self.changes:
            if ledger is not None:
                ledger.before(change)
            if not isinstance(change, _Pending):
                continue
            change.execute()
            if ledger is not None:
                ledger.after(change)
            report(change)
