"""Mask what varies from run to run, so that the rest of a REST answer can be compared."""

from __future__ import annotations

import json
import re
from typing import Any

from .compare import text

MASK = "(varies)"
# Compared for being there, whatever the value.
VARYING = frozenset(
    {
        "commandSequenceNumber",
        "kafkaClusterId",
        "kafka-cluster",
        "version",
        "clusterStatistics",
        "lastStatusUpdateMs",
        "updateTimeMs",
        "tasksMetadata",
        "ksqlHostQueryStatus",
        "consumerCount",
        "consumerGroupCount",
    }
)
# The same, but empty and not empty are different answers.
VARYING_UNLESS_EMPTY = frozenset({"statistics", "queryOffsetSummaries", "topology", "executionPlan"})
# Lists of sources, queries and topics come in no particular order.
UNORDERED = frozenset(
    {
        "streams",
        "tables",
        "queries",
        "topics",
        "readQueries",
        "writeQueries",
        "sourceConstraints",
        "sourceDescriptions",
        "queryDescriptions",
        "sources",
    }
)
PERSISTENT_QUERY = re.compile(r"((?:CSAS|CTAS)_[A-Z0-9_]+|INSERTQUERY)_\d+")
NAME_LIST = re.compile(r"\[([A-Z][A-Z0-9_#]*(?:, [A-Z][A-Z0-9_#]*)*)\]")
_VARYING_TEXT = [
    (PERSISTENT_QUERY, r"\1_#"),
    (re.compile(r"(?<![^\W_])transient_\w+_\d+\b"), "transient_#"),
    (re.compile(r"\bquery_\d+\b"), "query_#"),
    (re.compile(r"\b(?:\d{1,3}(?:\.\d{1,3}){3}|localhost):\d+\b"), "HOST:PORT"),
    (re.compile(r"(?<=Invalid JSON in request: ).*", re.DOTALL), MASK),
]


def mask_text(value: str) -> str:
    """A text without ids, addresses and parser details, its lists of names sorted."""
    for pattern, replacement in _VARYING_TEXT:
        value = pattern.sub(replacement, value)
    return NAME_LIST.sub(lambda found: "[" + ", ".join(sorted(found[1].split(", "))) + "]", value)


def mask(value: Any, member: str = "") -> Any:
    """A body (or the value of `member` in one) in the form in which it is compared."""
    if member in VARYING or (member in VARYING_UNLESS_EMPTY and value):
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {mask_text(name): mask(item, name) for name, item in value.items()}
    if isinstance(value, list):
        items = [mask(item) for item in value]
        return sorted(items, key=text) if member in UNORDERED else items
    return value


def documents(body: str) -> list[Any]:
    """The JSON documents of a streamed body: one array or object, or one document a line, or plain lines."""
    try:
        return [json.loads(body)] if body else []
    except ValueError:
        return [_document(line) for line in body.splitlines()]


def _document(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
