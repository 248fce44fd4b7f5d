"""TRANSFORM, FILTER and REDUCE."""

from __future__ import annotations

from typing import Any

from ksqlflink.evaluator.logic import truth
from ksqlflink.evaluator.strict import Function


def _transform(value: Any, first: Function, second: Function | None = None) -> Any:
    if isinstance(value, dict) and second is not None:
        return _entries([(first(key, item), second(key, item)) for key, item in value.items()])
    return None if value is None else [first(item) for item in value]


def _entries(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return a map; as in ksqlDB two entries of one key and a null value fail."""
    result = dict(pairs)
    if len(result) < len(pairs) or None in result.values():
        raise ValueError("a null value, or two entries of one key")
    return result


def _filter(value: Any, test: Function) -> Any:
    if isinstance(value, dict):
        return _entries([(key, item) for key, item in value.items() if truth(test(key, item))])
    return None if value is None else [item for item in value if truth(test(item))]


def _reduce(value: Any, state: Any, following: Function) -> Any:
    if state is None or value is None:
        return state
    for item in value.items() if isinstance(value, dict) else ((item,) for item in value):
        state = following(state, *item)
    return state


LAMBDA_FUNCTIONS: dict[str, Function] = {"TRANSFORM": _transform, "FILTER": _filter, "REDUCE": _reduce}
