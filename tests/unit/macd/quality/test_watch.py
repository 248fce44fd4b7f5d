from __future__ import annotations

from itertools import count

import pytest

from macd.clients.records import Position, RecordReader
from macd.producer.manifest import PartitionOffset
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.quality import watch
from macd.quality.waiting import PAST_STALL_LIMIT_S, wait_until_settled
from macd.quality.watch import Progress, RunWatch, reason_of
from tests.unit.macd.fakes import AS_OF, KAFKA, FakeBroker, FakeCollection, FakeConsumer, document_of
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of

PARAMETERS = SeedParameters(orders=40, unpaid_share=0.1, outside_window_share=0.1, duplicate_share=0.2)
RUN = Run("r", PARAMETERS, AS_OF)
SALES = list(RUN.sales())
REASON = ("__connect.errors.exception.message", b"schema not found")


class World:
    def __init__(self, run: Run = RUN) -> None:
        self.broker, self.collection = FakeBroker(), FakeCollection()
        topics = (ROUTE.joined_topic, ROUTE.dead_letter_topic)
        start = [Position(topic, partition, 0) for topic in topics for partition in (0, 1)]
        reader = RecordReader(KAFKA, start, FakeConsumer(self.broker, batch=1_000))
        self.watch = RunWatch(manifest_of(run), ROUTE, reader, self.collection)

    def join(self, sale, pairs=None):
        for _ in range(sale.pairs if pairs is None else pairs):
            self.broker.append(ROUTE.joined_topic, sale.order.order_id.encode())

    def store(self, sale):
        self.collection.documents[sale.order.order_id] = document_of(sale)

    def bury(self, sale):
        self.broker.append(ROUTE.dead_letter_topic, sale.order.order_id.encode(), headers=[REASON])


def test_a_run_is_followed_from_join_to_collection():
    world, plan = World(), RUN.plan
    before = world.watch.look()
    assert (before.expected, before.joined, before.stored, before.done) == (plan.expected, 0, 0, False)
    for sale in SALES:
        world.join(sale)
    joined = world.watch.look()
    assert (joined.joined, joined.pairs_joined, joined.stored) == (plan.expected, joined.pairs_expected, 0)
    wanted = [sale for sale in SALES if sale.pairs]
    for sale in wanted[1:]:
        world.store(sale)
    assert not world.watch.look().done
    world.bury(wanted[0])
    done = world.watch.look()
    assert (done.stored, done.dead_lettered, done.done) == (plan.expected - 1, 1, True)
    assert world.watch.dead_letters == {wanted[0].number: "schema not found"}


def test_a_dead_letter_that_was_replayed_counts_once():
    world = World()
    for sale in SALES:
        world.join(sale)
        if sale.pairs:
            world.store(sale)
            world.bury(sale)
    progress = world.watch.look()
    assert (progress.stored, progress.dead_lettered, progress.done) == (RUN.plan.expected, 0, True)


def test_a_record_written_again_is_no_further_pair():
    world = World()
    for sale in SALES:
        world.join(sale)
    before = world.watch.look()
    sale = next(sale for sale in SALES if sale.pairs)
    world.broker.append(ROUTE.joined_topic, sale.order.order_id.encode(), headers=[("macd.replay", b"1")])
    after = world.watch.look()
    assert after.pairs_joined == before.pairs_joined == after.pairs_expected
    assert world.watch.joined[sale.number] == sale.pairs
    assert after.records_read == before.records_read + 1


def test_unwanted_and_surplus_pairs_make_nothing_done():
    world = World()
    for sale in SALES:
        if sale.pairs:
            world.store(sale)
        else:
            world.join(sale, pairs=1)
    first = next(sale for sale in SALES if sale.pairs)
    world.join(first, pairs=300)
    progress = world.watch.look()
    assert (progress.joined, progress.pairs_joined, progress.done) == (1, first.pairs, False)
    assert world.watch.joined[first.number] == 255, "counting stops at what a byte holds"


def test_records_of_other_runs_are_passed_over():
    world = World()
    for other in Run("another", PARAMETERS, AS_OF).sales():
        world.join(other)
    progress = world.watch.look()
    assert (progress.joined, progress.pairs_joined) == (0, 0)
    assert progress.records_read > 0


def test_a_topic_that_came_after_the_run_is_read_too():
    """Its dead letters would not be seen otherwise."""
    known = PartitionOffset(topic=ROUTE.joined_topic, partition=0, offset=7)
    manifest = manifest_of(RUN).model_copy(update={"start_offsets": (known,)})
    start = manifest.start_of((ROUTE.joined_topic, ROUTE.dead_letter_topic, None))
    assert start == ((ROUTE.joined_topic, 0, 7), (ROUTE.dead_letter_topic, 0, 0))


def test_transactions_that_follow_each_other_keep_nothing_from_us(monkeypatch):
    """A query that writes in transactions has one open at nearly any moment."""
    now = [0.0]
    monkeypatch.setattr(watch, "monotonic", lambda: now[0])
    world, said = World(), []
    for sale in SALES:
        world.join(sale)
    found = []
    for now[0], since in ((0.0, 0), (5.0, 2), (10.0, 2)):
        world.broker.open_since[ROUTE.joined_topic, 0] = since
        world.watch.look()
        found.append(world.watch.is_held_up(said.append))
    assert found == [False, False, True]


def test_waiting_goes_on_while_a_transaction_keeps_records_from_us_and_ends_when_it_does(monkeypatch):
    monkeypatch.setattr(watch, "OPEN_FOR_LONG_S", 0.0)
    world, said = World(), []
    for sale in SALES:
        world.join(sale)
        if sale.pairs:
            world.store(sale)
    for partition in (0, 1):
        world.broker.open_since[ROUTE.joined_topic, partition] = 0
    seconds = count(0, 1)

    def clock() -> float:
        now = next(seconds)
        if now > 200:
            world.broker.open_since.clear()
        return float(now)

    outcome = wait_until_settled(
        world.watch.look, 1000, said.append, 30, clock, lambda: world.watch.is_held_up(said.append)
    )
    assert outcome.settled
    assert outcome.seconds > 200
    told = f"records of topic {ROUTE.joined_topic} are behind a transaction that is still open (since offset"
    assert any(line.startswith("waiting on: ") and told in line for line in said)
    assert world.watch.obstacles == ()


@pytest.mark.parametrize(
    "headers", [None, [], [("other", b"x")], [("__connect.errors.exception.message", None)]]
)
def test_a_dead_letter_without_a_reason_says_why(headers):
    assert "context.headers.enable" in reason_of(headers)


def test_a_reason_is_told_without_the_login_of_the_sink():
    """Connect writes what its driver says, and that may quote the URI."""
    told = b"Invalid value mongodb://macd:ca/n@ry@db.test/?w=1 for connection.uri"
    reason = reason_of([("__connect.errors.exception.message", told)])
    assert reason == "Invalid value mongodb://***@db.test/?w=1 for connection.uri"


def at(stored, expected=10):
    return Progress(expected, stored, stored, 0, expected, stored, stored)


def waited(looks, **limits):
    seconds, said = count(0, 1), []
    outcome = wait_until_settled(
        lambda: next(looks), say=said.append, clock=lambda: float(next(seconds)), **limits
    )
    return outcome, said


def test_waiting_ends_when_everything_has_arrived():
    outcome, said = waited(iter([at(0), at(4), at(10)]), deadline_s=100)
    assert outcome.settled
    assert said == ["10 joined, 10 stored of 10 orders expected after 3.0 s"]


def test_waiting_ends_at_the_deadline_even_when_something_moves():
    outcome, said = waited(map(at, range(10)), deadline_s=5)
    assert not outcome.settled
    assert outcome.seconds == 5
    assert said[-1].endswith("giving up")


def test_waiting_ends_when_nothing_moves_any_more():
    outcome, said = waited((at(min(n, 3)) for n in count()), deadline_s=1000, stall_limit_s=20)
    assert not outcome.settled
    assert 20 <= outcome.seconds <= 30
    assert len(said) > 3, "a line every few seconds shows that it is alive"


class Sink:
    """Stores one order a look until it has failed, and goes on where it stopped once it is restarted."""

    def __init__(self, restarts: int) -> None:
        self.stored, self.left, self.asked = 0, restarts, 0
        self.failed = False

    def look(self) -> Progress:
        self.failed = self.failed or self.stored == 5
        if not self.failed:
            self.stored += 1
        return at(self.stored)

    def restart(self) -> bool:
        self.asked += 1
        if not (self.failed and self.left):
            return False
        self.left -= 1
        self.failed, self.stored = False, self.stored + 1
        return True


@pytest.mark.parametrize(("restarts", "settled"), [(1, True), (0, False)])
def test_what_stands_still_is_restarted_before_waiting_is_given_up(restarts, settled):
    seconds, sink = count(0, 1), Sink(restarts)
    outcome = wait_until_settled(
        sink.look, 1000, lambda _: None, 30, lambda: float(next(seconds)), rescue=sink.restart
    )
    assert outcome.settled is settled
    assert sink.asked == (1 if settled else 3), "every ten seconds without a move, and never while it moves"


@pytest.mark.parametrize(
    ("caught_up", "seconds"),
    [
        pytest.param([True, True], 21, id="believed when it is seen twice"),
        pytest.param([True, False, True, True], 41, id="twice in a row"),
        pytest.param([False], 91, id="otherwise the limit counts"),
    ],
)
def test_nobody_waits_for_what_cannot_come_any_more(caught_up, seconds):
    answers = iter(caught_up)
    outcome, _ = waited(
        (at(3) for _ in count()),
        deadline_s=1000,
        stall_limit_s=90,
        caught_up=lambda: next(answers, False),
    )
    assert (outcome.settled, outcome.seconds) == (False, seconds)


def test_what_moves_has_not_been_caught_up_with():
    """The last records may be seen a moment after everything was read."""
    looks = (at(3 if n < 15 else 5 if n < 34 else 10) for n in count())
    outcome, _ = waited(looks, deadline_s=1000, stall_limit_s=90, caught_up=lambda: True)
    assert (outcome.settled, outcome.seconds) == (True, 35)


def test_nobody_restarts_what_moves():
    def rescue() -> bool:
        raise AssertionError

    seconds, looks = count(0, 1), (at(n // 8) for n in count())
    outcome = wait_until_settled(
        lambda: next(looks), 1000, lambda _: None, 30, lambda: float(next(seconds)), rescue=rescue
    )
    assert outcome.settled


@pytest.mark.parametrize(("restarts", "settled", "seconds"), [(1, True, 14), (0, False, 10)])
def test_a_run_long_past_is_given_up_only_after_a_look_for_failed_sinks(restarts, settled, seconds):
    clock, sink = count(0, 1), Sink(restarts)
    outcome = wait_until_settled(
        sink.look, 1000, lambda _: None, PAST_STALL_LIMIT_S, lambda: float(next(clock)), rescue=sink.restart
    )
    assert (outcome.settled, outcome.seconds, sink.asked) == (settled, seconds, 1)


def test_what_was_restarted_for_a_run_long_past_is_waited_for_and_not_asked_about_again():
    """As while Kafka Connect is away: waiting is worth it, but not for each old run to its deadline."""
    asked: list[int] = []
    outcome, _ = waited(
        (at(3) for _ in count()),
        deadline_s=1000,
        stall_limit_s=PAST_STALL_LIMIT_S,
        rescue=lambda: not asked.append(1),
    )
    assert (outcome.settled, len(asked)) == (False, 1)
    assert outcome.seconds == 1 + PAST_STALL_LIMIT_S + 45
