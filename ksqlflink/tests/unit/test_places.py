"""Who may call at once, and who waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ksqlflink.results import places
from ksqlflink.results.places import Places


def test_who_takes_long_gives_its_place_to_others_but_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "_LONG_SECONDS", 0.3)
    shared, leave, inside = Places(2, 1), threading.Event(), threading.Semaphore(0)

    def call() -> None:
        with shared.one():
            inside.release()
            assert leave.wait(10)

    with ThreadPoolExecutor(4) as pool:
        begun = time.monotonic()
        calls = [pool.submit(call) for _ in range(4)]
        assert [inside.acquire(timeout=5) for _ in range(3)] == [True] * 3
        assert time.monotonic() - begun > 0.3
        assert not inside.acquire(timeout=0.5)
        leave.set()
        assert inside.acquire(timeout=5)
        for each in calls:
            each.result(5)
