"""The data case format: statements and input records, and the records that came out of the sink topics."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["core", "full"]
Shape = dict[str, int | str]  # a topic as recorded: partitions, and settings by Kafka's names

DEFAULT_PAUSE_MS = 600
# Inner stream-stream joins, all the pipeline's own statements need; `jc` are the cases of this repository.
CORE_CASES = ("jc", "j01", "j02", "j03", "j04", "j05", "j06", "j11")
THEMES = {
    "j": "stream-stream joins",
    "p": "projections and expressions",
    "g": "aggregates",
    "f": "formats and schemas",
    "s": "stream-table joins",
    "m": "mismatches",
    "o": "others",
}


class _Strict(BaseModel):
    # A member this runner does not know could be an expectation it would silently not check.
    model_config = ConfigDict(extra="forbid", frozen=True)


class Topic(_Strict):
    """A topic to be created before the statements run; without retention.ms it is kept for ever."""

    name: str
    partitions: int
    config: dict[str, str] = Field(default_factory=dict)


class Formats(_Strict):
    """How the records of one topic are written."""

    key: str
    value: str
    windowed: Literal["time", "session"] | None = None


class InputRecord(_Strict):
    """One record to produce; `timestamp` in ms, `schema_version` 1-based, `value` None = tombstone."""

    topic: str
    key: Any
    value: Any
    timestamp: int
    schema_version: int | None = None
    partition: int | None = None
    headers: list[tuple[str, Any]] = Field(default_factory=list)
    pause_ms: int | None = None


class OutputRecord(_Strict):
    """One record of a sink topic; `timestamp` in ms."""

    key: Any
    value: Any
    timestamp: int
    partition: int | None = None
    headers: list[tuple[str, Any]] = Field(default_factory=list)


class Case(_Strict):
    """A data case; see the README of the recordings for the members."""

    name: str
    why: str
    topics: list[Topic]
    formats: dict[str, Formats]
    schemas: dict[str, Any] = Field(default_factory=dict)
    statements: list[str]
    properties: dict[str, Any] = Field(default_factory=dict)
    inputs: list[InputRecord]
    produce_first: bool = False
    pause_ms: int = DEFAULT_PAUSE_MS
    outputs: dict[str, list[OutputRecord]]
    compare_timestamps: bool = False
    record_partitions: bool = False
    record_headers: bool = False
    output_value_schema: str | None = None
    output_schemas: dict[str, Any] = Field(default_factory=dict)
    output_partitions: dict[str, int] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    recorded: bool = False

    @property
    def theme(self) -> str:
        """The one-letter theme: the first letter of the name, `o` for one that no theme has."""
        return self.name[0] if self.name[0] in THEMES else "o"

    @property
    def all_topics(self) -> list[str]:
        """Every topic the case reads or writes."""
        named = [topic.name for topic in self.topics]
        return list(dict.fromkeys([*named, *self.formats, *self.outputs]))


def versions_of(schemas: Any) -> list[Any]:
    """A list of records is a list of versions; a list with other types would be a union."""
    is_list = isinstance(schemas, list) and all(isinstance(one, dict) for one in schemas)
    return schemas if is_list else [schemas]


def load_case(path: Path) -> Case:
    """Read one case file; its texts may hold half a surrogate pair, which pydantic's own reader refuses."""
    return Case.model_validate(json.loads(path.read_bytes()))


def load_cases(folders: Iterable[Path], only: Iterable[str] = (), level: Level = "full") -> list[Case]:
    """Read the cases of those of `folders` that exist, folder by folder and by name.

    `only` holds names or beginnings of names (`j01`, `j`); `core` leaves out all but CORE_CASES.
    """
    wanted = tuple(only)
    cases = [load_case(path) for folder in folders for path in sorted(folder.glob("*.json"))]
    return [
        case
        for case in cases
        if (not wanted or case.name.startswith(wanted))
        and (level == "full" or case.name.startswith(CORE_CASES))
    ]
