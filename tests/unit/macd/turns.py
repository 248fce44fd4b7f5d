"""Workers that take turns at the operations of a fake, in every order that a test names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

_DEADLINE_S = 20


class Killed(BaseException):
    """The worker's process is gone; nothing in it may catch this."""


class _Worker(threading.Thread):
    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.go, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.ended = self.waits = self.killed = False
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._until_called()
            self.work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  the test raises it again
            self.error = error
        self.ended = True
        self.back.release()

    def stop_here(self, *, waits: bool) -> None:
        self.waits = waits
        self.back.release()
        self._until_called()

    def step(self) -> None:
        """Called by the test: goes on to the next operation, or to the end."""
        if not self.ended:
            self.go.release()
            assert self.back.acquire(timeout=_DEADLINE_S)

    def _until_called(self) -> None:
        assert self.go.acquire(timeout=_DEADLINE_S)
        if self.killed:
            raise Killed


def operation() -> None:
    """A fake calls it before each operation."""
    worker = threading.current_thread()
    if isinstance(worker, _Worker):
        worker.stop_here(waits=False)


def pause() -> None:
    """Stands for sleeping: somebody else may go on."""
    worker = threading.current_thread()
    if isinstance(worker, _Worker):
        worker.stop_here(waits=True)


def run(works: Sequence[Callable[[], None]], order: Iterable[int], kill: int | None = None) -> None:
    """Each number in `order` lets that worker do one operation; at its end the first goes on, then the next.

    `kill` is the worker whose process is gone when the order has ended.
    """
    workers = [_Worker(work) for work in works]
    for number in order:
        workers[number].step()
    if kill is not None:
        workers[kill].killed = True
        workers[kill].step()
    at = 0
    while not all(each.ended for each in workers):
        workers[at].step()
        if workers[at].ended or workers[at].waits:
            at = (at + 1) % len(workers)
    for each in workers:
        if each.error:
            raise each.error


def orders(most: int) -> Iterator[list[int]]:
    """The first does so many operations, then the second so many; then the first ends, then the second."""
    for first in range(most):
        for second in range(most):
            yield [0] * first + [1] * second
