"""Values that were entered into a form and come out of a template as text."""

from __future__ import annotations

_ON = {"true", "1", "yes", "on"}


def is_on(value: bool | str) -> bool:
    """A switch, or its text once rendered; what says nothing is off."""
    return value if isinstance(value, bool) else value.strip().lower() in _ON
