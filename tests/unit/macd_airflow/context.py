"""The part of a task's context that the operators use."""

from __future__ import annotations

from typing import Any


class FakeTaskInstance:
    """Remembers the XComs that were pushed."""

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def context(**further: Any) -> dict[str, Any]:
    """A context with a task instance that keeps its XComs in `xcoms`."""
    return {"ti": FakeTaskInstance(), **further}
