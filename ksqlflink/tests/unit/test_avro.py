"""Avro schemas and columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t
from ksqlflink.serde import avro_schema as avro


def test_columns_inferred_from_a_schema() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "namespace": "n",
        "fields": [
            {"name": "f", "type": "float"},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X"]}},
            {"name": "again", "type": ["null", "E"]},
            {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "m", "type": {"type": "map", "values": ["null", "int"]}},
        ],
    }
    kinds = [column.type for column in avro.columns(json.dumps(schema))]
    assert kinds == [t.DOUBLE, t.STRING, t.STRING, t.Decimal(9, 2), t.DATE, t.Map(t.STRING, t.INTEGER)]


def record(*types: Any) -> str:
    fields = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(types)]
    return json.dumps({"type": "record", "name": "R", "namespace": "n", "fields": fields})


MONEY = {"type": "record", "name": "Money", "fields": [{"name": "units", "type": "long"}]}
UNITS = t.Struct((("UNITS", t.BIGINT),))


def test_types_are_found_by_short_and_by_full_name_in_the_namespace_they_inherit() -> None:
    inner = {"type": "record", "name": "m.Inner", "fields": [{"name": "md", "type": {**MD, "name": "Md"}}]}
    schema = record(MONEY, "n.Money", {"type": "array", "items": "Money"}, {"type": "Money"}, inner, "m.Md")
    assert [column.type for column in avro.columns(schema)] == [
        UNITS,
        UNITS,
        t.Array(UNITS),
        UNITS,
        t.Struct((("MD", t.BYTES),)),
        t.BYTES,
    ]
    with pytest.raises(avro.Unreadable, match='Undefined name: "Md"'):
        avro.columns(record(inner, "Md"))


MD = {"type": "fixed", "size": 4}


def test_a_union_of_several_types_is_a_struct_of_them() -> None:
    schema = record(["null", "int", {**MD, "name": "x.Md"}, MONEY, {"type": "map", "values": "int"}], ["int"])
    several = (("INT", t.INTEGER), ("MD", t.BYTES), ("MONEY", UNITS), ("MAP", t.Map(t.STRING, t.INTEGER)))
    assert [column.type for column in avro.columns(schema)] == [
        t.Struct(several),
        t.Struct((("INT", t.INTEGER),)),
    ]


EMPTY = {"type": "record", "name": "Empty", "fields": []}


def test_columns_without_any_field_are_left_out() -> None:
    listed = {"type": "array", "items": EMPTY}
    assert [column.name for column in avro.columns(record(listed, "int", ["null", "Empty"]))] == ["F1"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ('"string"', "anonymous type"),
        (record("null"), "Standalone null schemas"),
        (record(EMPTY), "Schema does not include any columns"),
        (record({**EMPTY, "fields": [{"name": n, "type": "int"} for n in "aA"]}), "name duplication A"),
    ],
)
def test_schemas_without_an_equivalent(schema: str, reason: str) -> None:
    with pytest.raises(avro.Unreadable, match=reason):
        avro.columns(schema)


@pytest.mark.parametrize(
    "again", ["R", ["null", "n.R"], {"type": "map", "values": {"type": "array", "items": "R"}}]
)
def test_a_record_that_contains_itself_has_no_end(again: Any) -> None:
    with pytest.raises(avro.Endless, match=r"n\.R"):
        avro.columns(record(again))


def test_a_value_that_is_no_record_is_one_column() -> None:
    assert avro.columns('"int"', wrap=False) == (Column("ROWVAL", t.INTEGER),)
    assert avro.value_schema([Column("A", t.INTEGER)], wrap=False) == '"int"'
    assert avro.key_columns('["null", "string"]') == (Column("ROWKEY", t.STRING, key=True),)


def test_a_key_of_one_column_is_bare_and_of_several_a_record_named_after_the_stream() -> None:
    keys = [Column("A", t.INTEGER, key=True), Column("B", t.STRING, key=True)]
    assert avro.key_schema(keys[:1], "F03B_AK") == '"int"'
    record = json.loads(avro.key_schema(keys, "F03B_AK"))
    assert (record["name"], record["namespace"]) == ("F03bAkKey", "io.confluent.ksql.avro_schemas")
    assert [field["type"] for field in record["fields"]] == [["null", "int"], ["null", "string"]]


def test_a_record_may_have_another_name() -> None:
    inner = t.Struct((("X", t.INTEGER),))
    record = json.loads(avro.value_schema([Column("S", inner)], "com.shop.Sale"))
    assert (record["name"], record["namespace"], record["connect.name"]) == (
        "Sale",
        "com.shop",
        "com.shop.Sale",
    )
    assert record["fields"][0]["type"][1]["connect.name"] == "com.shop.Sale_S"
