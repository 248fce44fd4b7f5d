"""PRINT: the records of a topic, in the formats they seem to have."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import fastavro

from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadRequest
from ksqlflink.serde.json_text import dumps, java_double
from ksqlflink.services.records import Record, TopicReader
from ksqlflink.statements.world import World

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_SECONDS = 0.2
_AVRO = struct.Struct(">bI")  # a zero byte and the schema's id
Decode = Callable[[bytes], str]


class Undecodable(Exception):
    """Bytes that are not of a format."""


def _plain_logical_types(schema: Any) -> Any:
    """Return the schema without logical types other than decimal: times stay the numbers they are."""
    if isinstance(schema, list):
        return [_plain_logical_types(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: part if name == "default" else _plain_logical_types(part) for name, part in schema.items()}
    if kept.get("logicalType") not in (None, "decimal"):
        del kept["logicalType"]
    return kept


@lru_cache(maxsize=256)
def _parsed_schema(text: str) -> Any:
    return fastavro.parse_schema(_plain_logical_types(json.loads(text)))


def avro_text(value: Any) -> str:
    """Return a generic Avro value as Avro's own toString shows it."""
    match value:
        case dict():
            members = (f"{json.dumps(str(name))}: {avro_text(item)}" for name, item in value.items())
            return f"{{{', '.join(members)}}}"
        case list():
            return f"[{', '.join(map(avro_text, value))}]"
        case float():
            return java_double(value)
        case bytes():
            return f'"{value.decode("latin-1")}"'
        case Decimal():
            return format(value, "f")
    return json.dumps(value, ensure_ascii=False)


def _packed(layout: str, show: Callable[[Any], str]) -> Decode:
    def decode(data: bytes) -> str:
        try:
            return show(struct.unpack(layout, data)[0])
        except struct.error as error:
            raise Undecodable(str(error)) from error

    return decode


def _json(data: bytes) -> str:
    try:
        value = json.loads(data.decode(), parse_float=Decimal)
    except ValueError as error:
        raise Undecodable(str(error)) from error
    if not isinstance(value, dict | list):
        raise Undecodable("a bare value, which could as well be text")
    return dumps(value)


def _string(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Undecodable(str(error)) from error


@dataclass
class Guess:
    """Formats that all values so far could have; what none fits is shown as bytes."""

    world: World
    _possible: dict[str, Decode] = field(init=False)

    def __post_init__(self) -> None:
        self._possible = {
            "AVRO": self._avro,
            "JSON": _json,
            "KAFKA_INT": _packed(">i", str),
            "KAFKA_BIGINT": _packed(">q", str),
            "KAFKA_DOUBLE": _packed(">d", java_double),
            "KAFKA_STRING": _string,
        }

    def _avro(self, data: bytes) -> str:
        if len(data) < _AVRO.size or data[0] != 0:
            raise Undecodable("not in the registry's wire format")
        text = self.world.registry.schema(_AVRO.unpack_from(data)[1])
        if text is None:
            raise Undecodable("of no schema that the registry has")
        try:
            body = io.BytesIO(data[_AVRO.size :])
            return avro_text(fastavro.schemaless_reader(body, _parsed_schema(text), None))
        except (EOFError, ValueError, IndexError, KeyError, OverflowError, TypeError) as error:
            raise Undecodable(str(error)) from error

    def learn(self, data: bytes | None) -> None:
        """Drop the formats that a value does not have."""
        if data is None:
            return
        fitting = {name: decode for name, decode in self._possible.items() if _fits(decode, data)}
        if "AVRO" in fitting:  # its first bytes are enough of a mark
            fitting = {"AVRO": fitting["AVRO"]}
        elif "KAFKA_STRING" in fitting and _is_printable(data):
            fitting = {name: fitting[name] for name in ("JSON", "KAFKA_STRING") if name in fitting}
        self._possible = fitting

    def name(self) -> str:
        """Return the possible formats as PRINT lists them."""
        return " or ".join(self._possible) or "UNRECOGNIZED_BYTES"

    def show(self, data: bytes | None) -> str:
        """Return a value's text."""
        if data is None:
            return "<null>"
        for decode in self._possible.values():
            if _fits(decode, data):
                return decode(data)
        return data.hex(" ")


def _is_printable(data: bytes) -> bool:
    return all(byte >= ord(" ") or byte in b"\t\r\n" for byte in data)


def _fits(decode: Decode, data: bytes) -> bool:
    try:
        decode(data)
    except Undecodable:
        return False
    return True


@dataclass
class Printed:
    """The lines of a PRINT statement; `ended` is called once when it is closed."""

    world: World
    statement: st.Print
    ended: Callable[[], None]
    _closed: bool = False
    _reader: TopicReader | None = None

    def open(self) -> None:
        """Begin to read; BadStatement when there is no such topic."""
        topic = self.world.topics.find(self.statement.topic)
        if topic is None:
            raise BadRequest(
                f"Could not find topic '{self.statement.topic}', or the KSQL user does not have permissions "
                f"to list the topic. Topic names are case-sensitive.{self._similar()}"
            )
        starts = None if self.statement.from_beginning else self.world.topics.end_offsets(topic.name)
        self._reader = self.world.records.reader(topic.name, starts, range(topic.partitions))

    def _similar(self) -> str:
        """Return the topics that differ from the wanted one in case only, as statements to try."""
        wanted = self.statement.topic.lower()
        names = [name for name in self.world.topics.replicas() if name.lower() == wanted]
        return "\nDid you mean:\n" + "\n".join(f"\tprint {name};" for name in names) if names else ""

    def lines(self) -> Iterator[str]:
        """Yield the lines, and '' while there is nothing to print."""
        keys, values = Guess(self.world), Guess(self.world)
        shown_formats, seen, printed = ("", ""), 0, 0
        while self._reader is not None and not self._closed:
            batch = self._reader.poll(_POLL_SECONDS)
            for record in batch:
                keys.learn(record.key)
                values.learn(record.value)
            if batch and (keys.name(), values.name()) != shown_formats:
                shown_formats = keys.name(), values.name()
                yield f"Key format: {shown_formats[0]}\nValue format: {shown_formats[1]}\n"
            for record in batch:
                seen += 1
                if (seen - 1) % self.statement.interval == 0:
                    printed += 1
                    yield _line(record, keys, values)
                if self.statement.limit is not None and printed >= self.statement.limit:
                    return
            if not batch:
                yield ""

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
            self.ended()


def _line(record: Record, keys: Guess, values: Guess) -> str:
    moment = _EPOCH + timedelta(milliseconds=record.timestamp)
    time = moment.strftime("%Y/%m/%d %H:%M:%S.") + f"{record.timestamp % 1000:03d} Z"
    key, value = keys.show(record.key), values.show(record.value)
    return f"rowtime: {time}, key: {key}, value: {value}, partition: {record.partition}\n"
