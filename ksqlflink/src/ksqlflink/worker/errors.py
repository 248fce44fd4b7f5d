"""What can go wrong with the worker.

ServerProblem
├── WorkerDied     the process ended while it had the call, or cannot be started
├── WorkerTimeout  the call took too long
└── WorkerRefusal  the worker says what is wrong with the call
"""

from __future__ import annotations

from ksqlflink.errors import ServerProblem


class WorkerDied(ServerProblem):
    """The process ended while it had the call; a stateless one was tried twice."""


class WorkerTimeout(ServerProblem):
    """The call was not answered in time."""


class WorkerRefusal(ServerProblem):
    """The worker's own error; `kind` names it for programs."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
