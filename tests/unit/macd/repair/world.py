"""A dead-letter topic with a transactional broker in memory, on which a replay may be killed at any point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from macd.clients.records import Position
from macd.repair.dead_letters import Span
from macd.repair.replay import span_of
from macd.repair.transactions import ReaderGroup, Transactions
from tests.unit.macd.fakes import KAFKA, FakeMessage
from tests.unit.macd.quality.test_reconcile import ROUTE

TOPIC = "dlq.macd_orders_payments_joined"
SKIPPED = "com.mongodb.kafka.connect.sink.dlq.WriteSkippedException"
REFUSED = "com.mongodb.kafka.connect.sink.dlq.WriteException"


class Killed(BaseException):
    """The process ends here."""


def dead_letter(
    at: int,
    key: bytes | None,
    error: str = SKIPPED,
    message: str = "",
    attempts: int | None = None,
    value: bytes | None = b"avro",
) -> FakeMessage:
    headers = [
        ("trace", b"kept"),
        ("__connect.errors.partition", b"1"),
        ("__connect.errors.exception.class.name", error.encode()),
        ("__connect.errors.exception.message", message.encode()),
    ]
    if attempts is not None:
        headers.insert(0, ("macd.replay", str(attempts).encode()))
    return FakeMessage((TOPIC, 0), key, value, 1_700_000_000_000, headers, at=at)


class World:
    """What is committed stays; what a killed process had begun is undone when the next one comes."""

    def __init__(self, letters: Iterable[FakeMessage]) -> None:
        self.letters = list(letters)
        self.joined: list[dict[str, Any]] = []
        self.committed: TopicPartition | None = None
        self.kill_at = -1
        self.steps = 0
        self.open: tuple[list[dict[str, Any]], list[TopicPartition]] = ([], [])
        self.refuses: KafkaError | None = None

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed

    def read(self, starts: Iterable[Position]) -> Iterator[list[FakeMessage]]:
        [start] = starts
        yield self.letters[start.offset :]

    def span(self, from_beginning: bool = False, note: str = "") -> Span:
        begin, end = Position(TOPIC, 0, 0), Position(TOPIC, 0, len(self.letters))
        with ReaderGroup(KAFKA, "g", FakeGroup(self)) as group:
            return span_of([begin], [end], group.committed([begin]), from_beginning, note)

    def transactions(self) -> Transactions:
        return Transactions(KAFKA, "name", FakeTransactionalProducer(self))

    def group(self) -> ReaderGroup:
        return ReaderGroup(KAFKA, "g", FakeGroup(self))

    @property
    def topic(self) -> str:
        return ROUTE.joined_topic


class FakeTransactionalProducer:
    def __init__(self, world: World) -> None:
        self.world = world

    def init_transactions(self, timeout: float) -> None:
        self.world.open = ([], [])

    def begin_transaction(self) -> None:
        self.world.step()
        self.world.open = ([], [])

    def produce(self, topic: str, **message: Any) -> None:
        self.world.step()
        self.world.open[0].append({"topic": topic, **message})

    def send_offsets_to_transaction(self, positions: Any, group: Any, timeout: float) -> None:
        self.world.step()
        self.world.open[1].extend(positions)

    def commit_transaction(self, timeout: float) -> None:
        self.world.step()
        if self.world.refuses is not None:
            raise KafkaException(self.world.refuses)
        records, positions = self.world.open
        self.world.joined += records
        for position in positions:
            self.world.committed = position
        # Committed, and killed before anybody could be told.
        self.world.step()

    def abort_transaction(self, timeout: float) -> None:
        self.world.open = ([], [])


class FakeGroup:
    def __init__(self, world: World) -> None:
        self.world = world

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        found = self.world.committed
        return [found if found is not None else TopicPartition(TOPIC, 0, -1001)]

    def consumer_group_metadata(self) -> str:
        return "member"

    def close(self) -> None:
        pass
