"""A stream is made anew: whoever is killed and whatever was done by hand, no record is there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from macd.errors import RequestRejected
from macd.plan import Delete, plan_stream_removal, plan_streams
from macd.specs.statements import parse_file
from tests.unit.macd.plan.ksql_world import Killed, World

ORDERS, JOINED, PAID = "MACD_ORDERS_STREAM", "MACD_ORDERS_PAYMENTS_JOINED", "MACD_PAID_ORDERS"
HOURLY, PAID_STREAM, MISMATCHES = "MACD_HOURLY_REVENUE", "MACD_PAID_ORDERS_STREAM", "MACD_PAYMENT_MISMATCHES"
CHANGES = {
    JOINED: ("GRACE PERIOD 24 HOURS", "GRACE PERIOD 25 HOURS"),
    PAID: ("GRACE PERIOD 7 DAYS", "GRACE PERIOD 6 DAYS"),
    ORDERS: ("customer_id VARCHAR", "client_id VARCHAR"),
}
# What one run from the beginning gives.
ONCE = {
    "macd_orders": [1, 2, 3],
    "macd_payments": [1, 2, 3],
    "macd_orders_payments_joined": [1, 2, 3],
    "macd_payment_mismatches": [1, 2, 3],
    "macd_paid_orders": [1, 2, 3],
    "macd_hourly_revenue": [1, 2, 3],
}


def deployed(pipeline, expected=ONCE):
    """The pipeline after three orders and their payments."""
    world = World(macd_orders=[1, 2, 3], macd_payments=[1, 2, 3])
    plan_streams(pipeline, world, world).apply()
    assert contents(world) == expected
    world.steps.clear()
    return world


def contents(world):
    return {topic: world.records(topic) for topic in ONCE}


def changed(pipeline, name):
    """The pipeline whose file says something else of one stream."""
    [spec] = [each for each in pipeline.statements if each.source == name]
    sql = spec.sql.replace(*CHANGES[name])
    assert sql != spec.sql
    other = spec.model_copy(update={"sql": sql})
    statements = tuple(other if each is spec else each for each in pipeline.statements)
    return pipeline.model_copy(update={"statements": statements})


def apply_until_done(pipeline, world, *, at_once):
    """As a person does: `macd apply`, with --replace-streams from the start or once it is asked for."""
    world.killed_before = None
    plan = plan_streams(pipeline, world, world, replace=at_once)
    if plan.blocked:
        assert all("--replace-streams" in change.remedy for change in plan.blocked)
        plan = plan_streams(pipeline, world, world, replace=True)
    plan.apply()
    assert plan_streams(pipeline, world, world).pending == ()


def run(pipeline, world, step):
    """Applies with --replace-streams and is killed before a step; whether that step was reached."""
    world.steps.clear()
    world.killed_before = step
    try:
        plan_streams(pipeline, world, world, replace=True).apply()
    except Killed:
        return True
    return False


@pytest.mark.parametrize(
    ("name", "steps", "at_once"),
    [(JOINED, 18, False), (PAID, 10, True), (ORDERS, 20, True)],
)
def test_a_replacement_that_is_killed_before_any_step_doubles_nothing(pipeline, name, steps, at_once):
    wanted = changed(pipeline, name)
    for step in range(steps):
        world = deployed(pipeline)
        assert run(wanted, world, step)
        apply_until_done(wanted, world, at_once=at_once)
        assert contents(world) == ONCE, f"killed after {world.steps[:step]}"
    assert not run(wanted, deployed(pipeline), steps)


@pytest.mark.parametrize("steps", [2, 5])
def test_a_replacement_that_is_killed_again_and_again_gets_done(pipeline, steps):
    """Two steps a time are enough: emptying a topic is the only one that is taken again."""
    wanted, world = changed(pipeline, JOINED), deployed(pipeline)
    attempts = 0
    while run(wanted, world, steps):
        attempts += 1
        assert attempts < 18
    assert plan_streams(wanted, world, world).pending == ()
    assert contents(world) == ONCE


def lose_everything(world):
    """ksqlDB's command topic is gone: it knows no stream any more, and Kafka has all records."""
    world.specs.clear()
    world.by_id.clear()


def drop_what_is_read_as_a_topic(world):
    """ksqlDB lets the table go: no source reads it by its name, a stream reads its topic."""
    world.drop(world.source(PAID))


def drop_it_and_what_reads_it(world):
    for name in (HOURLY, PAID_STREAM, PAID, MISMATCHES, JOINED):
        world.drop(world.source(name))


def terminate_it(world):
    [query] = world.source(JOINED).writers
    world.terminate(query.query_id)


def delete_it_with_its_topic(world):
    world.drop(world.source(PAID))
    del world.topics["macd_paid_orders"]


def make_it_a_plain_stream(world):
    drop_it_and_what_reads_it(world)
    plain = "CREATE STREAM macd_orders_payments_joined (a INT) WITH (KAFKA_TOPIC = '{}');"
    world.execute(plain.format("macd_orders_payments_joined"), {})


BY_HAND = [
    (lose_everything, range(12)),
    (drop_what_is_read_as_a_topic, range(9)),
    (drop_it_and_what_reads_it, [4, 9]),
    (terminate_it, [5, 17]),
    (delete_it_with_its_topic, [2, 7]),
    (make_it_a_plain_stream, [3, 10]),
]


@pytest.mark.parametrize(("done", "steps"), BY_HAND)
def test_what_somebody_did_by_hand_is_blocked_until_told_to_replace(pipeline, done, steps):
    """The last of the steps is one more than there are: nobody is killed."""
    for step in steps:
        world = deployed(pipeline)
        done(world)
        plan = plan_streams(pipeline, world, world)
        assert all("--replace-streams" in change.remedy for change in plan.blocked)
        assert plan.blocked
        assert run(pipeline, world, step) == (step != steps[-1])
        apply_until_done(pipeline, world, at_once=False)
        assert contents(world) == ONCE, f"killed after {world.steps[:step]}"


def test_the_plan_says_which_records_it_would_remove(pipeline):
    world = deployed(pipeline)
    drop_it_and_what_reads_it(world)
    [blocked, *_] = plan_streams(pipeline, world, world).blocked
    assert blocked.resource == f"stream {JOINED}"
    assert "macd_orders_payments_joined holds records" in blocked.reason
    plan = plan_streams(pipeline, world, world, replace=True)
    assert [change.resource for change in plan.changes if isinstance(change, Delete)] == [
        "records of macd_hourly_revenue",
        "records of macd_orders_payments_joined",
        "records of macd_paid_orders",
        "records of macd_payment_mismatches",
    ]


def test_a_stream_that_somebody_else_makes_meanwhile_keeps_its_records(pipeline):
    world = deployed(pipeline)
    lose_everything(world)
    ours, theirs = (plan_streams(pipeline, world, world, replace=True) for _ in range(2))
    theirs.apply()
    with pytest.raises(RequestRejected, match=r"fills .* \(CSAS_MACD_HOURLY_REVENUE_\d+\)"):
        ours.apply()
    assert contents(world) == ONCE


def test_who_reads_a_topic_that_is_empty_by_now_is_named(pipeline):
    world = deployed(pipeline)
    delete_it_with_its_topic(world)
    [blocked] = plan_streams(pipeline, world, world).blocked
    assert blocked.resource == f"table {PAID}"
    assert HOURLY in blocked.reason


def test_a_removal_that_is_killed_before_any_step_leaves_no_record(pipeline):
    for step in range(15):
        world = deployed(pipeline)
        world.killed_before = step
        with pytest.raises(Killed):
            plan_stream_removal(pipeline, world, world).apply()
        world.killed_before = None
        plan_stream_removal(pipeline, world, world).apply()
        assert world.specs == {}
        assert {topic for topic in ONCE if world.records(topic)} == {"macd_orders", "macd_payments"}


def test_a_renamed_query_is_not_made_onto_what_the_old_one_wrote(pipeline):
    """Pruning the old one empties the topic, and who has read it would get everything again."""
    world = deployed(pipeline)
    [spec] = [each for each in pipeline.statements if each.source == PAID]
    renamed = parse_file(spec.sql.replace("EXISTS macd_paid_orders", "EXISTS macd_paid"), Path(spec.file))
    statements = tuple(renamed if each is spec else each for each in pipeline.statements)
    wanted = pipeline.model_copy(update={"statements": statements})
    arguments = {"orphans": [world.source(PAID)], "prune": True}
    [blocked] = plan_streams(wanted, world, world, **arguments).blocked
    assert blocked.resource == "table MACD_PAID"
    assert HOURLY in blocked.reason
    plan_streams(wanted, world, world, **arguments, replace=True).apply()
    assert contents(world) == ONCE
    assert PAID not in world.specs


def test_two_queries_that_fill_one_topic_are_made_anew_together(pipeline):
    sql = "CREATE STREAM theirs WITH (KAFKA_TOPIC = 'macd_paid_orders') AS SELECT * FROM macd_orders_stream;"
    other = parse_file(sql, Path("08_theirs.sql"))
    both = pipeline.model_copy(update={"statements": (*pipeline.statements, other)})
    world = deployed(both, {**ONCE, "macd_paid_orders": [1, 2, 3] * 2, "macd_hourly_revenue": [1, 2, 3] * 2})
    twice = contents(world)
    assert not run(changed(both, PAID), world, None)
    assert contents(world) == twice
    assert "empty macd_paid_orders" in world.steps
