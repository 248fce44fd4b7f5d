"""Waits until a run's records have arrived, without occupying a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from macd.errors import MacdError
from macd.quality.verify import STALL_LIMIT_S, wait_until_settled
from macd.quality.watch import watch_run
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
        """Yields one event, {"settled": bool}; the clients block, so they wait in a thread."""
        cancelled = Event()
        try:
            settled = await asyncio.to_thread(self._wait, cancelled)
        except MacdError as error:
            # The operator meets the same error when it verifies, and there it fails or retries the task.
            self.log.warning("%s", error)
            settled = False
        finally:
            cancelled.set()
        yield TriggerEvent({"settled": settled})  # type: ignore[no-untyped-call]

    def _wait(self, cancelled: Event) -> bool:
        def pause(seconds: float) -> None:
            if cancelled.wait(seconds):
                raise _Cancelled

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
            ).settled

    def _remaining(self) -> float:
        """Seconds until waiting ends."""
        return (datetime.fromisoformat(self.until) - datetime.now(UTC)).total_seconds()
