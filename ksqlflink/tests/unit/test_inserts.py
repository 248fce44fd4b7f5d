"""INSERT VALUES and /inserts-stream: what is written, and what is refused in which words."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from ksqlflink.errors import BadRequest, BadStatement
from ksqlflink.rest.app import create_app
from ksqlflink.rest.bodies import LARGEST_BODY
from ksqlflink.serde.records import RecordReader
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
ROW = {
    "ID": 7, "I": -1, "B": 2, "D": 3.0, "N": "4.50", "S": "it's", "F": True, "T": 1709287200500, "DAY": 19783,
    "TOD": 36930000, "RAW": b"\xff", "A": [1, 2], "M": {"k": 1}, "O": {"X": 1, "Y": "y"},
}  # fmt: skip


def stage_with(columns: str, value_format: str = "JSON", kind: str = "STREAM", extra: str = "") -> Stage:
    stage = Stage()
    properties = f"KAFKA_TOPIC='x', PARTITIONS=1, VALUE_FORMAT='{value_format}'{extra}"
    stage.run(f"CREATE {kind} x ({columns}) WITH ({properties});")
    return stage


def read(stage: Stage) -> dict[str, Any]:
    source = stage.catalogue.source("X")
    assert source is not None
    (record,) = stage.records.topics["x"]
    row = RecordReader(source, stage.registry).read(record)
    found = {**row.key, **(row.values or {})}
    return {name: str(value) if name == "N" else value for name, value in found.items()}


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
    assert read(stage) == {"ID": "k", "A": None, "S": "a,b"}


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


def test_what_cannot_be_inserted_into() -> None:
    stage = stage_with("id VARCHAR KEY, a INT", extra=", WINDOW_TYPE='SESSION'")
    with pytest.raises(BadRequest, match="Cannot insert values into windowed stream/table: `X`"):
        stage.run("INSERT INTO x (id, a) VALUES ('k', 1);")
    with pytest.raises(BadRequest, match="Cannot insert values into an unknown stream/table: `NOBODY`"):
        stage.run("INSERT INTO nobody VALUES (1);")


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
