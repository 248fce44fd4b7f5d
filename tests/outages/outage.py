"""One outage in the middle of a run: takes a part away, brings it back, measures what becomes of the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, Literal

from macd.clients.mongodb import connected
from macd.clients.records import end_offsets
from macd.errors import MacdError
from macd.local.config import LocalConfig
from macd.local.supervisor import Supervisor
from macd.specs import Services
from tests.stack import MACD, macd, until

JOINED, COLLECTION = "macd_orders_payments_joined", "orders_payments_joined"
# Whose outage is felt by the sink; how far a run has come is then what is stored, else what is joined.
AT_THE_SINK = {"connect", "mongodb", "registry"}
DEADLINE_S = 600.0
How = Literal["stop", "kill"]


@dataclass(frozen=True)
class Outage:
    """A part of the stack goes away when `share` of a run has passed it.

    `stop` ends it for `away_s` seconds, `kill` ends it as a crash would, and its supervisor starts it again.
    """

    component: str
    how: How
    share: float
    orders: int = 20_000
    away_s: float = 60.0

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
        return not (self.lost or self.dead_lettered or self.complaint)

    def __str__(self) -> str:
        outage = self.outage
        how = f"stopped for {outage.away_s:.0f} s" if outage.how == "stop" else "killed with -9"
        told = self.complaint or f"{self.lost} lost, {self.dead_lettered} dead-lettered"
        return (
            f"| {outage.component} | {how} | {outage.share:.0%} ({self.struck_at:.0%}) "
            f"| {self.settled_s:.0f} s | {told} |"
        )


class Stage:
    """A running stack with the pipeline on it."""

    def __init__(self, config: LocalConfig, services: Services) -> None:
        self._supervisor = Supervisor(config)
        self._services = services

    def play(self, outage: Outage) -> Outcome:
        """Seeds and verifies a run while the outage happens; no command besides."""
        joined, stored = self._joined(), self._stored()
        run_id = outage.run_id

        def share() -> float:
            done = self._stored() - stored if outage.component in AT_THE_SINK else self._joined() - joined
            return done / outage.orders

        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(_seed_and_verify, run_id, outage.orders)
            struck_at = self._until(share, outage.share, run)
            self._strike(outage)
            back = time.monotonic()
            verified = run.result()
        return _outcome(outage, struck_at, time.monotonic() - back, verified)

    def _until(self, share: Any, wanted: float, run: Future[Any]) -> float:
        """How far the run was when it was at least so far."""
        found = 0.0

        def passed() -> bool:
            nonlocal found
            found = share()
            return found >= wanted or run.done()

        until(passed, DEADLINE_S)
        return found

    def _strike(self, outage: Outage) -> None:
        if outage.how == "kill":
            self._kill(outage.component)
        else:
            self._supervisor.stop(outage.component)
            Event().wait(outage.away_s)
        done = macd("local", "up", outage.component)
        assert done.returncode == 0, done.stdout + done.stderr

    def _kill(self, component: str) -> None:
        pid = self._supervisor.states()[component].pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: self._supervisor.states()[component].pid not in (0, pid))

    def _joined(self) -> int:
        try:
            return sum(each.offset for each in end_offsets(self._services.kafka, [JOINED]))
        except MacdError:
            return 0

    def _stored(self) -> int:
        with connected(self._services.mongodb) as database:
            return database[COLLECTION].estimated_document_count()


def _seed_and_verify(run_id: str, orders: int) -> subprocess.CompletedProcess[str]:
    seeded = macd("seed", "--orders", str(orders), "--run-id", run_id, timeout_s=DEADLINE_S)
    if seeded.returncode != 0:
        return seeded
    command = [*MACD, "verify", run_id, "--deadline", str(DEADLINE_S), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * DEADLINE_S, check=False)
    print(done.stderr, file=sys.stderr)
    return done


def _outcome(
    outage: Outage, struck_at: float, settled_s: float, verified: subprocess.CompletedProcess[str]
) -> Outcome:
    if not verified.stdout.startswith("{"):
        return Outcome(outage, struck_at, settled_s, 0, 0, verified.stderr.strip().replace("\n", " ")[:300])
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
