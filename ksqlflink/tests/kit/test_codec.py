"""Keys and values go to the wire and back in every format."""

from __future__ import annotations

import struct

import pytest

from ksqldb_conformance.codec import (
    CodecError,
    decode,
    decode_key,
    encode,
    encode_key,
    from_header,
    header_bytes,
)

MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
SCHEMA = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
        {"name": "money", "type": ["null", MONEY]},
        {"name": "lines", "type": {"type": "array", "items": {"type": "map", "values": MONEY}}},
    ],
}
VALUE = {
    "at": 1721124935000,
    "day": 19000,
    "money": {"$decimal": "-12.30"},
    "lines": [{"x": {"$decimal": "0.01"}}],
}


def no_schema(schema_id):
    raise AssertionError(f"schema {schema_id} was asked for")


@pytest.mark.parametrize(
    ("value", "format_name", "wire"),
    [
        ("Zoë", "STRING", "Zoë".encode()),
        (-2, "INT", b"\xff\xff\xff\xfe"),
        (2**40, "BIGINT", struct.pack(">q", 2**40)),
        (1.5, "DOUBLE", struct.pack(">d", 1.5)),
        ({"a": [1, None]}, "JSON", b'{"a": [1, null]}'),
        ("a,b", "DELIMITED", b"a,b"),
    ],
)
def test_there_and_back(value, format_name, wire):
    assert encode(value, format_name) == wire
    assert decode(wire, format_name, no_schema) == value


def test_avro_has_the_registrys_header_and_keeps_times_as_integers_and_decimals_exact():
    wire = encode(VALUE, "AVRO", (SCHEMA, 258))
    assert wire[:5] == b"\x00\x00\x00\x01\x02"
    assert decode(wire, "AVRO", {258: SCHEMA}.__getitem__) == VALUE


def test_bytes_inside_avro_are_written_as_base64():
    schema = {"type": "record", "name": "R", "fields": [{"name": "raw", "type": "bytes"}]}
    wire = encode({"raw": {"$base64": "aGk="}}, "AVRO", (schema, 1))
    assert wire[5:] == b"\x04hi"
    assert decode(wire, "AVRO", {1: schema}.__getitem__) == {"raw": {"$base64": "aGk="}}


def test_null_is_null_in_every_format():
    assert encode(None, "AVRO") is None
    assert decode(None, "JSON", no_schema) is None


def test_delimited_rows_are_quoted_where_they_need_it():
    assert encode(["a,b", 1, None], "DELIMITED") == b'"a,b",1,'


def test_raw_and_base64_are_written_as_they_are():
    assert encode({"$raw": ""}, "AVRO") == b""
    assert encode({"$base64": "AAAPQj8C"}, "AVRO") == b"\x00\x00\x0fB?\x02"


@pytest.mark.parametrize(
    ("windowed", "bounds"), [("time", ["window_start"]), ("session", ["window_end", "window_start"])]
)
def test_windowed_keys(windowed, bounds):
    expected = {"key": 7, **{name: 1000 + index for index, name in enumerate(bounds)}}
    wire = struct.pack(">i", 7) + b"".join(struct.pack(">q", expected[name]) for name in bounds)
    assert decode_key(wire, "INT", windowed, no_schema) == expected


@pytest.mark.parametrize(
    ("data", "format_name"),
    [(b"x", "INT"), (b"\xff", "STRING"), (b"{", "JSON"), (b"not avro", "AVRO"), (b"\x00\x00", "AVRO")],
)
def test_bytes_that_cannot_be_read_are_no_value(data, format_name):
    assert "$undecodable" in decode(data, format_name, no_schema)


def test_a_windowed_key_that_is_too_short_is_no_key():
    assert "$undecodable" in decode_key(b"abc", "STRING", "time", no_schema)


def test_a_format_nobody_knows_is_refused():
    with pytest.raises(CodecError, match="PROTOBUF"):
        encode(1, "PROTOBUF")


@pytest.mark.parametrize(
    ("windowed", "key", "wire"),
    [
        (None, 7, b"\0\0\0\x07"),
        ("time", {"key": 7, "window_start": 256}, b"\0\0\0\x07" + b"\0\0\0\0\0\0\x01\0"),
        (
            "session",
            {"key": 7, "window_start": 1, "window_end": 2},
            b"\0\0\0\x07" + b"\0\0\0\0\0\0\0\x02" + b"\0\0\0\0\0\0\0\x01",
        ),
        ("time", {"$raw": "as it is"}, b"as it is"),
        ("time", None, None),
    ],
)
def test_keys_of_input_records_are_written_with_their_windows(windowed, key, wire):
    assert encode_key(key, "INT", windowed) == wire
    if isinstance(key, dict) and "key" in key:
        assert decode_key(wire, "INT", windowed, no_schema) == key


def test_headers_are_texts_or_bytes_or_nothing():
    given = [("a", "Zoë"), ("a", None), ("b", {"$base64": "/w=="}), ("c", "")]
    wire = [("a", "Zoë".encode()), ("a", None), ("b", b"\xff"), ("c", b"")]
    assert header_bytes(given) == wire
    assert [(name, from_header(data)) for name, data in wire] == given
