"""What a join with a table is told of the records that lie in its topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from ksqlflink.services.records import Record, last_offsets
from unit.fakes import Stage, plan_of

CLICKS = "CREATE STREAM clicks (id VARCHAR KEY, page INT) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');"
USERS = (
    "CREATE TABLE users (id VARCHAR PRIMARY KEY, name INT) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');"
)
EARLIEST = {"auto.offset.reset": "earliest"}


@dataclass
class Marked:
    """A topic with marks of transactions behind its records: readers pass over them to the ends."""

    records: list[Record]
    ends: dict[int, int]
    begun: list[Mapping[int, int] | None] = field(default_factory=list)

    def reader(self, topic: str, starts: Mapping[int, int] | None, partitions: Iterable[int]) -> MarkedReader:
        self.begun.append(starts)
        return MarkedReader(self, dict(starts or {}))


@dataclass
class MarkedReader:
    topic: Marked
    at: dict[int, int]

    def poll(self, seconds: float) -> list[Record]:
        found = [each for each in self.topic.records if each.offset >= self.at.get(each.partition, 1000)]
        self.at = {number: self.topic.ends[number] for number in self.at}
        return found

    def position(self) -> Mapping[int, int]:
        return self.at

    def close(self) -> None:
        del self.at


def record(partition: int, offset: int) -> Record:
    return Record(partition, offset, b"k", b"v", 0)


def test_the_last_record_is_found_before_the_marks_behind_it() -> None:
    topic = Marked([record(0, 3), record(0, 500), record(1, 90)], {0: 900, 1: 92, 2: 0, 3: 7})
    begins = {0: 0, 1: 0, 2: 0, 3: 0}
    assert last_offsets(topic, "t", begins, topic.ends) == {0: 500, 1: 90}  # type: ignore[arg-type]
    # Only a partition that has shown no record and has more is searched further back.
    assert topic.begun == [{0: 884, 1: 76, 3: 0}, {0: 644}, {0: 0}]


def test_what_lies_before_the_start_is_not_waited_for() -> None:
    topic = Marked([record(0, 3), record(0, 9)], {0: 20})
    assert last_offsets(topic, "t", {0: 10}, {0: 20}) == {}  # type: ignore[arg-type]
    assert last_offsets(topic, "t", {0: 9}, {0: 20}) == {0: 9}  # type: ignore[arg-type]


def test_a_record_that_came_meanwhile_is_not_waited_for() -> None:
    topic = Marked([record(0, 3), record(0, 9)], {0: 10})
    assert last_offsets(topic, "t", {0: 0}, {0: 5}) == {0: 3}  # type: ignore[arg-type]


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for topic, statement in (("clicks", CLICKS), ("users", USERS)):
        stage.topics.add(topic)
        stage.run(statement)
        stage.records.write(topic, b"u1", b"{}", 1000)
        stage.records.write(topic, b"u1", b"{}", 2000)
    return stage


def last(stage: Stage) -> list[dict[str, int] | None]:
    return [each.get("last") for each in plan_of(stage)["inputs"]]


def test_a_join_with_a_table_knows_the_last_records_of_both_topics(stage: Stage) -> None:
    stage.run("CREATE STREAM x AS SELECT * FROM clicks c JOIN users u ON c.id = u.id;", **EARLIEST)
    assert last(stage) == [{"0": 1}, {"0": 1}]


def test_of_a_stream_that_is_read_from_its_end_nothing_is_waited_for(stage: Stage) -> None:
    stage.run("CREATE STREAM x AS SELECT * FROM clicks c JOIN users u ON c.id = u.id;")
    assert last(stage) == [{}, {"0": 1}]


def test_streams_are_joined_as_they_come(stage: Stage) -> None:
    within = "WITHIN 1 HOUR GRACE PERIOD 1 HOUR"
    stage.run(CLICKS.replace("STREAM clicks", "STREAM again"))
    stage.run(f"CREATE STREAM x AS SELECT * FROM clicks c JOIN again d {within} ON c.id = d.id;", **EARLIEST)
    assert last(stage) == [None, None]


def test_nothing_is_read_while_a_request_is_validated(stage: Stage) -> None:
    explained = "EXPLAIN SELECT * FROM clicks c JOIN users u ON c.id = u.id EMIT CHANGES;"
    [answer] = stage.run(explained, **EARLIEST)
    assert '"last"' not in answer["queryDescription"]["executionPlan"]
