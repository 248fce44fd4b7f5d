"""An analysed query -> the Flink job that runs it.

Each input becomes a table over its topic with the writer's own field names, `$rt` the time ksqlDB would give
a record, and a watermark that trails it by the grace period. The sink writes key, value and timestamp.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ksqlflink import avro, conditions
from ksqlflink import sqltypes as t
from ksqlflink.analysis import Analysis, JoinWindow
from ksqlflink.dialect import ast
from ksqlflink.flink_types import flink_type, interval, quote, read_type, string
from ksqlflink.model import Column, DataSource, FlinkJob

_EPOCH = "TIMESTAMP '1970-01-01 00:00:00'"
_TIME = "TIMESTAMP_LTZ(3)"


@dataclass(frozen=True)
class Services:
    """Addresses as the Flink cluster sees them."""

    bootstrap_servers: str
    registry_url: str


@dataclass(frozen=True)
class Sink:
    """Where a query writes to; `value_schema` is the Avro schema, None for JSON."""

    topic: str
    columns: Sequence[Column]
    value_schema: str | None
    transactional_id_prefix: str
    transaction_timeout_ms: int


@dataclass(frozen=True)
class Start:
    """Where a query starts to read a topic: at its beginning, or at these offsets by partition."""

    offsets: Mapping[int, int] | None = None


def _options(options: Mapping[str, str]) -> str:
    return ", ".join(f"{string(name)} = {string(value)}" for name, value in options.items())


def _table(name: str, columns: Sequence[str], options: Mapping[str, str]) -> str:
    return f"CREATE TEMPORARY TABLE {quote(name)} ({', '.join(columns)}) WITH ({_options(options)})"


class Translator:
    """Writes the Flink SQL of one query."""

    def __init__(
        self, services: Services, schemas: Mapping[str, str], starts: Mapping[str, Start], group: str
    ) -> None:
        """`schemas` are the newest registered value schemas and `starts` the start positions, by topic.

        In the consumer group `group` each checkpoint notes how far the query has come; nothing starts there.
        """
        self._services = services
        self._schemas = schemas
        self._starts = starts
        self._group = group

    def job(self, analysis: Analysis, sink: Sink, settings: dict[str, str]) -> FlinkJob:
        """Return the job; flink_types.Mismatch when a declared column does not fit the registered schema."""
        grace = analysis.join.grace_ms if analysis.join else 0
        tables = [self._source_table(alias, source, grace) for alias, source in analysis.inputs.items()]
        return FlinkJob(
            settings,
            (*tables, self._sink_table(sink)),
            self._insert(analysis, sink),
            sink.transactional_id_prefix,
        )

    # -- sources -------------------------------------------------------------------------------------------

    def _fields(self, source: DataSource) -> dict[str, tuple[str, str]]:
        """Return, by value column, the name and Flink type of the field it is read from."""
        schema, names = json.loads(self._schemas[source.topic]), avro.Names()
        names.resolve(schema)
        written = {field["name"].upper(): field for field in schema["fields"]}
        fields = {}
        for column in source.columns:
            if column.key:
                continue
            field = written.get(column.name.upper())
            kind = flink_type(column.type) if field is None else read_type(column.type, field["type"], names)
            fields[column.name] = (column.name if field is None else field["name"], kind)
        return fields

    def _source_table(self, alias: str, source: DataSource, grace_ms: int) -> str:
        key = [f"`$key` {flink_type(source.key.type)}"] if source.key else []
        fields = [f"{quote(name)} {kind}" for name, kind in self._fields(source).values()]
        time = [
            f"`$ts` {_TIME} METADATA FROM 'timestamp' VIRTUAL",
            f"`$rt` AS {self._rowtime(source)}",
            f"WATERMARK FOR `$rt` AS `$rt` - {interval(grace_ms)}",
        ]
        return _table(f"$in_{alias}", [*key, *fields, *time], self._source_options(source))

    def _rowtime(self, source: DataSource) -> str:
        if source.timestamp_column is None:
            return "`$ts`"
        raw = self._raw(source, source.timestamp_column)
        column = source.column(source.timestamp_column)
        if column is not None and column.type == t.BIGINT:
            return f"TO_TIMESTAMP_LTZ(COALESCE({raw}, 0), 3)"
        # Flink fails on a null event time; such a record is filtered out before the join instead.
        return f"CAST(COALESCE({raw}, {_EPOCH}) AS {_TIME})"

    def _raw(self, source: DataSource, column: str) -> str:
        if source.key and column == source.key.name:
            return "`$key`"
        return quote(self._fields(source)[column][0])

    def _source_options(self, source: DataSource) -> dict[str, str]:
        options = {
            "connector": "kafka",
            "topic": source.topic,
            "properties.bootstrap.servers": self._services.bootstrap_servers,
            "properties.isolation.level": "read_committed",
            "properties.group.id": self._group,
            **self._start_options(source.topic),
            "value.format": "avro-confluent",
            "value.avro-confluent.url": self._services.registry_url,
        }
        return {**options, **_key_options(source.key is not None)}

    def _start_options(self, topic: str) -> dict[str, str]:
        offsets = self._starts[topic].offsets
        if offsets is None:
            return {"scan.startup.mode": "earliest-offset"}
        listed = ";".join(f"partition:{number},offset:{offset}" for number, offset in sorted(offsets.items()))
        return {"scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": listed}

    def _input(self, alias: str, source: DataSource) -> str:
        columns = []
        fields = self._fields(source)
        for column in source.columns:
            raw = self._raw(source, column.name)
            same = column.key or fields[column.name][1] == flink_type(column.type)
            value = raw if same else f"CAST({raw} AS {flink_type(column.type)})"
            columns.append(f"{value} AS {quote(column.name)}")
        table = quote(f"$in_{alias}")
        selected = f"SELECT {', '.join([*columns, '`$rt`'])} FROM {table}"  # noqa: S608 - quoted identifiers
        if source.timestamp_column is not None:
            selected += f" WHERE {self._raw(source, source.timestamp_column)} IS NOT NULL"
        return f"({selected}) AS {quote(alias)}"

    # -- sink ----------------------------------------------------------------------------------------------

    def _sink_table(self, sink: Sink) -> str:
        key = [f"`$key` {flink_type(column.type)}" for column in sink.columns if column.key]
        values = [f"{quote(c.name)} {_written_type(c.type)}" for c in sink.columns if not c.key]
        columns = [*key, *values, f"`$ts` {_TIME} METADATA FROM 'timestamp'"]
        options = {
            "connector": "kafka",
            "topic": sink.topic,
            "properties.bootstrap.servers": self._services.bootstrap_servers,
            **_key_options(bool(key)),
            **self._value_options(sink),
            "sink.delivery-guarantee": "exactly-once",
            "sink.transactional-id-prefix": sink.transactional_id_prefix,
            # Pooled ids are reused; the default makes a new one at every checkpoint, for the broker to keep.
            "sink.transaction-naming-strategy": "pooling",
            "properties.transaction.timeout.ms": str(sink.transaction_timeout_ms),
        }
        return _table("$out", columns, options)

    def _value_options(self, sink: Sink) -> dict[str, str]:
        if sink.value_schema is None:
            return {"value.format": "json", "value.json.encode.decimal-as-plain-number": "true"}
        return {
            "value.format": "avro-confluent",
            "value.avro-confluent.url": self._services.registry_url,
            "value.avro-confluent.subject": f"{sink.topic}-value",
            "value.avro-confluent.schema": sink.value_schema,
        }

    def _insert(self, analysis: Analysis, sink: Sink) -> str:
        names = {output.column.name: output for output in analysis.outputs}
        ordered = [names[column.name] for column in sink.columns]
        targets = ["`$key`" if output.column.key else quote(output.column.name) for output in ordered]
        values = [_written(_reference(output.origin), output.column.type) for output in ordered]
        times = [f"CAST({quote(alias)}.`$rt` AS {_TIME})" for alias in analysis.inputs]
        later = times[0] if len(times) == 1 else f"GREATEST({', '.join(times)})"
        into, selected = ", ".join([*targets, "`$ts`"]), ", ".join([*values, later])
        inputs = [self._input(alias, source) for alias, source in analysis.inputs.items()]
        sql = f"INSERT INTO `$out` ({into}) SELECT {selected} FROM {inputs[0]}"  # noqa: S608 - quoted identifiers
        if analysis.join:
            sql += f" INNER JOIN {inputs[1]} ON {_criteria(analysis.join)}"
        if analysis.where is not None:
            sql += f" WHERE {conditions.to_flink(analysis.where, _reference)}"
        return sql


def _key_options(has_key: bool) -> dict[str, str]:
    if not has_key:
        return {}
    return {"key.format": "raw", "key.fields": "$key", "value.fields-include": "EXCEPT_KEY"}


def _reference(column: ast.Column) -> str:
    return f"{quote(column.source or '')}.{quote(column.name)}"


def _criteria(join: JoinWindow) -> str:
    left, right = (f"{quote(key.source or '')}.`$rt`" for key in (join.left_key, join.right_key))
    # The window is relative to the left record; seen from the right one it is the other way round.
    earliest, latest = f"{right} - {interval(join.after_ms)}", f"{right} + {interval(join.before_ms)}"
    keys = f"{_reference(join.left_key)} = {_reference(join.right_key)}"
    return f"{keys} AND {left} BETWEEN {earliest} AND {latest}"


def _written_type(kind: t.SqlType) -> str:
    """Return the Flink type of a sink column: ksqlDB writes a MAP to Avro as an array of entries."""
    if isinstance(kind, t.Map):
        return f"ARRAY<ROW<`key` {flink_type(kind.key)}, `value` {flink_type(kind.value)}> NOT NULL>"
    return flink_type(kind)


def _written(value: str, kind: t.SqlType) -> str:
    return f"CAST(MAP_ENTRIES({value}) AS {_written_type(kind)})" if isinstance(kind, t.Map) else value
