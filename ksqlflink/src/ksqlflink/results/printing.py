"""PRINT: the records of a topic, in the formats they seem to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadRequest
from ksqlflink.services.records import Record, TopicReader
from ksqlflink.statements.world import World
from ksqlflink.worker.records import lots, record_json, schemas_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_SECONDS = 0.2
_FORMATS = ("AVRO", "JSON", "KAFKA_INT", "KAFKA_BIGINT", "KAFKA_DOUBLE", "KAFKA_STRING")
Texts = tuple[str, str]


@dataclass
class Guess:
    """Formats that all keys and all values so far could have; the worker finds out."""

    world: World
    keys: Sequence[str] = _FORMATS
    values: Sequence[str] = _FORMATS

    def texts(self, records: Sequence[Record]) -> list[Texts]:
        """Return key and value of each record as text; learn from them all first."""
        answer = self.world.worker.call(
            "print",
            keys=list(self.keys),
            values=list(self.values),
            records=[record_json(record) for record in records],
            schemas=schemas_of(((record, None) for record in records), self.world.registry),
        )
        self.keys, self.values = answer["keys"], answer["values"]
        return [(key, value) for key, value in answer["texts"]]

    def shown(self) -> str:
        """Return the possible formats as PRINT lists them."""
        key, value = (" or ".join(names) or "UNRECOGNIZED_BYTES" for names in (self.keys, self.values))
        return f"Key format: {key}\nValue format: {value}\n"


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
        guess, shown, seen, printed = Guess(self.world), "", 0, 0
        while self._reader is not None and not self._closed:
            batch = self._reader.poll(_POLL_SECONDS)
            for lot in lots(batch):
                texts = guess.texts(lot)
                if guess.shown() != shown:
                    shown = guess.shown()
                    yield shown
                for record, text in zip(lot, texts, strict=True):
                    seen += 1
                    if (seen - 1) % self.statement.interval == 0:
                        printed += 1
                        yield _line(record, text)
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


def _line(record: Record, text: Texts) -> str:
    moment = _EPOCH + timedelta(milliseconds=record.timestamp)
    time = moment.strftime("%Y/%m/%d %H:%M:%S.") + f"{record.timestamp % 1000:03d} Z"
    key, value = text
    return f"rowtime: {time}, key: {key}, value: {value}, partition: {record.partition}\n"
