"""A process of the worker from its start to its end."""

from __future__ import annotations

import itertools
import json
import logging
import os
import select
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import IO, Any, cast

from ksqlflink.worker.errors import WorkerDied, WorkerRefusal, WorkerTimeout

_LOG = logging.getLogger(__name__)
_END_SECONDS = 2.0


class Child:
    """Its answers may come in any order; with its standard input it ends, so none outlives the server."""

    def __init__(self, command: Sequence[str]) -> None:
        self.answered = False
        try:
            self._pipe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise WorkerDied(f"The worker cannot be started, look at its program: {error}") from error
        self._stdin, self._stdout = cast(IO[bytes], self._pipe.stdin), cast(IO[bytes], self._pipe.stdout)
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._open: dict[int, Future[dict[str, Any]]] | None = {}  # none once the process has ended
        # A pipe that nobody reads holds up no caller for longer than until its deadline.
        os.set_blocking(self._stdin.fileno(), False)
        self._writing = threading.Lock()
        threading.Thread(target=self._read, daemon=True, name=f"worker-{self.pid}").start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._pipe.pid

    @property
    def alive(self) -> bool:
        """Whether it takes calls."""
        return self._open is not None

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        code = self._pipe.poll()
        return "still running" if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"

    def call(self, request: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """Return the answer to a request."""
        try:
            text = json.dumps(request, allow_nan=False)
        except ValueError as problem:
            raise WorkerRefusal("refused", f"{problem}: a number that JSON does not have") from problem
        number, future = self._registered()
        try:
            self._write(f'{{"id": {number}, {text[1:]}\n'.encode(), deadline)
            answer = future.result(deadline - time.monotonic())
        except TimeoutError:
            self._pipe.kill()
            raise WorkerTimeout(f"The worker did not finish '{request['op']}' in time.") from None
        refused = answer.get("error")
        if refused is not None:
            raise WorkerRefusal(refused["kind"], refused["message"])
        return answer

    def _registered(self) -> tuple[int, Future[dict[str, Any]]]:
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._open is None:
                raise WorkerDied(self._death)
            number = next(self._ids)
            self._open[number] = future
        return number, future

    def _write(self, line: bytes, deadline: float) -> None:
        if not self._writing.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise TimeoutError
        # A broken pipe is no news: the process has ended, or will soon, and so has the call.
        try:
            left = memoryview(b"" if self._stdin.closed else line)
            while left:
                left = left[self._written(left, deadline) :]
        except BrokenPipeError:
            pass
        finally:
            self._writing.release()

    def _written(self, left: memoryview, deadline: float) -> int:
        try:
            return os.write(self._stdin.fileno(), left)
        except BlockingIOError:
            room = select.poll()
            room.register(self._stdin, select.POLLOUT)
            if not room.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError from None
            return 0

    def _read(self) -> None:
        try:
            with self._stdout as stdout:
                for line in stdout:
                    self._resolve(json.loads(line))
        except (ValueError, LookupError, TypeError, RecursionError):
            _LOG.exception("the worker wrote what is no answer")
        finally:
            self._pipe.kill()
            self._pipe.wait()
            self._end()

    def _resolve(self, answer: dict[str, Any]) -> None:
        self.answered = True
        with self._lock:
            future = self._open.pop(answer["id"], None) if self._open else None
        if future is not None:
            future.set_result(answer)

    def _end(self) -> None:
        with self._lock:
            left, self._open = self._open or {}, None
        self._close_input()
        for future in left.values():
            future.set_exception(WorkerDied(self._death))

    @property
    def _death(self) -> str:
        return f"The worker ended while it was at it ({self.ending})."

    def _close_input(self) -> None:
        if self._writing.acquire(timeout=_END_SECONDS):
            with suppress(BrokenPipeError):
                self._stdin.close()
            self._writing.release()

    def close(self) -> None:
        """Let it end by itself, and end it where it does not."""
        self._close_input()
        try:
            self._pipe.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._pipe.kill()
