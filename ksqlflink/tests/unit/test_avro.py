"""Avro schemas and columns."""

from __future__ import annotations

import json

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


@pytest.mark.parametrize(
    "schema", ['"string"', '{"type":"record","name":"R","fields":[{"name":"a","type":["int","string"]}]}']
)
def test_schemas_without_an_equivalent(schema: str) -> None:
    with pytest.raises(avro.UnsupportedSchema):
        avro.columns(schema)


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
