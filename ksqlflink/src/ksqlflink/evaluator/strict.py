"""What the modules of functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Function: TypeAlias = Callable[..., Any]


def null_safe(function: Function) -> Function:
    """Return the function that is null where an argument is."""
    return lambda *arguments: None if any(item is None for item in arguments) else function(*arguments)
