"""How far queries are, as DESCRIBE EXTENDED tells it: from the offsets of topics and consumer groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ksqlflink.catalogue.model import DataSource, Query, consumer_group
from ksqlflink.errors import ServerProblem
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.world import World

_NOTICE = (
    "The statistics field is deprecated and will be removed in a future version of ksql. Please update your "
    "client to the latest version and use statisticsMap instead.\n"
)


@dataclass(frozen=True)
class Progress:
    """Reads offsets; a topic that cannot be asked has none."""

    world: World

    def statistics(self, source: DataSource, is_read: bool, is_written: bool) -> str:
        """Return the statistics text: the records in a topic that queries write or read."""
        if not is_read and not is_written:
            return ""
        prefix = "" if is_written else "consumer-"
        try:
            starts, ends = self._range(source.topic)
        except ServerProblem:
            return ""
        total = sum(end - starts.get(partition, 0) for partition, end in ends.items())
        return f"{_NOTICE}{prefix}total-messages: {total:9d}" if total else ""

    def _range(self, topic: str) -> tuple[dict[int, int], dict[int, int]]:
        if self.world.topics.find(topic) is None:
            return {}, {}
        return self.world.topics.begin_offsets(topic), self.world.topics.end_offsets(topic)

    def offsets(self, queries: Sequence[Query]) -> list[Entity]:
        """Return how far each query has read each of its topics."""
        try:
            return [
                {"groupId": consumer_group(query.id), "topicSummaries": self._topics(query)}
                for query in queries
            ]
        except ServerProblem:
            return []

    def _topics(self, query: Query) -> list[Entity]:
        sources = [self.world.catalogue.source(name) for name in query.sources]
        topics = dict.fromkeys(source.topic for source in sources if source is not None)
        return [
            {"kafkaTopic": topic, "offsets": self._partitions(consumer_group(query.id), topic)}
            for topic in topics
        ]

    def _partitions(self, group: str, topic: str) -> list[Entity]:
        starts, ends = self._range(topic)
        committed = self.world.topics.committed(group, topic)
        return [
            {
                "partition": partition,
                "logStartOffset": starts.get(partition, 0),
                "logEndOffset": end,
                "consumerOffset": committed.get(partition, 0),
            }
            for partition, end in sorted(ends.items())
        ]
