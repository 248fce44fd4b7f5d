"""What a query writes to: topic, formats, columns, and whether an existing sink may take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ksqlflink.analysis import SCHEMA_ERROR, Analysis
from ksqlflink.analysis.projection import Output
from ksqlflink.analysis.typed import cast, widens
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect.statements import CreateAsSelect
from ksqlflink.errors import BadRequest, BadStatement, not_supported
from ksqlflink.serde.formats import schema_text
from ksqlflink.statements.definitions import check_kind
from ksqlflink.statements.world import World

_STEPS = {"JOIN": "StreamStreamJoin", "TABLE_JOIN": "StreamTableJoin", "TABLE_TABLE_JOIN": "TableTableJoin"}


def check_result(statement: CreateAsSelect, analysis: Analysis, world: World, shown: str) -> None:
    """Refuse a name that is taken, and a table where a stream comes out."""
    existing = world.catalogue.source(statement.name)
    if existing is not None and not statement.or_replace:
        raise BadStatement(
            f"{SCHEMA_ERROR}Cannot add {statement.kind.lower()} '{statement.name}': A "
            f"{existing.kind.lower()} with the same name already exists",
            shown,
        )
    check_kind(statement, analysis, shown)


# -- CREATE OR REPLACE and INSERT INTO ----------------------------------------------------------------------


def upgrade_problem(existing: DataSource, source: DataSource) -> str | None:
    """Return why a source cannot be replaced by another, None if it can."""
    changed = [
        column
        for columns, others in (
            (existing.key_columns, source.key_columns),
            (existing.value_columns, source.value_columns),
        )
        for index, column in enumerate(columns)
        if others[index : index + 1] != (column,)
    ]
    keys = [column for column in changed if column.key]
    if not changed and len(existing.key_columns) == len(source.key_columns):
        return None
    reason = f"The following columns are changed, missing or reordered: [{schema_text(changed)}]"
    if keys or len(existing.key_columns) != len(source.key_columns):
        reason = (
            "Key columns must be identical. The following key columns are changed, missing or reordered: "
            f"[{schema_text(keys)}]"
        )
    return (
        f"Cannot upgrade data source: DataSource '`{source.name}`' has schema = "
        f"{schema_text(existing.columns)} which is not upgradeable to {schema_text(source.columns)}. "
        f"({reason})"
    )


def check_upgrade(
    statement: CreateAsSelect,
    source: DataSource,
    existing: DataSource,
    analyses: tuple[Analysis | None, Analysis],
) -> None:
    """Refuse CREATE OR REPLACE of what ksqlDB does not replace; `analyses` are those of before and after."""
    shown = source.statement
    if existing.kind != source.kind:
        raise BadStatement(
            f"Cannot add {source.kind.lower()} '{source.name}': A {existing.kind.lower()} with the same name "
            "already exists",
            shown,
        )
    problem = upgrade_problem(existing, source)
    if problem is not None:
        raise BadStatement(problem, shown)
    before, after = analyses
    step = _STEPS.get(after.operation["kind"])
    if step is not None:
        raise BadRequest(f"Upgrades not yet supported for {step}")
    if source.topic != existing.topic or before is None or _kept(before) != _kept(after):
        raise not_supported(
            "CREATE OR REPLACE that changes what is read, aggregated or written to",
            statement.position,
            statement.text,
        )


def _kept(analysis: Analysis) -> tuple[object, object]:
    """Return what has to stay for a running query to take another definition over with its state."""
    operation = {name: part for name, part in analysis.operation.items() if name not in ("having", "explode")}
    return operation, analysis.sources


def insert_outputs(analysis: Analysis, target: DataSource, text: str) -> Analysis:
    """Return the analysis with its columns turned into those of the stream that INSERT INTO writes to."""
    if analysis.kind != target.kind:
        raise BadStatement(
            f"Incompatible data sink and query result. Data sink ({target.name}) type is K{target.kind} but "
            f"select query result is K{analysis.kind}.",
            text,
        )
    wanted = (*target.key_columns, *target.value_columns)
    if not _compatible(analysis.columns, wanted):
        raise BadStatement(
            "Incompatible schema between results and sink.\n"
            f"Result schema is {schema_text(analysis.columns)}\nSink schema is {schema_text(wanted)}",
            text,
        )
    outputs = tuple(
        Output(column, cast(output.typed, column.type))
        for output, column in zip(analysis.outputs, wanted, strict=True)
    )
    return replace(analysis, outputs=outputs)


def _compatible(columns: Sequence[Column], wanted: Sequence[Column]) -> bool:
    if len(columns) != len(wanted):
        return False
    return all(
        (column.name, column.key) == (other.name, other.key) and widens(column.type, other.type)
        for column, other in zip(columns, wanted, strict=True)
    )
