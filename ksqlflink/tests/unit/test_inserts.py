"""INSERT VALUES and /inserts-stream: what is written, and what is refused in which words."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from ksqlflink.errors import BadRequest, BadStatement
from ksqlflink.rest.app import create_app
from ksqlflink.rest.bodies import LARGEST_BODY
from ksqlflink.statements.inserts_stream import column_name
from unit.asgi import send
from unit.fakes import Backend, Stage

EVERYTHING = (
    "id BIGINT KEY, i INT, b BIGINT, d DOUBLE, n DECIMAL(6, 2), s VARCHAR, f BOOLEAN, t TIMESTAMP, day DATE, "
    "tod TIME, raw BYTES, a ARRAY<INT>, m MAP<VARCHAR, BIGINT>, o STRUCT<X INT, Y VARCHAR>"
)
VALUES = (
    "7, -1, 2, 3, 4.5, 'it''s', true, '2024-03-01T10:00:00.5', '2024-03-01', '10:15:30', "
    "TO_BYTES('ff', 'hex'), ARRAY[1, 2], MAP('k' := 1), STRUCT(X := 1, Y := 'y')"
)
ROW = [
    7, -1, 2, 3.0, 4.5, "it's", True, "2024-03-01T10:00:00.500", "2024-03-01", "10:15:30", "/w==", [1, 2],
    {"k": 1}, {"X": 1, "Y": "y"},
]  # fmt: skip


def stage_with(columns: str, value_format: str = "JSON", kind: str = "STREAM", extra: str = "") -> Stage:
    stage = Stage()
    properties = f"KAFKA_TOPIC='x', PARTITIONS=1, VALUE_FORMAT='{value_format}'{extra}"
    stage.run(f"CREATE {kind} x ({columns}) WITH ({properties});")
    return stage


def read(stage: Stage) -> list[Any]:
    """The only row of X, as a client gets it."""
    stage.topics.records = stage.records
    (row,) = stage.select("SELECT * FROM x;")[1]
    return row


@pytest.mark.parametrize("value_format", ["JSON", "AVRO"])
def test_every_type_is_written_and_read_again(value_format: str) -> None:
    stage = stage_with(EVERYTHING, value_format)
    assert stage.run(f"INSERT INTO x VALUES ({VALUES});") == []
    assert stage.written("x")[0][0] == struct.pack(">q", 7)
    assert read(stage) == ROW


def test_json_has_every_column_and_delimited_is_a_line() -> None:
    stage = stage_with("id VARCHAR KEY, a INT, n DECIMAL(4,2), s VARCHAR")
    stage.run("INSERT INTO x (id, n) VALUES ('k', 1.5);")
    assert stage.written("x")[0][:2] == (b"k", b'{"A":null,"N":1.50,"S":null}')
    stage = stage_with("id VARCHAR KEY, a INT, s VARCHAR", "DELIMITED")
    stage.run("INSERT INTO x (id, s) VALUES ('k', 'a,b');")
    assert stage.written("x")[0][1] == b',"a,b"'
    assert read(stage) == ["k", None, "a,b"]


def test_rowtime_is_the_timestamp_and_a_null_key_is_no_key() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    stage.run("INSERT INTO x (ROWTIME, a) VALUES (1709287200000, 1);")
    assert stage.written("x") == [(None, b'{"A":1}', 1709287200000)]


@pytest.mark.parametrize(
    ("insert", "message"),
    [
        ("x (id, a) VALUES ('k', 'many')", "Expected type INTEGER for field `A` but got STRING(many)"),
        (
            "x (id, a) VALUES ('k', 3000000000)",
            "Expected type INTEGER for field `A` but got BIGINT(3000000000)",
        ),
        ("x (id, a) VALUES ('k', 1.5)", "Expected type INTEGER for field `A` but got DECIMAL(1.5)"),
        ("x (id, a, colour) VALUES ('k', 1, 2)", "Column name `COLOUR` does not exist."),
        ("x (id, ROWOFFSET) VALUES ('k', 1)", "Inserting into column `ROWOFFSET` is not allowed."),
        ("x VALUES ('k')", "Expected a value for each column. Expected Columns: []. Got ['k']"),
        ("x (id, a) VALUES ('k', b)", "Line: 1, Col: 36: a value cannot refer to the column B"),
        ("x (id, a) VALUES ('k', 1 / 0)", ""),
        ("x (id, a) VALUES ('k', NOFN(1))", "Can't find any functions with the name 'NOFN'"),
    ],
)
def test_values_that_do_not_fit(insert: str, message: str) -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    with pytest.raises(BadStatement) as raised:
        stage.run(f"INSERT INTO {insert};")
    assert raised.value.message.startswith(f"Failed to insert values into 'X'. {message}")
    shown = raised.value.statement_text or ""
    assert shown.startswith("INSERT INTO `X`")
    assert "many" not in shown
    assert stage.written("x") == []


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("DECIMAL(4, 2)", "1.005", "Expected type DECIMAL(4, 2) for field `V` but got DECIMAL(1.005)"),
        ("DECIMAL(4, 2)", "123.4", "Expected type DECIMAL(4, 2) for field `V` but got DECIMAL(123.4)"),
        ("DECIMAL(4, 2)", "'1.25'", "Expected type DECIMAL(4, 2) for field `V` but got STRING(1.25)"),
        ("DECIMAL(4, 2)", "1e0", "Expected type DECIMAL(4, 2) for field `V` but got DOUBLE(1.0)"),
        (
            "DATE",
            "'2024-02-30'",
            "Expected type DATE for field `V` but got STRING(2024-02-30). Date format must be yyyy-mm-dd",
        ),
        ("DATE", "19783", "Expected type DATE for field `V` but got INTEGER(19783)"),
        ("INT", "1.0", "Expected type INTEGER for field `V` but got DECIMAL(1.0)"),
        ("INT", "'4'", "Expected type INTEGER for field `V` but got STRING(4)"),
        ("ARRAY<INT>", "ARRAY['1', '2']", "Expected type ARRAY<INTEGER> for field `V` but got ARRAY([1, 2])"),
        (
            "STRUCT<A INT, B VARCHAR>",
            "STRUCT(a := '1', b := 2)",
            "Expected type STRUCT<`A` INTEGER, `B` STRING> for field `V` but got STRUCT(Struct{A=1,B=2})",
        ),
        (
            "STRUCT<A INT, B VARCHAR>",
            "STRUCT(a := 1.5)",
            "Expected type STRUCT<`A` INTEGER, `B` STRING> for field `V` but got STRUCT(Struct{A=1.5})",
        ),
        ("STRUCT<A INT>", "'text'", "Expected type STRUCT<`A` INTEGER> for field `V` but got STRING(text)"),
    ],
)
def test_nothing_is_converted_that_ksqldb_does_not_convert(kind: str, value: str, message: str) -> None:
    stage = stage_with(f"id VARCHAR KEY, v {kind}")
    with pytest.raises(BadStatement) as raised:
        stage.run(f"INSERT INTO x VALUES ('k', {value});")
    assert raised.value.message == f"Failed to insert values into 'X'. {message}"


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("DECIMAL(4, 2)", "7", b'{"V":7.00}'),
        ("DECIMAL(4, 2)", "1.5", b'{"V":1.50}'),
        ("BYTES", "'aGk='", b'{"V":"aGk="}'),
        ("DOUBLE", "3000000000", b'{"V":3.0E9}'),
        ("ARRAY<INT>", "ARRAY[1, NULL, 3]", b'{"V":[1,null,3]}'),
        ("STRUCT<A INT, B VARCHAR>", "STRUCT(a := 1)", b'{"V":{"A":1,"B":null}}'),
        ("STRUCT<A INT, B VARCHAR>", "STRUCT(a := 1, b := 'x', c := 2)", b'{"V":{"A":1,"B":"x"}}'),
        ("STRUCT<A INT, B VARCHAR>", "STRUCT(zz := 1)", b'{"V":{"A":null,"B":null}}'),
        ("STRUCT<A INT, B VARCHAR>", "STRUCT(`a` := 1)", b'{"V":{"A":null,"B":null}}'),
        ("VARCHAR", "'\N{GRINNING FACE}'", b'{"V":"\\uD83D\\uDE00"}'),
    ],
)
def test_what_is_converted(kind: str, value: str, written: bytes) -> None:
    stage = stage_with(f"id VARCHAR KEY, v {kind}")
    stage.run(f"INSERT INTO x VALUES ('k', {value});")
    assert stage.written("x")[0][1] == written


@pytest.mark.parametrize(
    ("rowtime", "message"),
    [
        ("'2024-03-01'", "Expected type BIGINT for field `ROWTIME` but got STRING(2024-03-01)"),
        ("-5", "Invalid timestamp: -5. Timestamp should always be non-negative or null."),
    ],
)
def test_rowtime_is_a_number_from_0_up(rowtime: str, message: str) -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    with pytest.raises(BadStatement) as raised:
        stage.run(f"INSERT INTO x (id, a, ROWTIME) VALUES ('k', 1, {rowtime});")
    assert raised.value.message == f"Failed to insert values into 'X'. {message}"
    assert stage.written("x") == []


OWN_SCHEMA = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "total", "type": "double"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["EAT_IN", "TAKE_AWAY"]}},
        {"name": "Note", "type": ["null", "string"], "default": None},
        {"name": "n", "type": "int", "default": 3},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        {"name": "counts", "type": {"type": "map", "values": "long"}},
    ],
}


def test_avro_is_written_by_the_schema_that_somebody_registered() -> None:
    stage = Stage()
    stage.topics.add("x")
    stage.registry.register("x-value", json.dumps(OWN_SCHEMA))
    stage.run("CREATE STREAM x (id VARCHAR KEY) WITH (KAFKA_TOPIC='x', VALUE_FORMAT='AVRO');")
    stage.run(
        "INSERT INTO x (id, total, kind, price, counts) VALUES ('k', 1.5, 'TAKE_AWAY', 4.50, MAP('a' := 1));"
    )
    assert read(stage) == ["k", 1.5, "TAKE_AWAY", None, 3, 4.5, {"a": 1}]
    with pytest.raises(BadStatement, match="the registered schema cannot hold it"):
        stage.run("INSERT INTO x (id, kind) VALUES ('k', 'EAT_IN');")


def test_what_cannot_be_inserted_into() -> None:
    stage = stage_with("id VARCHAR KEY, a INT", extra=", WINDOW_TYPE='SESSION'")
    with pytest.raises(BadRequest, match="Cannot insert values into windowed stream/table: `X`"):
        stage.run("INSERT INTO x (id, a) VALUES ('k', 1);")
    with pytest.raises(BadRequest, match="Cannot insert values into an unknown stream/table: `NOBODY`"):
        stage.run("INSERT INTO nobody VALUES (1);")


def test_a_number_that_is_too_large_is_refused() -> None:
    stage = stage_with("id VARCHAR KEY, a DOUBLE")
    answer = send(create_app(Backend(stage)), "POST", "/ksql", {"ksql": "INSERT INTO x VALUES ('a', 1e999);"})
    assert (answer.status, answer.json()["error_code"]) == (400, 40001)


def test_inserts_are_not_carried_out_when_another_statement_is_refused() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    with pytest.raises(BadStatement):
        stage.run("INSERT INTO x (id, a) VALUES ('k', 1); DESCRIBE nobody;")
    assert stage.written("x") == []


def inserts(stage: Stage, *lines: Any, http: str = "2") -> tuple[int, list[dict[str, Any]]]:
    body = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    answer = send(create_app(Backend(stage)), "POST", "/inserts-stream", body, http_version=http)
    assert answer.ended
    return answer.status, [json.loads(line) for line in answer.body.splitlines()]


def test_rows_are_acknowledged_one_by_one() -> None:
    stage = stage_with("id VARCHAR KEY, a INT, n DECIMAL(4,2), t TIMESTAMP, o STRUCT<X INT>")
    rows = [{"ID": "x", "A": 1, "N": "1.5"}, {"id": "y", "a": 2, "T": "2024-03-01", "o": {"x": 3}}]
    status, answers = inserts(stage, {"target": "x"}, *rows)
    assert (status, answers) == (200, [{"seq": 0, "status": "ok"}, {"seq": 1, "status": "ok"}])
    values = [json.loads(value or b"") for _, value, _ in stage.written("x")]
    assert values[0] == {"A": 1, "N": 1.5, "T": None, "O": None}
    assert values[1] == {"A": 2, "N": None, "T": 1709251200000, "O": {"X": 3}}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"A": "many"}, "Can't coerce a field of type class java.lang.String into type INTEGER"),
        ({"A": 1.5}, "Can't coerce a field of type class java.lang.Double into type INTEGER"),
        ({"A": 3000000000}, "Can't coerce a field of type class java.lang.Long into type INTEGER"),
        ({"A": [1]}, "Can't coerce a field of type class io.vertx.core.json.JsonArray into type INTEGER"),
        ({"A": {}}, "Can't coerce a field of type class io.vertx.core.json.JsonObject into type INTEGER"),
        (
            '{"A": 1e999}',
            "Out of range float values are not JSON compliant: a number that JSON does not have",
        ),
        ('{"A": NaN}', "Invalid JSON in inserts stream"),
        ('{"A": ' + "[" * 100_000, "Invalid JSON in inserts stream"),
        ({"ID": 5}, "Can't coerce a field of type class java.lang.Integer into type STRING"),
        ("[1]", "Invalid JSON in inserts stream"),
        ("{", "Invalid JSON in inserts stream"),
    ],
)
def test_the_first_bad_row_ends_the_stream(row: Any, message: str) -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    status, answers = inserts(stage, {"target": "`X`"}, row, {"ID": "z", "A": 3})
    assert status == 200
    (error,) = answers
    assert (error["@type"], error["seq"], error["message"]) == ("InsertError", 0, message)
    assert stage.written("x") == []


def test_a_row_that_nobody_needs_is_refused() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    status, (error,) = inserts(stage, "x" * (LARGEST_BODY + 1))
    assert (status, error["error_code"]) == (413, 41300)


TOO_LARGE = "x" * (LARGEST_BODY + 1)


def test_a_later_row_that_nobody_needs_ends_the_stream_with_an_answer() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    status, answers = inserts(stage, {"target": "x"}, {"ID": "a"}, TOO_LARGE, {"ID": "b"})
    message = "The request body is larger than 10485760 bytes"
    refusal = {"@type": "generic_error", "error_code": 41300, "message": message}
    assert (status, answers) == (200, [{"seq": 0, "status": "ok"}, refusal])
    assert [key for key, _, _ in stage.written("x")] == [b"a"]


def test_what_follows_a_refusal_is_not_answered_however_large() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    assert [answer["seq"] for answer in inserts(stage, {"target": "x"}, "{", TOO_LARGE)[1]] == [0]
    assert inserts(stage, {"target": "nobody"}, TOO_LARGE)[1][0]["error_code"] == 40001


def test_requests_that_are_refused_as_a_whole() -> None:
    stage = stage_with("id VARCHAR KEY, a INT")
    assert inserts(stage, {"target": "nobody"})[1][0]["error_code"] == 40001
    assert inserts(stage, {"source": "x"})[0] == 400
    assert inserts(stage)[0] == 400
    assert inserts(stage, {"target": "x"}, http="1.1")[1][0]["error_code"] == 40004


def test_a_key_of_a_table_is_needed() -> None:
    stage = stage_with("id VARCHAR PRIMARY KEY, a INT", kind="TABLE")
    assert inserts(stage, {"target": "x"}, {"A": 1})[1][0]["message"] == "Key field must be specified: ID"


@pytest.mark.parametrize(("text", "name"), [("a", "A"), ("`a`", "a"), ('"a b"', "a b"), ("`", "`")])
def test_names_read_as_in_sql(text: str, name: str) -> None:
    assert column_name(text) == name
