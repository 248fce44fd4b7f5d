"""Transactions with librdkafka itself, which looks at the settings before it looks for a broker."""

from __future__ import annotations

from macd.repair.transactions import _producer
from tests.unit.macd.fakes import KAFKA


def test_librdkafka_takes_the_settings_of_a_transactional_producer():
    assert len(_producer(KAFKA, "macd-repair-r")) == 0
