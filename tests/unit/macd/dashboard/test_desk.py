"""Where the dashboard's questions are asked: once each, for a limited time, by a limited number."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from macd.dashboard.desk import ERROR_S, MOST_KEPT, Desk, Question
from macd.errors import Busy, ServiceUnreachable

Q = Question("k", 15.0)


class World:
    """A desk, a clock, and a service that hangs until it is let go."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.gate = threading.Event()

    def desk(self, **settings: Any) -> Desk:
        return Desk(clock=lambda: self.now, **settings)

    def ask(self) -> int:
        self.asked += 1
        return self.asked

    def hang(self) -> int:
        self.asked += 1
        assert self.gate.wait(30)
        return 7

    def fail(self) -> int:
        self.asked += 1
        raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.gate.set()


def test_an_answer_holds_for_a_while(world: World) -> None:
    desk = world.desk()

    async def ask(key: str = "k") -> int:
        return await desk.answer(Question(key, 15.0), world.ask)

    assert [asyncio.run(ask()), asyncio.run(ask())] == [1, 1]
    world.now = 15.0
    assert asyncio.run(ask()) == 2
    assert asyncio.run(ask("other")) == 3


def test_of_many_who_ask_the_same_at_once_one_is_worked_for(world: World) -> None:
    desk = world.desk()

    async def ask() -> list[int]:
        answers = [asyncio.ensure_future(desk.answer(Q, world.hang)) for _ in range(100)]
        await asyncio.sleep(0)
        world.gate.set()
        return await asyncio.gather(*answers)

    assert asyncio.run(ask()) == [7] * 100
    assert world.asked == 1


def test_who_asks_too_much_is_sent_away_at_once_and_threads_stay_few(world: World) -> None:
    desk = world.desk(threads=2, most_waiting=3)

    async def ask() -> list[Any]:
        asked = [asyncio.ensure_future(desk.answer(Question(n, 3.0), world.hang)) for n in range(50)]
        refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        while len(refused) < 45:
            refused, _ = await asyncio.wait(asked, timeout=0.1)
        assert world.asked <= 2
        world.gate.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(ask())
    assert answers[:5] == [7] * 5
    assert {type(each) for each in answers[5:]} == {Busy}
    assert world.asked == 5


def test_whoever_waits_too_long_is_sent_away_and_the_answer_is_there_for_the_next(world: World) -> None:
    desk = world.desk(patience_s=0.05)

    async def ask() -> int:
        with pytest.raises(Busy, match=r"no answer within 0\.05 s"):
            await desk.answer(Q, world.hang)
        world.gate.set()
        while True:
            try:
                return await desk.answer(Q, world.hang)
            except Busy:
                continue

    assert asyncio.run(ask()) == 7
    assert world.asked == 1


def test_one_who_leaves_takes_the_answer_from_nobody(world: World) -> None:
    desk = world.desk()

    async def ask() -> int:
        leaving = asyncio.ensure_future(desk.answer(Q, world.hang))
        staying = asyncio.ensure_future(desk.answer(Q, world.hang))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        world.gate.set()
        return await staying

    assert asyncio.run(ask()) == 7


def test_that_a_service_is_down_is_kept_for_a_shorter_while(world: World) -> None:
    desk = world.desk()

    async def ask() -> int:
        return await desk.answer(Q, world.fail)

    for _ in range(3):
        with pytest.raises(ServiceUnreachable):
            asyncio.run(ask())
    assert world.asked == 1
    world.now = ERROR_S
    with pytest.raises(ServiceUnreachable):
        asyncio.run(ask())
    assert world.asked == 2


def test_an_error_that_nobody_expects_is_not_kept() -> None:
    desk = Desk()

    async def ask(divisor: int) -> float:
        return await desk.answer(Q, lambda: 7 / divisor)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask(0))
    assert asyncio.run(ask(1)) == 7


def test_however_many_different_questions_there_are_few_answers_are_kept(world: World) -> None:
    desk = world.desk()

    async def ask_all() -> None:
        for number in range(500):
            with pytest.raises(ServiceUnreachable):
                await desk.answer(Question(("run", f"no-such-{number}"), 3.0), world.fail)

    asyncio.run(ask_all())
    assert world.asked == 500
    assert len(desk._kept) == MOST_KEPT
    assert desk._asked == {}
