"""One outage in the middle of a run: takes a part away, brings it back, measures what becomes of the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, Literal

from macd.clients.mongodb import connected
from macd.clients.records import end_offsets
from macd.errors import ServiceUnreachable
from macd.local.config import LocalConfig
from macd.local.supervisor import Supervisor
from macd.specs import Services
from tests.stack import macd, until

ORDERS, JOINED, COLLECTION = "macd_orders", "macd_orders_payments_joined", "orders_payments_joined"
# Up to this share a run is being seeded, and how far it has come is what was produced.
SEEDING = 0.1
# Later it is what is joined; or what is stored, for what the sink feels.
AT_THE_SINK = {"connect", "mongodb", "registry"}
DEADLINE_S = 600.0
# How long after a part's return a run may take to be settled and verified: 40 to 60 s where one stack runs,
# twice that where the lanes of the tests run three on two cores.
SETTLE_LIMIT_S = 180.0
How = Literal["stop", "kill"]


@dataclass(frozen=True)
class Outage:
    """A part of the stack goes away when `share` of a run has passed it.

    `stop` ends it for `away_s` seconds, `kill` ends it as a crash would, and its supervisor starts it again.
    A run that is not `watched` is verified only once all of it is stored: until then nobody waits for it.
    """

    component: str
    how: How
    share: float
    orders: int = 20_000
    away_s: float = 60.0
    watched: bool = True

    @property
    def run_id(self) -> str:
        return f"{self.component}-{self.how}-{self.share:.0%}".replace("%", "") + f"-{time.time():.0f}"


@dataclass(frozen=True)
class Outcome:
    """What became of the run. `settled_s` counts from when the part was healthy again."""

    outage: Outage
    struck_at: float
    settled_s: float
    lost: int
    dead_lettered: int
    complaint: str

    @property
    def healed(self) -> bool:
        """Whether nothing was lost, and it was so in time."""
        return not (self.lost or self.dead_lettered or self.complaint or self.is_late)

    @property
    def is_late(self) -> bool:
        return self.settled_s >= SETTLE_LIMIT_S

    def __str__(self) -> str:
        outage = self.outage
        how = f"stopped for {outage.away_s:.0f} s" if outage.how == "stop" else "killed with -9"
        told = self.complaint or f"{self.lost} lost, {self.dead_lettered} dead-lettered"
        late = f", later than {SETTLE_LIMIT_S:.0f} s" if self.is_late else ""
        return (
            f"| {outage.component} | {how} | {outage.share:.0%} ({self.struck_at:.0%}) "
            f"| {self.settled_s:.0f} s | {told}{late} |"
        )


class Stage:
    """A running stack with the pipeline on it."""

    def __init__(self, config: LocalConfig, services: Services) -> None:
        self._supervisor = Supervisor(config)
        self._services = services

    def play(self, outage: Outage, meanwhile: Callable[[], object] = lambda: None) -> Outcome:
        """Seeds and verifies a run while the outage happens; no command besides.

        `meanwhile` is done when the part is away, or is starting after it was killed.
        """
        run_id, start = outage.run_id, self._grown(outage)
        stored = self._stored()

        def share() -> float:
            return (self._grown(outage) - start) / outage.orders

        def run() -> subprocess.CompletedProcess[str]:
            seeded = macd("seed", "--orders", str(outage.orders), "--run-id", run_id, timeout_s=DEADLINE_S)
            if seeded.returncode == 0 and not outage.watched:
                until(lambda: self._stored() - stored >= outage.orders, DEADLINE_S)
            return seeded if seeded.returncode else _verify(run_id)

        with ThreadPoolExecutor(1) as pool:
            verified = pool.submit(run)
            struck_at = self._until(share, outage.share, verified)
            assert not verified.done(), "the run was over before its outage"
            self._strike(outage, meanwhile)
            back = time.monotonic()
            done = verified.result()
        return _outcome(outage, struck_at, time.monotonic() - back, done)

    def _until(self, share: Callable[[], float], wanted: float, run: Future[Any]) -> float:
        """How far the run was when it was at least so far."""
        found = 0.0

        def passed() -> bool:
            nonlocal found
            found = share()
            return found >= wanted or run.done()

        until(passed, DEADLINE_S, every_s=0.05)
        return found

    def _strike(self, outage: Outage, meanwhile: Callable[[], object]) -> None:
        if outage.how == "kill":
            self._kill(outage.component)
            meanwhile()
        else:
            self._supervisor.stop(outage.component)
            until(lambda: self._supervisor.states()[outage.component].is_down)
            meanwhile()
            Event().wait(outage.away_s)
        done = macd("local", "up", outage.component)
        assert done.returncode == 0, done.stdout + done.stderr

    def _kill(self, component: str) -> None:
        pid = self._supervisor.states()[component].pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: self._supervisor.states()[component].pid not in (0, pid))

    def _grown(self, outage: Outage) -> int:
        """How many orders are where the outage's share is measured."""
        if outage.share <= SEEDING:
            return self._end_of(ORDERS)
        return self._stored() if outage.component in AT_THE_SINK else self._end_of(JOINED)

    def _end_of(self, topic: str) -> int:
        return sum(each.offset for each in end_offsets(self._services.kafka, [topic]))

    def _stored(self) -> int:
        """0 while MongoDB is away."""
        try:
            with connected(self._services.mongodb) as database:
                return database[COLLECTION].estimated_document_count()
        except ServiceUnreachable:
            return 0


def _verify(run_id: str) -> subprocess.CompletedProcess[str]:
    done = macd("verify", run_id, "--deadline", str(DEADLINE_S), "--json", timeout_s=2 * DEADLINE_S)
    print(done.stderr, file=sys.stderr)
    return done


def _outcome(
    outage: Outage, struck_at: float, settled_s: float, verified: subprocess.CompletedProcess[str]
) -> Outcome:
    if not verified.stdout.startswith("{"):
        told = verified.stderr.strip().replace("\n", " ")[:300] or f"exit code {verified.returncode}"
        return Outcome(outage, struck_at, settled_s, 0, 0, told)
    report = json.loads(verified.stdout)
    failed = [check["name"] for check in report["checks"] if not check["passed"]]
    figures = report["figures"]
    return Outcome(
        outage,
        struck_at,
        settled_s,
        lost=figures["orders_missing"],
        dead_lettered=figures["orders_dead_lettered"],
        complaint=f"failed: {', '.join(failed)}" if failed else "",
    )
