"""kill -9 of all that holds a record on its way, in the middle of a run: each pair arrives once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from macd.clients.records import end_offsets
from macd.local.supervisor import Supervisor
from tests.stack import MACD, Stack, macd, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
PAIRS = 100_000
RUN = "killed-in-the-middle"
JOINED = "macd_orders_payments_joined"
# Each is killed once the joined topic has grown by this share of the run.
VICTIMS = {"ksqldb": 0.1, "flink-taskmanager": 0.3, "flink-jobmanager": 0.5, "kafka": 0.7}
DEADLINE_S = 600


def test_every_pair_arrives_exactly_once_whatever_is_killed(stack: Stack) -> None:
    assert macd("apply").returncode == 0
    start = _joined(stack)
    seeding = subprocess.Popen(
        [*MACD, "seed", "--orders", str(PAIRS), "--run-id", RUN], stdout=sys.stderr, stderr=sys.stderr
    )
    for component, share in VICTIMS.items():
        until(lambda share=share: _joined(stack) - start > share * PAIRS, DEADLINE_S)
        _kill(stack, component)
    assert seeding.wait(DEADLINE_S) == 0
    verified = macd("verify", RUN, "--deadline", str(DEADLINE_S), timeout_s=2 * DEADLINE_S)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    figures = stack.report(RUN).figures
    assert (figures.orders_stored, figures.pairs_joined, figures.orders_duplicate) == (PAIRS, PAIRS, 0)


def _joined(stack: Stack) -> int:
    """How far the joined topic has grown; while the broker is down that is not known."""
    try:
        return sum(each.offset for each in end_offsets(stack.services.kafka, [JOINED]))
    except Exception:  # noqa: BLE001  (any of Kafka's errors: the broker was just killed)
        return -1


def _kill(stack: Stack, component: str) -> None:
    """Ends a process as a crash would; the supervisor starts it again."""
    pid = Supervisor(stack.config).states()[component].pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: Supervisor(stack.config).states()[component].pid not in (0, pid), deadline_s=60)
