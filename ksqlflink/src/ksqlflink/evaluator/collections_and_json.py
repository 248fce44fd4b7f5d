"""Functions of arrays, maps and JSON texts."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from ksqlflink.dialect import types as t
from ksqlflink.evaluator import casts
from ksqlflink.evaluator.strict import Function, null_safe
from ksqlflink.serde.json_text import dumps

_STEP = re.compile(r'\.([\w:-]+)|\[(\w+)\]|\["((?:[^"\\]|\\.)*)"\]')
_MISSING = object()


# -- arrays and maps ----------------------------------------------------------------------------------------


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _concat(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right


def _join(items: list[Any] | None, delimiter: str | None = ",") -> str | None:
    if items is None:
        return None
    if any(isinstance(item, list | dict | bytes) for item in items):
        raise ValueError("ARRAY_JOIN takes arrays of simple types only")
    return (delimiter or "").join("null" if item is None else casts.to_text(item, None) for item in items)


def _sort(items: list[Any] | None, direction: str = "ASC") -> list[Any] | None:
    orders = {"ASC": False, "ASCENDING": False, "DESC": True, "DESCENDING": True}
    reverse = orders.get(direction.upper())
    if items is None or reverse is None:
        return None
    known = sorted((item for item in items if item is not None), reverse=reverse)
    return [*known, *[None] * (len(items) - len(known))]


def _slice(items: list[Any] | None, start: int | None, end: int | None) -> list[Any] | None:
    if items is None:
        return None
    first, last = (1 if start is None else start) - 1, len(items) if end is None else end
    if first > last:
        raise ValueError(f"fromIndex({first}) > toIndex({last})")
    return None if first < 0 or last > len(items) else items[first:last]


def _union(left: dict[Any, Any] | None, right: dict[Any, Any] | None) -> dict[Any, Any] | None:
    return None if left is None and right is None else {**(left or {}), **(right or {})}


def _as_map(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    return {key: values[i] if i < len(values) else None for i, key in enumerate(keys)}


def _entries(entries: dict[Any, Any] | None, in_order: bool) -> list[Any] | None:
    if entries is None:
        return None
    return [{"K": key, "V": entries[key]} for key in (sorted(entries) if in_order else entries)]


# -- JSON ---------------------------------------------------------------------------------------------------


def _parse(text: str) -> Any:
    if not text.strip():
        return _MISSING
    return json.loads(text, parse_float=Decimal)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _extract(text: str, path: str) -> str | None:
    value = _parse(text)
    position = 1 if path.startswith("$") else 0
    while position < len(path):
        step = _STEP.match(path, position) if path.startswith("$") else None
        if step is None:
            raise ValueError(f"Invalid JSON path: '{path}'")
        name = step[1] or step[2] or re.sub(r"\\(.)", r"\1", step[3])
        value, position = _child(value, name), step.end()
    return None if value is _MISSING else _text(value)


def _child(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return value[int(name)] if name.isdigit() and int(name) < len(value) else _MISSING
    return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING


def _is_json(text: str | None) -> bool:
    try:
        return text is not None and _parse(text) is not _MISSING
    except ValueError:
        return False


def _array_contains(text: str | None, wanted: Any) -> bool | None:
    try:
        array = _parse(text or "")
    except ValueError:
        return False
    if text is None:
        raise ValueError("no JSON text")
    kinds = {bool: bool, int: int, float: Decimal, str: str, type(None): type(None)}
    kind = kinds.get(type(wanted), str)
    items = array if isinstance(array, list) else []
    alike = [item for item in items if type(item) is kind]
    return any(wanted == (float(item) if isinstance(item, Decimal) else item) for item in alike)


def _concat_json(*texts: str) -> str | None:
    values = [_parse(text) for text in texts]
    if _MISSING in values:
        return None
    if all(isinstance(value, dict) for value in values):
        return dumps({name: item for value in values for name, item in value.items()})
    if len(values) == 1:
        return dumps(values[0])
    return dumps([item for value in values for item in (value if isinstance(value, list) else [value])])


def _items(text: str) -> list[str] | None:
    items = _parse(text)
    if not isinstance(items, list):
        raise ValueError(f"not a JSON array: {text}")
    return [dumps(item) for item in items] if all(isinstance(item, dict) for item in items) else None


def _object(text: str) -> dict[str, Any] | None:
    value = _parse(text)
    return value if isinstance(value, dict) else None


def _keys(text: str) -> list[str] | None:
    value = _object(text)
    return None if value is None else list(value)


def _records(text: str) -> dict[str, str] | None:
    value = _object(text)
    return None if value is None else {name: _text(item) for name, item in value.items()}


def _length(text: str) -> int | None:
    value = _parse(text)
    return len(value) if isinstance(value, list) else None


def to_json_string(kind: t.SqlType | None) -> Function:
    """Return TO_JSON_STRING of a type: times as text, structs and maps with their names sorted."""
    return lambda value: dumps(_plain(value, kind))


def _plain(value: Any, kind: t.SqlType | None) -> Any:
    match kind:
        case _ if value is None:
            return None
        case t.Array(item):
            return [_plain(one, item) for one in value]
        case t.Map(_, item):
            return {str(name): _plain(value[name], item) for name in sorted(value)}
        case t.Struct(fields):
            return {name: _plain(value[name], item) for name, item in sorted(fields)}
    return casts.to_text(value, kind) if kind in (t.DATE, t.TIME, t.TIMESTAMP) else value


COLLECTIONS: dict[str, Function] = {
    "ARRAY_CONCAT": _concat,
    "ARRAY_DISTINCT": null_safe(_distinct),
    "ARRAY_EXCEPT": null_safe(lambda left, right: _distinct([item for item in left if item not in right])),
    "ARRAY_INTERSECT": null_safe(lambda left, right: _distinct([item for item in left if item in right])),
    "ARRAY_JOIN": _join,
    "ARRAY_MAX": null_safe(lambda items: max((item for item in items if item is not None), default=None)),
    "ARRAY_MIN": null_safe(lambda items: min((item for item in items if item is not None), default=None)),
    "ARRAY_REMOVE": lambda items, unwanted: items and [item for item in items if item != unwanted],
    "ARRAY_SORT": _sort,
    "ARRAY_UNION": null_safe(lambda left, right: _distinct(left + right)),
    "AS_MAP": _as_map,
    "ENTRIES": _entries,
    "MAP_UNION": _union,
    "SLICE": _slice,
    "EXTRACTJSONFIELD": null_safe(_extract),
    "IS_JSON_STRING": _is_json,
    "JSON_ARRAY_CONTAINS": _array_contains,
    "JSON_ARRAY_LENGTH": null_safe(_length),
    "JSON_CONCAT": null_safe(_concat_json),
    "JSON_ITEMS": null_safe(_items),
    "JSON_KEYS": null_safe(_keys),
    "JSON_RECORDS": null_safe(_records),
}
