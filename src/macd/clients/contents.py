"""What topics hold, as a reader sees it: markers of transactions and what is not committed are no records."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.clients.kafka import KafkaAdmin
from macd.clients.records import RecordReader, begin_offsets, end_offsets
from macd.errors import DeadlineExceeded

# A query that is terminated ends its last transaction in a moment; one whose server was killed leaves that to
# the broker, which does so after the transaction.timeout.ms that the query was given.
DEADLINE = timedelta(minutes=2)
POLL_SECONDS = 0.2


class Contents:
    """The contents of one cluster's topics."""

    def __init__(self, kafka: KafkaAdmin, deadline: timedelta = DEADLINE) -> None:
        self._kafka, self._deadline = kafka, deadline

    def holding(self, topics: Collection[str]) -> set[str]:
        """Those of `topics` from which a reader would get a record; one that does not exist holds none."""
        there = set(topics).intersection(self._kafka.names()) if topics else set()
        return {topic for topic in there if self._has_records(topic)}

    def _has_records(self, topic: str) -> bool:
        service = self._kafka.service
        starts, ends = begin_offsets(service, [topic]), end_offsets(service, [topic])
        if sorted(starts) == sorted(ends):
            return False
        with RecordReader(service, starts) as reader:
            return next(reader.drain(), None) is not None

    def empty(self, topic: str) -> None:
        """Removes all records, once no transaction is open on the topic: what it brings would come after."""
        waiting = Retrying(
            retry=retry_if_result(bool), stop=stop_after_delay(self._deadline), wait=wait_fixed(POLL_SECONDS)
        )
        try:
            waiting(self._kafka.has_open_transaction, topic)
        except RetryError:
            raise DeadlineExceeded(
                f"A transaction on the topic {topic} is still open after {self._deadline}.",
                remedy="Kafka ends it after its transaction.timeout.ms; find its writer with "
                "`kafka-transactions.sh find-hanging`, then do the same again.",
            ) from None
        self._kafka.empty(topic)
