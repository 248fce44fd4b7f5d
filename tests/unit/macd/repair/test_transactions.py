from __future__ import annotations

from macd.repair.transactions import _producer
from tests.unit.macd.fakes import KAFKA


def test_librdkafka_accepts_the_settings():
    """It refuses a message that may be tried for longer than its transaction lasts."""
    _producer(KAFKA, "replay")
