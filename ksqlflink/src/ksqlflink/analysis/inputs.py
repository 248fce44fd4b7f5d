"""Inputs of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from ksqlflink.analysis.typed import Json, Typed
from ksqlflink.catalogue.codec import type_to_json
from ksqlflink.catalogue.model import Column, DataSource


def input_json(
    alias: str, source: DataSource, by: Sequence[Typed] | None = None, by_format: str | None = None
) -> Json:
    """Return an input of a plan; `by` is the key to bring its rows together by, None keeps theirs.

    ksqlDB places that key by its bytes in `by_format`, which is the format of the source's key if not given.
    """
    session = source.window_type == "SESSION"
    described: Json = {
        "alias": alias,
        "table": source.kind == "TABLE",
        "key": {
            "format": source.key_format,
            "columns": columns_json([column for column in source.columns if column.key]),
            "window": None if source.window_type is None else "SESSION" if session else "TIME",
            "windowSize": source.window_size_ms,
        },
        "value": {
            "format": source.value_format,
            "columns": columns_json([column for column in source.columns if not column.key]),
            "wrap": source.wrap_value,
            "delimiter": source.value_delimiter,
        },
        "timestamp": timestamp_json(source),
    }
    if by is None:
        return described
    placed = by_format or ("KAFKA" if source.key_format == "NONE" else source.key_format)
    return {**described, "by": [item.json for item in by], "byFormat": placed}


def timestamp_json(source: DataSource) -> Json | None:
    """Return which column of a source holds the time of its records."""
    if source.timestamp_column is None:
        return None
    return {"column": source.timestamp_column, "pattern": source.timestamp_format}


def columns_json(columns: Sequence[Column]) -> list[Json]:
    """Return columns of a plan."""
    return [{"name": column.name, "type": type_to_json(column.type)} for column in columns]
