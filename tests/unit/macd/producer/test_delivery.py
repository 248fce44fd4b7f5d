from __future__ import annotations

from itertools import count

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from macd.errors import AuthenticationFailed, DeliveryFailed
from macd.producer.delivery import Delivery, producer_config
from tests.unit.macd.fakes import KAFKA, FakeBroker, FakeProducer


def send(delivery, numbers, topic="orders"):
    for number in numbers:
        delivery.send(topic, f"key-{number}", b"value", 1_000 + number, [("macd_run_id", b"r")])


def send_all(delivery, numbers):
    send(delivery, numbers)
    delivery.finish()


def test_every_message_arrives_with_its_key_time_and_header():
    broker = FakeBroker()
    delivery = Delivery(KAFKA, FakeProducer(broker))
    send(delivery, range(3))
    delivery.finish()
    assert sorted((message.key(), message.time) for message in broker.of("orders")) == [
        (b"key-0", 1000),
        (b"key-1", 1001),
        (b"key-2", 1002),
    ]
    assert broker.of("orders")[0].headers() == [("macd_run_id", b"r")]


def test_acknowledgements_are_counted_by_topic_also_when_the_queue_is_small():
    delivery = Delivery(KAFKA, FakeProducer(FakeBroker(), capacity=3))
    send(delivery, range(50), "orders")
    send(delivery, range(20), "payments")
    delivery.finish()
    assert delivery.sent == 70
    assert dict(delivery.acknowledged) == {"orders": 50, "payments": 20}


@pytest.mark.parametrize("lost", [0, 17, 49])
def test_one_lost_message_fails_with_counts_and_reason(lost):
    fate = {lost: KafkaError._MSG_TIMED_OUT}.get
    delivery = Delivery(KAFKA, FakeProducer(FakeBroker(), fate=fate))
    with pytest.raises(DeliveryFailed, match=r"not acknowledge \d+ of \d+ messages .*_MSG_TIMED_OUT.*\(1x\)"):
        send_all(delivery, range(50))


def test_when_the_broker_dies_the_rest_is_not_waited_for():
    sink = FakeProducer(
        FakeBroker(), capacity=5, fate=lambda n: KafkaError._MSG_TIMED_OUT if n >= 12 else None
    )
    delivery = Delivery(KAFKA, sink)
    with pytest.raises(DeliveryFailed, match="seed again with the same run id"):
        send(delivery, range(100_000))
    assert delivery.acknowledged["orders"] == 12
    assert delivery.sent < 20


def test_a_producer_that_is_refused_as_a_whole_says_so():
    class Refused(FakeProducer):
        def poll(self, timeout):
            raise KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED))

    with pytest.raises(AuthenticationFailed, match="refused") as caught:
        send_all(Delivery(KAFKA, Refused(FakeBroker())), range(3))
    assert "ACLs" in caught.value.remedy


def test_a_broker_that_never_answers_fails_at_the_flush_limit():
    class Silent(FakeProducer):
        def poll(self, timeout):
            return 0

    seconds, said = count(0, 5), []
    delivery = Delivery(KAFKA, Silent(FakeBroker()), lambda: next(seconds), said.append)
    send(delivery, range(3))
    with pytest.raises(DeliveryFailed, match=r"3 of 3 messages sent .no answer for 125 s\)"):
        delivery.finish()
    assert "Kafka has acknowledged nothing for" in said[0]
    assert "(0 of 3 yet); each message is tried for 120 s." in said[0]
    assert len(said) > 2, "a line every few seconds shows that it is alive"


def test_nothing_is_said_while_acknowledgements_come_in():
    seconds, said = count(0, 5), []
    send_all(
        Delivery(KAFKA, FakeProducer(FakeBroker(), capacity=3), lambda: next(seconds), said.append), range(50)
    )
    assert said == []


def test_librdkafka_accepts_the_settings():
    config = producer_config(KAFKA)
    Producer(config)
    assert config["enable.idempotence"] is True
    assert config["acks"] == "all"
    assert config["message.timeout.ms"] == 120_000, "more than a broker is away for"
    assert config["partitioner"] == "murmur2_random"
