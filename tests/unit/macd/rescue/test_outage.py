from __future__ import annotations

import pytest

from macd.errors import AuthenticationFailed, DeliveryFailed, RequestRejected, ServiceUnreachable
from macd.rescue.outage import through_outages

AWAY = ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")


def failing(times, error):
    """Something that fails so often first; returns how often it was called, as its result and as a list."""
    calls = []

    def do():
        calls.append(len(calls) + 1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return do, calls


def test_it_is_done_again_until_the_service_answers_and_says_what_is_waited_for():
    waits, said = [], []
    do, _ = failing(3, AWAY)
    assert through_outages(do, said.append, sleep=waits.append) == 4
    assert waits == [1, 2, 4]
    assert said[0] == "Trying again, with pauses of up to 179 s in all. MongoDB: no answer. Remedy: Start it."
    assert said[2].startswith("Trying again, with pauses of up to 173 s in all.")


def test_after_its_patience_the_error_comes_out():
    waits = []
    do, _ = failing(1_000, AWAY)
    with pytest.raises(ServiceUnreachable, match="no answer"):
        through_outages(do, patience_s=60, sleep=waits.append)
    assert 60 <= sum(waits) < 70


@pytest.mark.parametrize("code", [502, 503, 504])
def test_a_service_that_says_it_is_unavailable_is_waited_for(code):
    do, _ = failing(1, RequestRejected("Schema Registry", "no", remedy="", code=code))
    assert through_outages(do, sleep=lambda _: None) == 2


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed("Kafka", "no", remedy=""),
        RequestRejected("Kafka", "no", remedy="", code=400),
        DeliveryFailed("lost", remedy=""),
        ValueError("a defect"),
    ],
)
def test_what_time_does_not_cure_fails_at_once(error):
    do, calls = failing(1, error)
    with pytest.raises(type(error)):
        through_outages(do, sleep=lambda _: None)
    assert calls == [1]
