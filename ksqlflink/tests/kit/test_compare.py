"""The comparators say nothing about equal records and something readable about every kind of difference."""

from __future__ import annotations

import pytest

from ksqldb_conformance.case import OutputRecord
from ksqldb_conformance.compare import compare_schemas, compare_topic, compare_values, equal

RECORDS = [
    OutputRecord(key="a", value={"N": 1, "X": [1, {"Y": None}]}, timestamp=10, partition=0),
    OutputRecord(key="a", value={"N": 2, "X": []}, timestamp=11, partition=0),
    OutputRecord(key="b", value=None, timestamp=12, partition=1),
]


def compare(actual, timestamps=False, partitions=False):
    return compare_topic(RECORDS, actual, timestamps=timestamps, partitions=partitions)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (2, 2.0),
        (0, -0.0),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        ({"$decimal": "1.20"}, {"$decimal": "1.2"}),
        (
            [{"key": "x", "value": 1}, {"key": "y", "value": 2}],
            [{"key": "y", "value": 2}, {"key": "x", "value": 1}],
        ),
    ],
)
def test_equal(left, right):
    assert equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (0, None),
        (1, "1"),
        (9007199254740993, 9007199254740992.0),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ({"$decimal": "1.20"}, 1.2),
        ({"$decimal": "1.20"}, {"$decimal": "1.21"}),
        ([{"key": "x", "value": 1}], [{"key": "x", "value": 2}]),
    ],
)
def test_not_equal(left, right):
    assert not equal(left, right)


def test_what_is_as_expected_is_no_difference():
    assert compare(list(RECORDS), timestamps=True, partitions=True) == []


def test_the_order_between_keys_does_not_count():
    assert compare([RECORDS[2], RECORDS[0], RECORDS[1]]) == []


def test_the_order_within_a_key_counts():
    assert compare([RECORDS[1], RECORDS[0], RECORDS[2]])


def test_timestamps_and_partitions_count_when_asked():
    moved = [record.model_copy(update={"timestamp": 99}) for record in RECORDS]
    placed = [record.model_copy(update={"partition": 7}) for record in RECORDS]
    assert compare(moved) == []
    assert compare(placed) == []
    assert compare(moved, timestamps=True)
    assert compare(placed, partitions=True)


def test_a_wrong_value_is_shown_with_its_key_beside_the_expected_one():
    wrong = RECORDS[1].model_copy(update={"value": {"N": 3, "X": []}})
    assert compare([RECORDS[0], wrong, RECORDS[2]]) == [
        '  key "a": expected 2 records, got 2',
        '      {"value": {"N": 1, "X": [1, {"Y": null}]}}',
        '    - {"value": {"N": 2, "X": []}}',
        '    + {"value": {"N": 3, "X": []}}',
    ]


def test_a_missing_record_is_reported():
    assert compare(RECORDS[:2]) == ['  key "b": expected 1 records, got 0', '    - {"value": null}']


def test_a_repeated_record_is_reported():
    assert compare([*RECORDS, RECORDS[2]])[0] == '  key "b": expected 1 records, got 2'


def test_a_record_of_an_unexpected_key_is_reported():
    extra = OutputRecord(key=5, value={}, timestamp=0)
    assert compare([*RECORDS, extra]) == ["  key 5: expected 0 records, got 1", '    + {"value": {}}']


def test_schemas_are_compared_as_json_and_not_as_text():
    assert compare_schemas({"s": '{"type": "int", "doc": "x"}'}, {"s": {"doc": "x", "type": "int"}}) == []


def test_a_missing_and_an_unexpected_subject_are_reported():
    lines = compare_schemas({"s": '"int"'}, {"t": '"int"'})
    assert [line for line in lines if line.startswith("schema")] == [
        "schema of subject s (- expected, + actual):",
        "schema of subject t (- expected, + actual):",
    ]
    assert '    +"(not registered)"' in lines


def test_a_schema_that_should_be_gone_is_reported():
    assert compare_schemas({"s": None}, {}) == []
    assert compare_schemas({"s": None}, {"s": "int"})


def test_values():
    assert compare_values("partitions", {"t": 1}, {"t": 1}) == []
    assert compare_values("partitions", {"t": 1}, {"t": 3}) == [
        "partitions:",
        '    - {"t": 1}',
        '    + {"t": 3}',
    ]


def test_headers_count_where_the_case_records_them():
    with_headers = [record.model_copy(update={"headers": [("trace", "x")]}) for record in RECORDS]
    assert compare_topic(RECORDS, with_headers, timestamps=True, partitions=True) == []
    found = compare_topic(RECORDS, with_headers, timestamps=False, partitions=False, headers=True)
    assert '    + {"headers": [["trace", "x"]], "value": null}' in found
