"""Data cases, those of the conformance kit, run without services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ksqldb_conformance.case import Case, Formats, InputRecord, versions_of
from ksqldb_conformance.codec import encode, encode_key
from ksqldb_conformance.compare import parsed_schema
from ksqldb_conformance.judge import Found, Written, differences
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import types as t
from ksqlflink.services.topics import Topic
from ksqlflink.testing.server import MemoryServer, session
from ksqlflink.worker.process import Worker

_KAFKA: dict[t.SqlType, str] = {t.STRING: "STRING", t.INTEGER: "INT", t.BIGINT: "BIGINT", t.DOUBLE: "DOUBLE"}


def case_differences(worker: Worker, case: Case) -> list[str]:
    """Run a case; what is not as it expects. KsqlError when a statement is refused."""
    return differences(*run_case(worker, case))


def run_case(worker: Worker, case: Case) -> tuple[Case, Found]:
    """Run a case; with it come the formats of topics that it does not tell itself."""
    with MemoryServer(worker) as server:
        _set_up(server, case)
        if case.produce_first:
            _produce(server, case)
        warnings = _execute(server, case)
        case = case.model_copy(update={"formats": {**formats_of(server), **case.formats}})
        if not case.produce_first:
            _produce(server, case)
        return case, _found(server, case, warnings)


def _set_up(server: MemoryServer, case: Case) -> None:
    for topic in case.topics:
        kept = int(topic.config.get("retention.ms", -1))
        policy = topic.config.get("cleanup.policy", "delete")
        server.kafka.create(Topic(topic.name, topic.partitions, 1, kept, policy))
    for subject, schemas in case.schemas.items():
        for schema in versions_of(schemas):
            server.registry.register(subject, json.dumps(parsed_schema(schema)))


def _execute(server: MemoryServer, case: Case) -> list[str]:
    """Carry out the statements; the warnings that came back."""
    answers = [
        answer
        for statement in case.statements
        for answer in server.run(statement, session(**case.properties))
    ]
    return [warning["message"] for answer in answers for warning in answer.get("warnings", [])]


def _produce(server: MemoryServer, case: Case) -> None:
    for record in case.inputs:
        formats = case.formats[record.topic]
        server.produce(
            record.topic,
            encode_key(record.key, formats.key, formats.windowed, _schema(server, record, "key")),
            encode(record.value, formats.value, _schema(server, record, "value")),
            record.timestamp,
            record.partition,
        )


def _schema(server: MemoryServer, record: InputRecord, side: str) -> tuple[Any, int] | None:
    """The Avro schema of a record's key or value, and its id: the version that it names, or the newest."""
    ids = server.registry.ids(f"{record.topic}-{side}")
    if not ids:
        return None
    wanted = record.schema_version if side == "value" and record.schema_version else len(ids)
    return json.loads(server.registry.schema(ids[wanted - 1]) or ""), ids[wanted - 1]


def _found(server: MemoryServer, case: Case, warnings: list[str]) -> Found:
    kafka, registry = server.kafka, server.registry
    records = {
        topic: [Written(one.key, one.value, one.timestamp, one.partition) for one in kafka.records(topic)]
        for topic in case.outputs
    }
    partitions = {name: topic.partitions for name, topic in kafka.topics.items()}

    def schema(number: int) -> Any:
        return json.loads(registry.schema(number) or "null")

    return Found(records, partitions, registry.latest, schema, warnings)


def formats_of(server: MemoryServer) -> Mapping[str, Formats]:
    """How the records of each topic are written, by what its source says."""
    return {source.topic: _formats(source) for source in server.world.catalogue.sources()}


def _formats(source: DataSource) -> Formats:
    key = source.key_format if source.key_columns else "STRING"
    value = source.value_format
    if key == "KAFKA":
        key = _KAFKA[source.key_columns[0].type]
    if value == "KAFKA":
        value = _KAFKA[source.value_columns[0].type] if source.value_columns else "STRING"
    windowed = (
        None if source.window_type is None else "session" if source.window_type == "SESSION" else "time"
    )
    return Formats.model_validate({"key": key, "value": value, "windowed": windowed})
