"""One fault of each kind in real runs: each is found for what it is (`python -m tests.faults` plays more)."""

from __future__ import annotations

import random

import pytest

from macd.clients.mongodb import connected
from tests.faults.play import KINDS, Player, cases
from tests.faults.stage import Stage
from tests.stack import Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def test_every_kind_of_fault_is_found_for_what_it_is(stack: Stack) -> None:
    done = macd("apply")
    assert done.returncode == 0, done.stdout + done.stderr
    seed = random.randrange(1_000_000)
    with connected(stack.services.mongodb) as database:
        player = Player(Stage(stack.pipeline, stack.services, database), seed)
        verdicts = list(player.play(cases(seed, len(KINDS), KINDS)))
    assert {verdict.case.kind for verdict in verdicts} == set(KINDS)
    wrong = [str(verdict) for verdict in verdicts if verdict.complaints]
    assert not wrong, "\n".join(wrong)
