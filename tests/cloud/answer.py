"""What an endpoint answers."""

from __future__ import annotations

from typing import Any, NamedTuple


class Answer(NamedTuple):
    """Status, JSON body (None: an empty one) and further headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}


def connect_error(code: int, message: str) -> Answer:
    """As the Connect API refuses: {"error": {"code", "message"}}."""
    return Answer(code, {"error": {"code": code, "message": message}})
