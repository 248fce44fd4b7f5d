"""The cases of this repository say what the documented semantics of an inner join say."""

from __future__ import annotations

import re

import pytest

from ksqldb_conformance.case import CORE_CASES, OutputRecord, load_cases
from ksqldb_conformance.compare import compare_topic
from ksqldb_conformance.services import OWN_CASES, recordings

OWN = load_cases([OWN_CASES])
PIPELINE = next(case for case in OWN if case.name.startswith("jc08"))
JOINED_ON = ("ticket_id", "order_id", "basket_id")
HOUR_MS = 3_600_000
UNITS_MS = {"MINUTES": 60_000, "HOURS": HOUR_MS, "DAYS": 24 * HOUR_MS}

# Cases of the plain join; the others change more than that (grace, LEFT, aliases, nested columns).
MODELLED = [
    *load_cases([OWN_CASES], ["jc01", "jc02", "jc03", "jc04", "jc05", "jc07"]),
    *load_cases([recordings() / "cases"], ["j01", "j02", "j03", "j04", "j05", "j11"]),
]


def _window_ms(case):
    number, unit = re.search(r"WITHIN (\d+) (\w+)", case.statements[-1]).groups()
    return int(number) * UNITS_MS[unit]


def _pair(first, second):
    """The result of a pair; the left side is the topic created first."""
    left, right = sorted([first, second], key=lambda record: record.topic.endswith(("receipts", "payments")))
    key = next(name for name in JOINED_ON if name in left.value and name in right.value)
    fields = {
        **{n: v for n, v in left.value.items() if n != key},
        **{n: v for n, v in right.value.items() if n != key},
    }
    value = {name.upper(): field for name, field in fields.items()}
    return OutputRecord(key=left.value[key], value=value, timestamp=max(left.timestamp, right.timestamp))


def _joins(first, second, window_ms):
    if first.topic == second.topic or first.value is None or second.value is None:
        return False
    key = next(name for name in JOINED_ON if name in first.value and name in second.value)
    is_near = abs(first.timestamp - second.timestamp) <= window_ms
    return is_near and first.value[key] is not None and first.value[key] == second.value[key]


def inner_join(case):
    """Every pair within the window, in arrival order of the record that completes it."""
    pairs, arrived = [], []
    for record in case.inputs:
        partners = [earlier for earlier in arrived if _joins(earlier, record, _window_ms(case))]
        pairs += [_pair(partner, record) for partner in sorted(partners, key=lambda one: one.timestamp)]
        arrived.append(record)
    return pairs


@pytest.mark.parametrize("case", MODELLED, ids=lambda case: case.name)
def test_the_expected_records_are_those_of_an_inner_join(case):
    [expected] = case.outputs.values()
    assert compare_topic(expected, inner_join(case), timestamps=True, partitions=False) == []


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_a_case_names_only_what_it_declares(case):
    assert {record.topic for record in case.inputs} <= {topic.name for topic in case.topics}
    assert set(case.outputs) <= set(case.formats)
    assert all(name.startswith(case.name[:4]) for name in case.all_topics)
    assert case.name.startswith((*CORE_CASES, "av", "tt"))
