"""Two workers at the incident book, in every order of their operations, and one that is killed in between."""

from __future__ import annotations

from functools import partial

import pytest

from tests.unit.macd import turns
from tests.unit.macd.incidents.world import ALERTS, BEFORE, LOOKS, SUBJECT, World, check, prepared

OPERATIONS = 9


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("second", LOOKS)
@pytest.mark.parametrize("first", LOOKS)
def test_in_any_order_of_two_workers_each_is_told_once_when_it_begins_or_gets_worse_and_when_it_ends(
    first, second, before
):
    for order in turns.orders(OPERATIONS):
        world = prepared(World(), before)
        turns.run([partial(world.look, first), partial(world.look, second)], order)
        world.settle(second)
        assert sum(is_open for is_open, _ in world.told()) == bool(second)
        for is_open, told in world.told():
            check(is_open, told, second)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("severity", LOOKS)
def test_what_a_worker_that_was_killed_leaves_is_told_by_the_next_one_mail_twice_at_most(severity, before):
    for done in range(OPERATIONS):
        world = prepared(World(), before)
        turns.run([partial(world.look, severity)], [0] * done, kill=0)
        world.settle(severity)
        for is_open, told in world.told():
            assert len(told) <= len(dict.fromkeys(told)) + 1
            check(is_open, list(dict.fromkeys(told)), severity)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("first", LOOKS)
def test_of_a_subject_that_is_removed_while_it_is_looked_at_nothing_is_told_twice_or_left_due(first, before):
    for order in turns.orders(OPERATIONS):
        world = prepared(World(), before)
        turns.run([partial(world.look, first), partial(world.store.forget, SUBJECT)], order)
        world.settle(None)
        assert world.store.open() == world.store.claim_due() == []
        for _, told in world.told():
            assert told in [[*alerts, *end] for alerts in ([], *ALERTS) for end in ([], ["recovery"])]
