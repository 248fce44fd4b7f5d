"""ASSERT VALUES, NULL VALUES, STREAM and TABLE: what the statements of a test claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import parse_one
from ksqlflink.dialect import statements as st
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import back_quoted
from ksqlflink.services.records import Record
from ksqlflink.services.topics import Topic
from ksqlflink.statements.create_query import analyze_transient, client_plan
from ksqlflink.statements.definitions import source_of
from ksqlflink.statements.insert_values import ValueInserter
from ksqlflink.statements.properties import get, with_
from ksqlflink.statements.world import World
from ksqlflink.testing.queries import Planned, Session
from ksqlflink.testing.server import MemoryServer
from ksqlflink.testing.services import MemoryKafka

# Nothing can be inserted under the names of the bounds themselves.
_BOUNDS = {"WINDOWSTART": "window's start", "WINDOWEND": "window's end"}
# What WITH may name, the member of the source it becomes, and how ksqlDB calls it where it differs.
_PROPERTIES = (
    (("KAFKA_TOPIC",), "topic", "kafka topic"),
    (("FORMAT", "KEY_FORMAT"), "key_format", "key format"),
    (("FORMAT", "VALUE_FORMAT"), "value_format", "value format"),
    (("TIMESTAMP",), "timestamp_column", "timestamp column"),
    (("TIMESTAMP_FORMAT",), "timestamp_format", "timestamp format"),
    (("WRAP_SINGLE_VALUE",), "wrap_value", "serde options"),
    (("WINDOW_TYPE",), "window_type", "window type"),
    (("WINDOW_SIZE",), "window_size_ms", "window size"),
)


class AssertionProblem(Exception):
    """What an ASSERT says is not so."""


def _source(server: MemoryServer, name: str) -> DataSource:
    source = server.world.catalogue.source(name)
    if source is None:
        raise AssertionProblem(f"{name} does not exist.")
    return source


def check_source(server: MemoryServer, statement: st.CreateSource) -> None:
    """AssertionProblem where a source is otherwise than a CREATE statement says, in what that names."""
    actual = _source(server, statement.name)
    expected = source_of(_completed(statement, actual))
    named = [what for names, *what in _PROPERTIES if any(get(statement, name) is not None for name in names)]
    for member, title in (("kind", "type"), ("columns", "schema"), *named):
        wanted, found = (getattr(source, member) for source in (expected, actual))
        if wanted != found:
            shown = map(_listed, (wanted, found)) if member == "columns" else (wanted, found)
            same = f"Expected {title} does not match actual for source {actual.name}."
            raise AssertionProblem("{}\n- {}\n+ {}".format(same, *shown))


def _completed(statement: st.CreateSource, actual: DataSource) -> st.CreateSource:
    """Fill in what a statement leaves open."""
    given = {"KAFKA_TOPIC": actual.topic}
    if get(statement, "FORMAT") is None:
        given |= {"KEY_FORMAT": actual.key_format, "VALUE_FORMAT": actual.value_format}
    missing = {name: value for name, value in given.items() if get(statement, name) is None}
    completed: st.CreateSource = with_(statement, **missing)
    return completed


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(f"{back_quoted(one.name)} {one.type}{' KEY' if one.key else ''}" for one in columns)


@dataclass(frozen=True)
class ValueAsserter:
    """Compares the next record of a source's topic with values; `read` counts those that were compared."""

    server: MemoryServer
    read: Counter[str]

    def check(self, values: st.InsertValues, is_null: bool) -> None:
        """AssertionProblem where there is no further record, or another one."""
        source = _source(self.server, values.target)
        columns = values.columns or tuple(one.name for one in source.columns if one.key or not is_null)
        expected = self._expected(source, replace(values, columns=columns))
        records = self.server.kafka.records(source.topic)
        if self.read[source.topic] >= len(records):
            found = "\n".join(f"  {self._row(source, one, columns)}" for one in records)
            raise AssertionProblem(
                f"Expected another record, but all records have already been read:\n- {expected}\n{found}"
            )
        record = records[self.read[source.topic]]
        self.read[source.topic] += 1
        actual = self._row(source, record, columns)
        if actual != expected or (record.value is None) != is_null:
            said = zip((is_null, record.value is None), (expected, actual), strict=True)
            shown = [f"{'null ' if null else ''}{row}" for null, row in said]
            raise AssertionProblem("Expected record does not match actual.\n- {}\n+ {}".format(*shown))

    def _expected(self, source: DataSource, values: st.InsertValues) -> str:
        """The row of the values: inserted into a stream with all columns, and the bounds, as plain ones."""
        plain = [replace(column, key=False) for column in source.columns]
        columns = (*plain, *(Column(name, t.BIGINT) for name in _BOUNDS.values()))
        stream = replace(source, kind="STREAM", topic="expected", columns=columns, window_type=None)
        stream = replace(
            stream, key_format="NONE", value_format="JSON", wrap_value=True, timestamp_column=None
        )
        kafka = MemoryKafka()
        kafka.create(Topic(stream.topic, 1, 1))
        world = replace(self.server.world.sandbox(), topics=kafka, records=kafka)
        world.catalogue.put_source(stream)
        names = tuple(_BOUNDS.get(name, name) for name in values.columns)
        ValueInserter(world).insert(replace(values, columns=names))
        return self._selected(world, stream, kafka.records(stream.topic)[0], names)

    def _row(self, source: DataSource, record: Record, columns: Sequence[str]) -> str:
        stream = replace(source, kind="STREAM", timestamp_column=None)
        if record.value is None:
            # Only the key can be asked for; a stream's record without a value would give nothing.
            stream = replace(stream, columns=source.key_columns, value_format="JSON")
            record = replace(record, value=b"{}")
            columns = [name for name in columns if source.column(name) in (*source.key_columns, None)]
        world = self.server.world.sandbox()
        world.catalogue.put_source(stream)
        return self._selected(world, stream, record, columns)

    def _selected(self, world: World, source: DataSource, record: Record, columns: Sequence[str]) -> str:
        """The columns of a record, as a query shows them."""
        listed = ", ".join(map(back_quoted, columns))
        query = f"SELECT {listed} FROM {back_quoted(source.name)} EMIT CHANGES;"  # noqa: S608 - names are quoted
        statement = parse_one(query)
        assert isinstance(statement, st.SelectStatement)  # noqa: S101 - as its text begins
        plan = client_plan(analyze_transient(statement, world), "", {})
        session = Session(world.worker, world.registry, Planned(plan, (source.topic,), {source.topic: None}))
        with closing(session):
            rows = session.feed([(source.topic, record)])
        if not rows:
            raise AssertionProblem(f"A record of {source.name} cannot be read: {record.value!r}")
        return (rows[0][1] or b"").decode()
