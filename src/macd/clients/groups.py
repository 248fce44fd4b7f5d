"""Kafka consumer groups: how far a reader has come, judged by the offsets that it committed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from macd.clients.kafka import client_config, wrap
from macd.clients.offsets import extents
from macd.clients.records import Position, RecordReader, begin_offsets, end_offsets
from macd.errors import RequestRejected
from macd.specs.endpoints import KafkaService

REQUEST_TIMEOUT_S = 5.0
# So few offsets may be nothing but transaction markers, which a reader never gets to see.
_MAY_BE_MARKERS = 50


class Progress(NamedTuple):
    """What a reader has committed, over all partitions, and how many records it is behind.

    `age_s` is how many seconds ago somebody looked who told us; 0 for Kafka itself.
    """

    committed: int
    lag: int
    age_s: float = 0.0


class ConsumerGroups:
    """The consumer groups of a cluster."""

    def __init__(self, service: KafkaService, admin: AdminClient | None = None) -> None:
        self._service = service
        self._admin = admin or AdminClient({**client_config(service), "log_level": 0})

    def names(self) -> list[str]:
        """All groups, those without a running member included."""
        try:
            listed: Any = self._admin.list_consumer_groups(request_timeout=REQUEST_TIMEOUT_S).result()
        except KafkaException as error:
            raise wrap(error, self._service) from error
        return [group.group_id for group in listed.valid]

    def delete(self, groups: Collection[str]) -> None:
        """Deletes groups with their offsets; one that has a member is refused."""
        if not groups:
            return
        try:
            for answer in self._admin.delete_consumer_groups(
                list(groups), request_timeout=REQUEST_TIMEOUT_S
            ).values():
                answer.result()
        except KafkaException as error:
            raise wrap(error, self._service) from error

    def progress(self, group: str, topics: Collection[str] | None = None) -> dict[str, Progress]:
        """By topic, by default all that it reads; a topic of which it has committed nothing is missing."""
        committed = self._committed(group)
        return self.progress_at(committed, {topic for topic, _ in committed} if topics is None else topics)

    def progress_at(
        self, offsets: Mapping[tuple[str, int], int], topics: Collection[str]
    ) -> dict[str, Progress]:
        """The same of a reader whose offsets somebody else tells."""
        committed = {at: offset for at, offset in offsets.items() if at[0] in topics}
        read = {topic for topic, _ in committed}
        starts = {at[:2]: at.offset for at in begin_offsets(self._service, read)}
        ends = {at[:2]: at.offset for at in end_offsets(self._service, read)}
        at = {place: max(committed.get(place, start), start) for place, start in starts.items()}
        return {topic: self._progress(topic, at, ends) for topic in read}

    def has_open_transaction(self, topics: Collection[str]) -> bool:
        """Whether somebody has written to one of them what no reader of committed records sees so far."""
        return any(it.stable_end < it.end for it in extents(self._service, topics).values())

    def is_empty(self, topic: str) -> bool:
        """Whether there is nothing to read, as on a topic that does not exist."""
        try:
            starts, ends = begin_offsets(self._service, [topic]), end_offsets(self._service, [topic])
        except RequestRejected:
            return True
        return sorted(starts) == sorted(ends)

    def _progress(
        self, topic: str, at: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int]
    ) -> Progress:
        mine = {place: offset for place, offset in at.items() if place[0] == topic}
        lag = sum(max(0, ends[place] - offset) for place, offset in mine.items())
        if 0 < lag <= _MAY_BE_MARKERS:
            lag = self._records([Position(*place, offset) for place, offset in mine.items()])
        return Progress(sum(mine.values()), lag)

    def _records(self, start: list[Position]) -> int:
        with RecordReader(self._service, start, limit_s=REQUEST_TIMEOUT_S) as reader:
            return sum(len(batch) for batch in reader.drain())

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        """By topic and partition; empty for a group that does not exist."""
        request = [ConsumerGroupTopicPartitions(group)]
        try:
            [answer] = self._admin.list_consumer_group_offsets(
                request, request_timeout=REQUEST_TIMEOUT_S
            ).values()
            found: Any = answer.result().topic_partitions
        except KafkaException as error:
            raise wrap(error, self._service) from error
        return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}
