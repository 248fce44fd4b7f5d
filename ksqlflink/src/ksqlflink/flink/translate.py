"""A plan -> the Flink job that runs it.

Kafka topics are tables of bytes; two functions of the project's own jar interpret the plan: KSQL_PROJECT
where each row can be looked at by itself, else KSQL_READ and KSQL_RUN, which bring rows together by task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ksqlflink.analysis import Analysis
from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import FlinkJob

_FUNCTIONS = {
    "KSQL_PROJECT": "ksqlflink.flink.Project",
    "KSQL_READ": "ksqlflink.flink.Read",
    "KSQL_RUN": "ksqlflink.flink.Run",
}
_RAW = {
    "key.format": "raw",
    "key.fields": "$key",
    "value.format": "raw",
    "value.fields-include": "EXCEPT_KEY",
}
_SOURCE_COLUMNS = (
    "`$key` BYTES",
    "`$value` BYTES",
    "`$time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL",
    "`$partition` INT METADATA FROM 'partition' VIRTUAL",
    "`$offset` BIGINT METADATA FROM 'offset' VIRTUAL",
)
_SINK_COLUMNS = ("`$key` BYTES", "`$value` BYTES", "`$time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'")
_RECORD = "`$key`, `$value`, `$time`, `$partition`, `$offset`"
# Without a list of columns: with one, Flink 2.2 fails to validate a process table function (a null pointer).
_INTO = "INSERT INTO `$out` SELECT"


@dataclass(frozen=True)
class Services:
    """Addresses as the Flink cluster sees them; `jar` holds the functions, if the cluster lacks them."""

    bootstrap_servers: str
    registry_url: str
    jar: str | None = None


@dataclass(frozen=True)
class Sink:
    """Where a query writes to."""

    topic: str
    transactional_id_prefix: str
    transaction_timeout_ms: int


@dataclass(frozen=True)
class Start:
    """Where a query starts to read a topic: at its beginning, or at these offsets by partition."""

    offsets: Mapping[int, int] | None = None


def quote(name: str) -> str:
    """Return a Flink identifier."""
    return "`" + name.replace("`", "``") + "`"


def string(text: str) -> str:
    """Return a Flink string literal."""
    return "'" + text.replace("'", "''") + "'"


def _table(name: str, columns: Sequence[str], options: Mapping[str, str]) -> str:
    listed = ", ".join(f"{string(option)} = {string(value)}" for option, value in options.items())
    return f"CREATE TEMPORARY TABLE {quote(name)} ({', '.join(columns)}) WITH ({listed})"


class Translator:
    """Writes the Flink SQL of one query."""

    def __init__(self, services: Services, starts: Mapping[str, Start], group: str) -> None:
        """`starts` are the start positions by topic.

        In the consumer group `group` each checkpoint notes how far the query has come; nothing starts there.
        """
        self._services = services
        self._starts = starts
        self._group = group

    def job(self, analysis: Analysis, plan: Json, sink: Sink, uid: str, settings: dict[str, str]) -> FlinkJob:
        """Return the job; `uid` names its state, so that a later version of the query finds it."""
        text = string(json.dumps(plan, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
        topics = [source.topic for source in analysis.inputs.values()]
        tables = [self._source_table(index, topic) for index, topic in enumerate(topics)]
        if analysis.stateless:
            functions, views = ["KSQL_PROJECT"], []
            insert = (
                f"{_INTO} k, v, t FROM `$in_0`, LATERAL TABLE(KSQL_PROJECT({_RECORD}, {text})) AS r(k, v, t)"
            )
        else:
            functions, views = ["KSQL_READ", "KSQL_RUN"], [_read_view(len(topics), text)]
            run = f"KSQL_RUN(input => TABLE `$read` PARTITION BY task, plan => {text}, uid => {string(uid)})"
            insert = f"{_INTO} k, v, t FROM {run}"
        window = plan["sink"]["key"].get("window")
        setup = (*map(self._function, functions), *tables, self._sink_table(sink, window), *views)
        return FlinkJob(settings, setup, insert, sink.transactional_id_prefix)

    def _function(self, name: str) -> str:
        using = "" if self._services.jar is None else f" USING JAR {string(self._services.jar)}"
        return f"CREATE TEMPORARY FUNCTION {name} AS {string(_FUNCTIONS[name])} LANGUAGE JAVA{using}"

    def _source_table(self, index: int, topic: str) -> str:
        options = {
            "connector": "kafka",
            "topic": topic,
            "properties.bootstrap.servers": self._services.bootstrap_servers,
            "properties.isolation.level": "read_committed",
            "properties.group.id": self._group,
            **self._start_options(topic),
            **_RAW,
        }
        return _table(f"$in_{index}", _SOURCE_COLUMNS, options)

    def _start_options(self, topic: str) -> dict[str, str]:
        offsets = self._starts[topic].offsets
        if offsets is None:
            return {"scan.startup.mode": "earliest-offset"}
        listed = ";".join(f"partition:{number},offset:{offset}" for number, offset in sorted(offsets.items()))
        return {"scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": listed}

    def _sink_table(self, sink: Sink, window: str | None) -> str:
        options = {
            "connector": "kafka",
            "topic": sink.topic,
            "properties.bootstrap.servers": self._services.bootstrap_servers,
            **_RAW,
            **_placement(window),
            **_delivery(sink),
        }
        return _table("$out", _SINK_COLUMNS, options)


def _placement(window: str | None) -> dict[str, str]:
    """Place a windowed row by its key without the window, as ksqlDB does; Kafka itself takes all of it."""
    if window is None:
        return {}
    return {"sink.partitioner": f"ksqlflink.flink.WindowedPartitioner${window.capitalize()}"}


def _delivery(sink: Sink) -> dict[str, str]:
    return {
        "sink.delivery-guarantee": "exactly-once",
        "sink.transactional-id-prefix": sink.transactional_id_prefix,
        # Pooled ids are reused; the default makes a new one at every checkpoint, for the broker to keep.
        "sink.transaction-naming-strategy": "pooling",
        "properties.transaction.timeout.ms": str(sink.transaction_timeout_ms),
    }


def _read_view(inputs: int, plan: str) -> str:
    columns = "task, side, ms, keybytes, payload"
    reads = [
        f"SELECT r.* FROM `$in_{side}`, "  # noqa: S608 - no text of a user outside of literals
        f"LATERAL TABLE(KSQL_READ({side}, {_RECORD}, {plan})) AS r({columns})"
        for side in range(inputs)
    ]
    return f"CREATE TEMPORARY VIEW `$read` AS {' UNION ALL '.join(reads)}"


def flink_statements(job: FlinkJob) -> tuple[str, ...]:
    """Return the Flink SQL of a job as it can be typed into a SQL client."""
    settings = [f"SET {string(name)} = {string(value)}" for name, value in job.settings.items()]
    return (*settings, *job.tables, job.insert)
