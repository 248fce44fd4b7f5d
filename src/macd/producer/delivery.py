"""Sends messages to Kafka and keeps account of every single acknowledgement."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from macd.clients.kafka import client_config, wrap
from macd.errors import DeliveryFailed
from macd.specs.endpoints import KafkaService

# A message that Kafka has not acknowledged after this long counts as lost, and the run fails then and there.
# Longer than a broker is away: until then librdkafka tries again itself, in order and without a duplicate.
MESSAGE_TIMEOUT_S = 120
# A little more than one message may take: when it has passed nothing is still under way.
FLUSH_LIMIT_S = MESSAGE_TIMEOUT_S + 5
# What is on its way to Kafka when a producer has to stop is answered by then, or not at all.
STOP_LIMIT_S = 5.0
# Acknowledgements are collected this often; each collection costs more than the few it brings in.
_SENDS_PER_POLL = 1_000
_ERRORS_KEPT = 3
# Seconds without any acknowledgement between two lines that say so.
_SILENCE_S = 10.0

Headers = list[tuple[str, bytes]]


class MessageSink(Protocol):
    """What Delivery uses of confluent_kafka.Producer."""

    def produce(self, *args: Any, **kwargs: Any) -> None: ...  # noqa: D102
    def poll(self, timeout: float) -> int: ...  # noqa: D102
    def purge(self, in_queue: bool = True, in_flight: bool = True) -> None: ...  # noqa: D102
    def __len__(self) -> int: ...


def producer_config(service: KafkaService) -> dict[str, Any]:
    """librdkafka's settings: nothing lost, nothing twice, large batches."""
    return {
        **client_config(service),
        "enable.idempotence": True,
        "acks": "all",
        # Java's partitioner. ksqlDB repartitions payments with it, and a join only sees both sides of an
        # order when they lie in partitions of the same number.
        "partitioner": "murmur2_random",
        "linger.ms": 50,
        "batch.size": 512 * 1024,
        "batch.num.messages": 10_000,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 100_000,
        "message.timeout.ms": MESSAGE_TIMEOUT_S * 1000,
        # Milliseconds; a broker that is back should not be noticed ten seconds later.
        "reconnect.backoff.max.ms": 2_000,
        # librdkafka would log every refused connection; DeliveryFailed says it once.
        "log_level": 0,
    }


class Delivery:
    """A producer with a ledger: what was sent and acknowledged, by topic, and why the rest was not.

    `keep` is called every so many messages and while Kafka is waited for; it raises when nothing more may be
    sent.
    """

    def __init__(
        self,
        service: KafkaService,
        sink: MessageSink | None = None,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda _: None,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._sink = _producer(service) if sink is None else sink
        self._clock = clock
        self._say = say
        self._keep = keep
        self._heard = (0, clock())
        self._ledgers: dict[str, Callable[[KafkaError | None, Any], None]] = {}
        self._errors: Counter[str] = Counter()
        self._until_poll = _SENDS_PER_POLL
        self.sent = 0
        self.acknowledged: Counter[str] = Counter()

    def send(self, topic: str, key: str, value: bytes, timestamp: int, headers: Headers) -> None:
        """Queues one message; `timestamp` in epoch milliseconds. Raises DeliveryFailed once one was lost."""
        ledger = self._ledgers.get(topic) or self._open(topic)
        message = {"key": key, "value": value, "timestamp": timestamp, "headers": headers, "callback": ledger}
        try:
            self._sink.produce(topic, **message)
        except BufferError:
            self._produce_when_there_is_room(topic, message)
        except KafkaException as error:
            raise wrap(error, self._service) from error
        self.sent += 1
        self._until_poll -= 1
        if not self._until_poll:
            self._collect(0)

    def finish(self) -> None:
        """Returns when every message is acknowledged; raises DeliveryFailed when one is not."""
        deadline = self._clock() + FLUSH_LIMIT_S
        while len(self._sink) and self._clock() < deadline:
            self._collect(0.2)
        self._collect(0)
        if self.acknowledged.total() != self.sent:
            self._fail()

    def stop(self) -> bool:
        """Sends nothing more; whether everything that was sent is known to be on its topic.

        Without this librdkafka would go on sending what it has queued, whatever has become of the caller.
        """
        deadline = self._clock() + STOP_LIMIT_S
        with suppress(KafkaException):
            self._sink.purge(in_flight=False)
            while len(self._sink) and self._clock() < deadline:
                self._sink.poll(0.2)
            self._sink.purge()
            self._sink.poll(0)
        return self.acknowledged.total() == self.sent

    def _open(self, topic: str) -> Callable[[KafkaError | None, Any], None]:
        def book(error: KafkaError | None, _message: Any) -> None:
            if error is None:
                self.acknowledged[topic] += 1
            else:
                self._errors[f"{topic}: {error.name()}: {error.str()}"] += 1

        self._ledgers[topic] = book
        return book

    def _produce_when_there_is_room(self, topic: str, message: dict[str, Any]) -> None:
        """The queue is full: hands acknowledgements over until it is not, or a message has timed out."""
        while True:
            self._collect(0.1)
            try:
                return self._sink.produce(topic, **message)
            except BufferError:
                continue

    def _collect(self, timeout_s: float) -> None:
        self._until_poll = _SENDS_PER_POLL
        self._keep()
        try:
            self._sink.poll(timeout_s)
        except KafkaException as error:
            # An idempotent producer that may write nowhere is refused as a whole, not message by message.
            raise wrap(error, self._service) from error
        if self._errors:
            self._fail()
        self._notice_silence()

    def _notice_silence(self) -> None:
        """Says from time to time that Kafka is waited for."""
        acknowledged, (before, since) = self.acknowledged.total(), self._heard
        silent = self._clock() - since
        if acknowledged != before:
            self._heard = acknowledged, self._clock()
        elif len(self._sink) and silent >= _SILENCE_S:
            self._heard = acknowledged, self._clock()
            self._say(
                f"Kafka has acknowledged nothing for {silent:.0f} s ({acknowledged:,} of {self.sent:,} yet);"
                f" each message is tried for {MESSAGE_TIMEOUT_S} s."
            )

    def _fail(self) -> NoReturn:
        errors = "; ".join(f"{text} ({times}x)" for text, times in self._errors.most_common(_ERRORS_KEPT))
        # The rest would fail one by one for the same reason, each after its own time limit.
        self._sink.purge()
        self._sink.poll(0)
        lost = self.sent - self.acknowledged.total()
        raise DeliveryFailed(
            f"Kafka did not acknowledge {lost:,} of {self.sent:,} messages sent "
            f"({errors or f'no answer for {FLUSH_LIMIT_S} s'}).",
            remedy="Check that the broker runs (`macd status`), then seed again with the same run id: "
            "only what is missing is sent.",
        )


def _producer(service: KafkaService) -> MessageSink:
    try:
        return Producer(producer_config(service))
    except KafkaException as error:
        raise wrap(error, service) from error
