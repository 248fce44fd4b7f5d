"""What the parts of an analysis share: the query, its inputs, and how errors are worded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import TypeProblem
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect.columns import columns_of
from ksqlflink.errors import BadStatement, not_supported

SCHEMA_ERROR = "Could not determine output schema for query due to error: "


@dataclass(frozen=True)
class Context:
    """`sink` is the name of what is created or written to, None for a query whose rows go to a client.

    `raw` is the statement as sent, `text` the one that errors show behind `prefix`. `target` are the columns
    of an existing stream that INSERT INTO writes to.
    """

    query: ast.Query
    inputs: Mapping[str, DataSource]
    partitions: Mapping[str, int]
    sink: str | None
    raw: str
    text: str
    prefix: str = ""
    target: tuple[Column, ...] | None = None

    @property
    def persistent(self) -> bool:
        """Whether the query writes a topic of its own, and therefore needs its key selected."""
        return self.sink is not None

    def fail(self, message: str) -> BadStatement:
        """Return an error in ksqlDB's words."""
        return BadStatement(self.prefix + message, self.text)

    def refuse(self, construct: str, position: ast.Position) -> BadStatement:
        """Return the refusal of something ksqlDB has and this server has not."""
        return not_supported(construct, position, self.raw)

    def check_windowed_tables(self) -> None:
        """Refuse a query that goes on reading a windowed table."""
        windowed = (source.kind == "TABLE" and source.window_type for source in self.inputs.values())
        if self.persistent and any(windowed):
            raise self.fail("KSQL does not support persistent queries on windowed tables.")

    @contextmanager
    def reporting(self, where: str = "") -> Iterator[None]:
        """Turn type problems into errors of the statement."""
        try:
            yield
        except TypeProblem as problem:
            raise self.fail(where + problem.message) from None

    def check_known(self, node: ast.Expression | None, row: Row, clause: str) -> None:
        """Refuse columns that no source has."""
        if node is not None:
            for column in columns_of(node):
                if row.find(column) is None:
                    name = column.name if column.source is None else f"{column.source}.{column.name}"
                    hint = ""
                    if clause == "PARTITION BY":
                        hint = (
                            f" '{name}' must be a column in the source schema since PARTITION BY is applied "
                            "on the input."
                        )
                    raise self.fail(f"{column.position}: {clause} column '{name}' cannot be resolved.{hint}")
