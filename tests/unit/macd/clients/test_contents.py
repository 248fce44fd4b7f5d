from __future__ import annotations

from datetime import timedelta

import pytest

from macd.clients.contents import Contents
from macd.errors import DeadlineExceeded


class Kafka:
    """One topic, on which a transaction is open as often as one looks."""

    def __init__(self, open_looks):
        self.open_looks, self.looks, self.emptied = open_looks, 0, []

    def has_open_transaction(self, topic):
        self.looks += 1
        return self.looks <= self.open_looks

    def empty(self, topic):
        self.emptied.append((topic, self.looks))


def test_a_topic_is_emptied_after_the_last_transaction_has_ended():
    kafka = Kafka(open_looks=2)
    Contents(kafka).empty("joined")
    assert kafka.emptied == [("joined", 3)]


def test_a_topic_is_not_emptied_before_what_is_still_being_written():
    kafka = Kafka(open_looks=1_000)
    with pytest.raises(DeadlineExceeded, match="transaction on the topic joined is still open") as caught:
        Contents(kafka, timedelta(milliseconds=300)).empty("joined")
    assert kafka.emptied == []
    assert "find-hanging" in caught.value.remedy
