"""What a CREATE statement says, read with the ksqlDB grammar and not by looking at its text."""

from __future__ import annotations

from pathlib import Path

from ksqlflink.dialect import DialectError, normalize, parse
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from macd.errors import SpecError

Create = CreateSource | CreateAsSelect


def parse_create(sql: str, where: Path | str) -> Create:
    """The one CREATE statement in `sql`; raises SpecError with line and column when it is something else."""
    try:
        statements = parse(sql)
    except DialectError as error:
        raise SpecError(f"{where}: {error}", remedy="Correct the statement at that place.") from error
    if len(statements) != 1 or not isinstance(statements[0], Create):
        raise SpecError(
            f"{where} holds {len(statements)} statements.",
            remedy="Put exactly one CREATE STREAM or CREATE TABLE into each file.",
        )
    return statements[0]


def topic_of(sql: str, where: Path | str) -> str:
    """The statement's KAFKA_TOPIC, spelled out so that its partitions and retention are ours to choose."""
    properties = dict(parse_create(sql, where).properties)
    if "KAFKA_TOPIC" not in properties:
        raise SpecError(f"{where}: WITH names no KAFKA_TOPIC.", remedy="Add KAFKA_TOPIC = '...'.")
    return properties["KAFKA_TOPIC"].text


def has_query(sql: str) -> bool:
    """Whether the statement starts a persistent query."""
    return isinstance(parse_create(sql, "statement"), CreateAsSelect)


def same_statement(wanted: str, actual: str) -> bool:
    """Whether both define the same stream, whatever the server's formatting and filled-in defaults."""
    return normalize(wanted) == normalize(actual)
