"""Waits until a run's records have arrived, without occupying a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from macd.errors import DeadlineExceeded, MacdError
from macd.quality.waiting import STALL_LIMIT_S, wait_until_settled
from macd.quality.watch import watch_run
from macd.rescue.caught_up import everything_is_read
from macd.rescue.outage import PATIENCE_S, through_outages
from macd.rescue.sinks import SinkRescue
from macd.specs import load_pipeline
from macd_airflow.hooks.services import ConnectionIds


class _Cancelled(Exception):
    """The trigger was cancelled while its thread was waiting."""


class RunSettledTrigger(BaseTrigger):
    """Fires once the run has settled, has stalled, or `until` has passed; then there is something to verify.

    :param run_id: the seeding run.
    :param include_dir: folder with the desired state.
    :param target: name of a file in its targets/.
    :param connection_ids: ids of the five Airflow connections, by service.
    :param stall_limit_s: it is over as well when nothing has moved for so many seconds.
    :param until: moment (ISO 8601, with time zone) at which waiting ends. Wall-clock time, since a trigger
        may move to another process or machine while it waits.
    """

    def __init__(
        self,
        *,
        run_id: str,
        include_dir: str,
        target: str,
        connection_ids: dict[str, str],
        until: str,
        stall_limit_s: float = STALL_LIMIT_S,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.run_id = run_id
        self.include_dir = include_dir
        self.target = target
        self.connection_ids = connection_ids
        self.until = until
        self.stall_limit_s = stall_limit_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Everything but secrets: those are read from the connections where the trigger runs."""
        names = ("run_id", "include_dir", "target", "connection_ids", "until", "stall_limit_s")
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yields one event; the clients block, so they wait in a thread.

        `left_s` says how long the operator may go on waiting: the rest of the time, for what is derived from
        a run that has settled, or for the run where an error ended this. Nothing where waiting was in vain.
        """
        cancelled, in_vain = Event(), False
        try:
            settled = await asyncio.to_thread(self._wait, cancelled)
            in_vain = not settled
        except MacdError as error:
            # The operator meets the same error when it verifies, and there it fails or retries the task.
            self.log.warning("%s", error)
            settled = False
        finally:
            cancelled.set()
        left_s = 0.0 if in_vain else max(0.0, self._remaining())
        event = {"settled": settled, "left_s": left_s, "stall_limit_s": self.stall_limit_s}
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    def _wait(self, cancelled: Event) -> bool:
        def pause(seconds: float) -> None:
            if cancelled.wait(min(seconds, max(0.0, self._remaining()))):
                raise _Cancelled
            if self._remaining() <= 0:
                # Airflow ends a trigger soon after, and fails the task without a word of what it waited for.
                raise DeadlineExceeded(
                    f"A service was away when the time to wait for run '{self.run_id}' was over.",
                    remedy="None here: the task looks again.",
                )

        patience_s = min(PATIENCE_S, self._remaining())
        return through_outages(lambda: self._watch(cancelled), self.log.info, patience_s, pause)

    def _watch(self, cancelled: Event) -> bool:
        pipeline = load_pipeline(Path(self.include_dir), self.target)
        services = ConnectionIds(**self.connection_ids).services()
        rescue = SinkRescue(pipeline, services, self.log.info)

        def check() -> None:
            if cancelled.is_set():
                raise _Cancelled

        with watch_run(self.run_id, pipeline, services, check) as watch:
            return wait_until_settled(
                watch.look,
                self._remaining(),
                self.log.info,
                self.stall_limit_s,
                rescue=lambda: rescue() or watch.is_held_up(self.log.info),
                caught_up=everything_is_read(pipeline, services),
            ).settled

    def _remaining(self) -> float:
        """Seconds until waiting ends."""
        return (datetime.fromisoformat(self.until) - datetime.now(UTC)).total_seconds()
