"""Compare what came out with what was recorded, and say readably what differs."""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from .case import Case, OutputRecord

NOT_REGISTERED = "(not registered)"


def canonical(value: Any) -> Any:
    """A form in which equal values are equal JSON text.

    Numbers are equal as numbers (2 = 2.0), a boolean is no number, a decimal is compared by its amount, and
    the entries of an Avro map (list of key/value records) have no order.
    """
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal):
        return {"#": _number_text(value)}
    if isinstance(value, list | tuple):
        return _canonical_list([canonical(item) for item in value])
    if set(value) == {"$decimal"}:
        return {"$decimal": _decimal_text(value["$decimal"])}
    return {name: canonical(item) for name, item in value.items()}


def _number_text(value: int | float | Decimal) -> str:
    # Decimal(float) is the float's exact value, so a large integer is not equal to the nearest double.
    number = Decimal(value)
    if not number.is_finite():
        return str(number)
    return format(number.normalize(), "f") if number else "0"


def _decimal_text(value: Any) -> str:
    try:
        return _number_text(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def _canonical_list(items: list[Any]) -> list[Any]:
    entries = [item for item in items if isinstance(item, dict) and set(item) == {"key", "value"}]
    if items and len(entries) == len(items):
        return sorted(items, key=text)
    return items


def text(value: Any) -> str:
    """JSON text with sorted members."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def equal(expected: Any, actual: Any) -> bool:
    """True if both are the same value in the sense of `canonical`."""
    return text(canonical(expected)) == text(canonical(actual))


def _line(record: OutputRecord, members: Iterable[str]) -> tuple[str, str]:
    """(what is compared, what is shown) of one record."""
    shown = {name: getattr(record, name) for name in ("value", *members)}
    return text(canonical(shown)), text(shown)


def _by_key(records: Iterable[OutputRecord]) -> dict[str, list[OutputRecord]]:
    groups: dict[str, list[OutputRecord]] = defaultdict(list)
    for record in records:
        groups[text(canonical(record.key))].append(record)
    return dict(groups)


def _key_diff(key: Any, expected: Sequence[tuple[str, str]], actual: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"  key {text(key)}: expected {len(expected)} records, got {len(actual)}"]
    matcher = difflib.SequenceMatcher(None, [c for c, _ in expected], [c for c, _ in actual], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            lines += [f"      {shown}" for _, shown in expected[i1:i2]]
            continue
        lines += [f"    - {shown}" for _, shown in expected[i1:i2]]
        lines += [f"    + {shown}" for _, shown in actual[j1:j2]]
    return lines


def compare_topic(
    expected: Sequence[OutputRecord],
    actual: Sequence[OutputRecord],
    *,
    timestamps: bool,
    partitions: bool,
    headers: bool = False,
) -> list[str]:
    """Differing keys of one topic as diff lines (`-` expected, `+` actual); empty if there are none.

    Per key the order counts; between different keys it does not.
    """
    compared = {"timestamp": timestamps, "partition": partitions, "headers": headers}
    members = [name for name, counts in compared.items() if counts]
    wanted, got = _by_key(expected), _by_key(actual)
    lines: list[str] = []
    for key in dict.fromkeys([*wanted, *got]):
        left = [_line(record, members) for record in wanted.get(key, [])]
        right = [_line(record, members) for record in got.get(key, [])]
        if [line for line, _ in left] != [line for line, _ in right]:
            shown_key = (wanted.get(key) or got[key])[0].key
            lines += _key_diff(shown_key, left, right)
    return lines


def compare_records(case: Case, actual: dict[str, list[OutputRecord]]) -> list[str]:
    """Differences of all sink topics of a case."""
    lines: list[str] = []
    for topic, expected in case.outputs.items():
        differences = compare_topic(
            expected,
            actual.get(topic, []),
            timestamps=case.compare_timestamps,
            partitions=case.record_partitions,
            headers=case.record_headers,
        )
        if differences:
            lines += [f"topic {topic} (- expected, + actual):", *differences]
    return lines


def parsed_schema(schema: Any) -> Any:
    """A schema as JSON: recordings and registries give it as text, own cases may write it in place."""
    if not isinstance(schema, str):
        return schema
    try:
        return json.loads(schema)
    except ValueError:
        return schema


def compare_schemas(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Differences of registered schemas by subject; `actual` holds every subject of the sink topics."""
    lines: list[str] = []
    for subject in dict.fromkeys([*expected, *actual]):
        left = parsed_schema(expected.get(subject)) or NOT_REGISTERED
        right = parsed_schema(actual.get(subject)) or NOT_REGISTERED
        if text(left) != text(right):
            lines += [f"schema of subject {subject} (- expected, + actual):"]
            lines += json_diff(left, right)
    return lines


def json_diff(expected: Any, actual: Any) -> list[str]:
    """Unified diff of two JSON values, one line a member."""
    diff = difflib.unified_diff(_pretty(expected), _pretty(actual), lineterm="", n=2)
    return [f"    {line}" for line in diff if not line.startswith(("---", "+++"))]


def _pretty(value: Any) -> list[str]:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def compare_values(what: str, expected: Any, actual: Any) -> list[str]:
    """One difference if two plain values are not equal."""
    if equal(expected, actual):
        return []
    return [f"{what}:", f"    - {text(expected)}", f"    + {text(actual)}"]
