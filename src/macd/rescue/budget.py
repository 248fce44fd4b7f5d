"""How soon and how often what has failed is started again: at once, then ever later, then no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

# Before the first restart, the second, ...; seven in half an hour, then somebody has to look.
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (0, 30, 60, 120, 240, 480, 960))
# What has run for so long after a restart has recovered: its next failure is a new one.
CALM = timedelta(minutes=10)


class Attempts(BaseModel):
    """The restarts of one thing since it was last well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    restarts: int
    last: datetime


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


class Budget:
    """Restarts by name. `attempts` is all that has to be kept between two looks."""

    def __init__(
        self, attempts: Mapping[str, Attempts] | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.attempts = dict(attempts or {})
        self._now = now

    def is_due(self, name: str) -> bool:
        """Whether the next restart may be made now."""
        before = self.attempts.get(name)
        if before is None:
            return True
        return not self.is_spent(name) and self._now() - before.last >= DELAYS[before.restarts]

    def is_spent(self, name: str) -> bool:
        """Whether there is no restart left."""
        before = self.attempts.get(name)
        return before is not None and before.restarts >= len(DELAYS)

    def use(self, name: str) -> None:
        """Books a restart."""
        before = self.attempts.get(name)
        self.attempts[name] = Attempts(restarts=before.restarts + 1 if before else 1, last=self._now())

    def forget(self, failed: Collection[str]) -> None:
        """Gives back what belongs to anything that has been well for long enough."""
        now = self._now()
        self.attempts = {
            name: before
            for name, before in self.attempts.items()
            if name in failed or now - before.last < CALM
        }
