from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from macd.clients.records import Position
from macd.errors import DeliveryFailed, RequestRejected, ServiceUnreachable
from macd.repair.dead_letters import Kind, judge, judge_all, records_within
from macd.repair.replay import Classified, replay_batches, span_of
from macd.repair.table import render
from macd.repair.transactions import Progress
from tests.unit.macd.quality.test_reconcile import ROUTE
from tests.unit.macd.repair import world as worlds
from tests.unit.macd.repair.world import REFUSED, SKIPPED, TOPIC, Killed, World, dead_letter


def replay(world: World, note: str = "", from_beginning: bool = False, size: int = 3) -> list[str]:
    """One attempt, as the operator makes it, in batches of `size` records."""
    transactions = world.transactions()
    span = world.span(from_beginning, note)
    batches = (
        batch[start : start + size]
        for batch in judge_all(world.read, span, lambda ids: set())
        for start in range(0, len(batch), size)
    )
    with world.group() as group:
        return replay_batches(batches, ROUTE, transactions, group, note)


def letters_of(kinds: list[str]) -> list[worlds.FakeMessage]:
    return [dead_letter(at, b"%d" % at, kind) for at, kind in enumerate(kinds)]


def test_the_record_is_written_as_it_was_with_the_count_of_its_replays() -> None:
    world = World([dead_letter(0, b"order", attempts=1, value=b"\x00avro")])
    assert replay(world) == ["order"]
    assert world.joined == [
        {
            "topic": ROUTE.joined_topic,
            "partition": 1,
            "key": b"order",
            "value": b"\x00avro",
            "timestamp": 1_700_000_000_000,
            "headers": [("trace", b"kept"), ("macd.replay", b"2")],
        }
    ]


@given(
    st.lists(st.sampled_from([SKIPPED, REFUSED]), max_size=12), st.lists(st.integers(1, 12)), st.booleans()
)
def test_killed_anywhere_and_often_it_replays_each_once(kinds, kills, from_beginning) -> None:
    world = World(letters_of(kinds))
    if from_beginning:
        # An earlier replay had passed over everything.
        world.committed = TopicPartition(TOPIC, 0, len(kinds), metadata="another")
    for kill_at in [*kills, -1]:
        world.kill_at, world.steps = kill_at, 0
        try:
            replay(world, "this one", from_beginning)
        except Killed:
            continue
        break
    wanted = [b"%d" % at for at, kind in enumerate(kinds) if kind == SKIPPED]
    assert [each["key"] for each in world.joined] == wanted
    assert world.span().size == 0
    assert replay(world) == []


def test_from_the_beginning_looks_again_unless_this_replay_has_begun_there() -> None:
    begins, ends = [Position(TOPIC, 0, 2)], [Position(TOPIC, 0, 9)]

    def start(committed: Progress | None, from_beginning: bool, note: str) -> int:
        known = {} if committed is None else {(TOPIC, 0): committed}
        return span_of(begins, ends, known, from_beginning, note).starts[0].offset

    assert start(None, False, "") == 2
    assert start(Progress(5, ""), False, "") == 5
    assert start(Progress(5, ""), True, "") == 2
    assert start(Progress(5, "old"), True, "new") == 2
    assert start(Progress(5, "new"), True, "new") == 5
    assert start(Progress(1, ""), False, "") == 2, "retention has passed the group by"
    assert start(Progress(10, ""), False, "") == 2, "the topic was made anew"


def test_a_partition_that_came_while_it_was_looked_at_is_left_for_the_next() -> None:
    world = World([dead_letter(0, b"a")])
    span, late = world.span(), dead_letter(0, b"b")._replace(where=(TOPIC, 1))
    [[found]] = records_within(lambda starts: iter([[*world.letters, late]]), span)
    assert found.key() == b"a"


def test_what_arrives_during_a_replay_is_left_for_the_next() -> None:
    world = World(letters_of([SKIPPED] * 3))
    span = world.span()
    world.letters += [dead_letter(3, b"late", attempts=1)]
    assert [each.offset() for batch in records_within(world.read, span) for each in batch] == [0, 1, 2]


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (KafkaError._FENCED, RequestRejected),
        (KafkaError._MSG_TIMED_OUT, DeliveryFailed),
        (KafkaError._TIMED_OUT, ServiceUnreachable),
    ],
)
def test_a_refused_transaction_leaves_nothing_and_says_what_to_do(code, raised) -> None:
    world = World(letters_of([SKIPPED]))
    world.refuses = KafkaError(code)
    with pytest.raises(raised, match="Remedy"):
        replay(world)
    assert (world.joined, world.committed, world.open) == ([], None, ([], []))


def test_the_table_lists_what_asks_for_attention_and_counts_all() -> None:
    found = Classified()
    for at in range(60):
        found.add(judge(dead_letter(at, b"run-%08d" % at), {f"run-{at:08d}"} if at < 5 else set(), {}))
    found.add(judge(dead_letter(60, b"poison", REFUSED, "code=11000, message=twice\nthere"), set(), {}))
    text = render(found)
    assert found.verdict == "55 to replay, 1 bad, 5 already stored"
    assert len(found.listed) == 51
    assert len(found.keys) == 1, "one key stands for its run"
    assert "0/60" in text
    assert "WriteException: code=11000, message=twice there" in text
    assert found.counts[Kind.STORED] == 5
    assert "No dead letters" in render(Classified())
