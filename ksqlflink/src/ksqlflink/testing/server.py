"""A server without services: statements are carried out as ever, their queries run in the worker."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from ksqlflink.catalogue.store import Catalogue
from ksqlflink.dialect import statements as st
from ksqlflink.flink.translate import Services
from ksqlflink.services.topics import Topics
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.executor import Executor, Session
from ksqlflink.statements.properties import check_streams_properties, get, with_
from ksqlflink.statements.requests import parsed
from ksqlflink.statements.server_properties import ServerProperties
from ksqlflink.statements.world import World
from ksqlflink.testing.queries import PlanKeeper, WorkerQueries
from ksqlflink.testing.services import MemoryKafka, MemoryRegistry, placed_by
from ksqlflink.worker.process import Worker

EARLIEST = {"auto.offset.reset": "earliest"}


class MemoryServer:
    """Carries out statements; topics that they read and that are not there are made."""

    def __init__(self, worker: Worker) -> None:
        self.kafka, self.registry = MemoryKafka(), MemoryRegistry()
        self.world = World(Catalogue(":memory:"), self.kafka, self.registry, self.kafka, worker)
        self.builder = builder = PlanKeeper(Services("", ""), {}, 0)
        self.queries = WorkerQueries(self.world, self.kafka, builder.plans)
        self.executor = Executor(self.world, self.queries, lambda: builder, ServerProperties("").listed())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.queries.close()

    def run(self, text: str, session: Session) -> list[Entity]:
        """Carry out statements and let the queries come to rest; what was answered. KsqlError if refused."""
        check_streams_properties(session.properties, text)
        answers = []
        for statement in parsed(text, self.world, session.variables):
            answers.append(self.executor.execute(with_assumed_topic(statement, self.kafka), session))
            self.queries.settle()
        return [answer for answer in answers if answer is not None]

    def produce(
        self, topic: str, key: bytes | None, value: bytes | None, timestamp: int, partition: int | None = None
    ) -> None:
        """Append a record to a topic and let the queries come to rest."""
        if partition is None:
            partition = placed_by(key, self.kafka.topics[topic].partitions)
        self.kafka.append(topic, key, value, timestamp, partition)
        self.queries.settle()


def with_assumed_topic(statement: st.Statement, topics: Topics) -> st.Statement:
    """Return a statement that creates the topic it reads, if that is not there yet."""
    if not isinstance(statement, st.CreateSource) or get(statement, "PARTITIONS") is not None:
        return statement
    name = get(statement, "KAFKA_TOPIC")
    missing: bool = name is not None and topics.find(name) is None
    completed: st.Statement = with_(statement, PARTITIONS=1) if missing else statement
    return completed


def session(**properties: Any) -> Session:
    """Return a session that reads topics from their beginning."""
    return Session({**EARLIEST, **properties})
