from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.triggers.base import TriggerEvent

from macd.errors import RunNotFound, ServiceUnreachable
from macd.quality import waiting
from macd.quality.waiting import STALL_LIMIT_S
from macd.quality.watch import Progress
from macd.settings import REPOSITORY
from macd_airflow.hooks.services import ConnectionIds
from macd_airflow.triggers import run_settled
from macd_airflow.triggers.run_settled import RunSettledTrigger

pytestmark = pytest.mark.usefixtures("connections")


def _progress(stored: int) -> Progress:
    return Progress(500, 500, stored, 0, 500, 500, 1000)


class Watch:
    """Gives the looks that the test wants, the last one again and again."""

    def __init__(self, *looks: Progress) -> None:
        self.looks = list(looks)
        self.looked = threading.Event()
        self.left = threading.Event()
        self.check: Callable[[], None] = lambda: None
        self.held = False

    def look(self) -> Progress:
        self.check()
        self.looked.set()
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def is_held_up(self, say: Callable[[str], None]) -> bool:
        return self.held

    @contextmanager
    def __call__(self, *arguments: Any) -> Iterator[Watch]:
        self.check = arguments[-1]
        try:
            yield self
        finally:
            self.left.set()


def _trigger(wait: timedelta = timedelta(minutes=1)) -> RunSettledTrigger:
    return RunSettledTrigger(
        run_id="r",
        include_dir=str(REPOSITORY / "include"),
        target="local",
        connection_ids=ConnectionIds().as_dict(),
        until=(datetime.now(UTC) + wait).isoformat(),
    )


def _payload(trigger: RunSettledTrigger) -> tuple[bool, float, float]:
    """What the operator is told: settled, what is left of the time, what ends a standstill."""
    [event] = asyncio.run(_events(trigger))
    return event.payload["settled"], event.payload["left_s"], event.payload["stall_limit_s"]


async def _events(trigger: RunSettledTrigger) -> list[TriggerEvent]:
    return [event async for event in trigger.run()]


@pytest.fixture(autouse=True)
def _nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far readers have come."""
    monkeypatch.setattr(run_settled, "everything_is_read", lambda *_: lambda: False)


def test_it_comes_back_from_its_serialised_form() -> None:
    path, arguments = _trigger().serialize()
    assert path == "macd_airflow.triggers.run_settled.RunSettledTrigger"
    assert RunSettledTrigger(**arguments).serialize() == (path, arguments)


def test_it_fires_when_the_run_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(_progress(stored=100), _progress(stored=500))
    monkeypatch.setattr(run_settled, "watch_run", watch)
    settled, left_s, stall_limit_s = _payload(_trigger())
    assert (settled, stall_limit_s) == (True, STALL_LIMIT_S)
    assert 30 < left_s <= 60
    assert watch.left.is_set()


def test_it_fires_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_settled, "watch_run", Watch(_progress(stored=100)))
    assert _payload(_trigger(wait=timedelta(milliseconds=20)))[:2] == (False, 0)


def test_it_fires_when_nothing_moves_for_the_limit_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_settled, "watch_run", Watch(_progress(stored=100)))
    monkeypatch.setattr(run_settled, "SinkRescue", lambda *_: lambda: False)
    trigger = _trigger()
    trigger.stall_limit_s = 0.01
    assert _payload(trigger) == (False, 0, 0.01)


def _unreachable(*_: Any) -> Any:
    raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")


def _unknown(*_: Any) -> Any:
    raise RunNotFound("There is no seeding run 'r'.", remedy="Seed it.")


def test_an_error_is_left_to_the_operator_with_the_rest_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_settled, "watch_run", _unknown)
    settled, left_s, _ = _payload(_trigger())
    assert not settled
    assert 30 < left_s <= 60


def test_an_outage_is_not_waited_out_beyond_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_settled, "watch_run", _unreachable)
    began = time.monotonic()
    assert _payload(_trigger(wait=timedelta(seconds=0.5)))[:2] == (False, 0)
    # Without the deadline its first pause alone takes a second.
    assert time.monotonic() - began < 0.9


def test_a_service_that_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([ServiceUnreachable("MongoDB", "no answer.", remedy="Start it."), Watch(_progress(500))])

    def watch_run(*_: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer(*_)

    monkeypatch.setattr(run_settled, "watch_run", watch_run)
    assert _payload(_trigger())[0]


def test_it_restarts_what_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(_progress(stored=100))

    def rescue(*_: Any) -> Any:
        def restart() -> bool:
            watch.looks = [_progress(stored=500)]
            return True

        return restart

    monkeypatch.setattr(run_settled, "watch_run", watch)
    monkeypatch.setattr(run_settled, "SinkRescue", rescue)
    monkeypatch.setattr(waiting, "_RESCUE_EVERY_S", 0.01)
    assert _payload(_trigger())[0]


def test_it_waits_on_while_a_transaction_keeps_records_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Watch):
        def look(self) -> Progress:
            threading.Event().wait(0.002)
            return super().look()

    watch = Slow(*[_progress(stored=100)] * 200, _progress(stored=500))
    watch.held = True
    monkeypatch.setattr(run_settled, "watch_run", watch)
    monkeypatch.setattr(run_settled, "SinkRescue", lambda *_: lambda: False)
    trigger = _trigger()
    trigger.stall_limit_s = 0.05
    monkeypatch.setattr(waiting, "_RESCUE_EVERY_S", 0.01)
    assert _payload(trigger)[0]


def test_cancelling_it_ends_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(_progress(stored=100))
    monkeypatch.setattr(run_settled, "watch_run", watch)

    async def cancel_while_waiting() -> None:
        task = asyncio.ensure_future(_events(_trigger()))
        await asyncio.to_thread(watch.looked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_while_waiting())
    assert watch.left.wait(10)
