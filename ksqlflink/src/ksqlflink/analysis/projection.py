"""The selected columns, and which of them make the key of the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ksqlflink.analysis.context import Context
from ksqlflink.analysis.names import grammatical
from ksqlflink.analysis.row import RESERVED_COLUMNS, WINDOW_BOUNDS, Row
from ksqlflink.analysis.typed import Typed, TypeProblem, shown
from ksqlflink.analysis.typer import Typer
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import back_quoted, identifier
from ksqlflink.dialect.formatter import expression as text_of
from ksqlflink.serde.formats import schema_text

_SYNTHETIC_DOCS = "https://cnfl.io/2LV7ouS"
_AS_VALUE_HINT = (
    "Each key column must only be in the projection once. If you intended to copy the key into the value, "
    "then consider using the AS_VALUE function to indicate which key reference should be copied."
)


@dataclass(frozen=True)
class Output:
    """A column of the result and the expression it holds."""

    column: Column
    typed: Typed


@dataclass(frozen=True)
class Key:
    """What the key of a result is made of.

    `parts` are the expressions to select and what each holds; `choices` are alternatives for a single part
    (the two sides of a join). `kind` and `shown` word the error when they are not selected.
    """

    kind: str
    parts: tuple[tuple[ast.Expression, Typed], ...]
    shown: tuple[str, ...]
    choices: tuple[ast.Expression, ...] = ()
    synthetic: bool = False
    grouped: bool = False


Star = Callable[[ast.SelectAll], Iterable[ast.SelectItem]]


def expand(context: Context, row: Row, star: Star) -> list[ast.SelectItem]:
    """Return the selected expressions with every `*` spelled out."""
    expanded: list[ast.SelectItem] = []
    for item in context.query.items:
        match item:
            case ast.SelectAll():
                expanded += star(item)
            case ast.SelectFields(base):
                with context.reporting():
                    expanded += _fields(base, Typer(row).typed(base), item.position)
            case ast.SelectItem():
                expanded.append(item)
    return expanded


def _fields(base: ast.Expression, typed: Typed, position: ast.Position) -> list[ast.SelectItem]:
    if not isinstance(typed.type, t.Struct):
        raise TypeProblem(f"Expected STRUCT type, got: {shown(typed.type)}")
    return [
        ast.SelectItem(ast.Dereference(base, name, position=position), name, position=position)
        for name, _ in typed.type.fields
    ]


def source_star(
    alias: str, source: DataSource, item: ast.SelectAll, prefix: str = ""
) -> list[ast.SelectItem]:
    """Return the columns of a source: key, window bounds, value."""
    bounds = WINDOW_BOUNDS if source.window_type is not None else ()
    keys = [column.name for column in source.key_columns]
    names = [*keys, *bounds, *(column.name for column in source.value_columns)]
    return [named_column(alias, name, prefix + name, item) for name in names]


def named_column(alias: str, name: str, shown: str, item: ast.SelectAll) -> ast.SelectItem:
    """Return the selected column that `*` stands for."""
    column = ast.Column(name, alias, position=item.position)
    return ast.SelectItem(column, shown, position=item.position)


def check_reserved(context: Context) -> None:
    """Refuse aliases that ksqlDB keeps for itself."""
    for item in context.query.items:
        if not isinstance(item, ast.SelectItem) or (item.alias or "").upper() not in RESERVED_COLUMNS:
            continue
        name = (item.alias or "").upper()
        if not isinstance(item.expression, ast.Column) or item.expression.name.upper() != name:
            raise context.fail(
                f"`{name}` is a reserved column name. You cannot use it as an alias for a column."
            )
        if context.persistent:
            raise context.fail(
                f"Reserved column name in select: `{name}`. Please remove or alias the column."
            )


def project(
    context: Context, row: Row, items: Sequence[ast.SelectItem], typed: Sequence[Typed], key: Key
) -> tuple[Output, ...]:
    """Return the columns of the result, the key first; for a client, in the order they were selected."""
    with context.reporting():
        kinds = [value.known() for value in typed]
    selected = [
        (item, Output(Column(item.alias or "", kind), value))
        for item, kind, value in zip(items, kinds, typed, strict=True)
    ]
    parts = _parts(key, [item.expression for item in items])
    if not context.persistent:
        keys_of = [part for part, _ in parts]
        return tuple(_client_output(item, output, keys_of) for item, output in selected)
    keys = [(part, [pair for pair in selected if pair[0].expression == part[0]]) for part in parts]
    for (expression, _), matches in keys:
        if len(matches) > 1:
            aliases = [output.column.name for _, output in matches]
            raise context.fail(_repeated(key, row.bare(expression), aliases))
    chosen = [item for _, matches in keys for item, _ in matches]
    values = [output for item, output in selected if item not in chosen and not _is_bare_bound(item)]
    _check_values(context, values)
    missing = [text for text, (_, matches) in zip(key.shown, keys, strict=False) if not matches]
    if missing:
        listed = tuple(missing) if key.grouped else key.shown
        raise context.fail(missing_key(context.sink or "", key, listed))
    outputs = [_key_output(matches[0][1], part[1]) for part, matches in keys]
    _check_clashes(context, outputs, values)
    return (*outputs, *values)


def _parts(key: Key, selected: Sequence[ast.Expression]) -> Sequence[tuple[ast.Expression, Typed]]:
    """Return the parts of the key; of alternatives the first that is selected."""
    if not key.choices:
        return key.parts
    ((default, value),) = key.parts
    return [(next((choice for choice in key.choices if choice in selected), default), value)]


def _repeated(key: Key, expression: ast.Expression, aliases: Sequence[str]) -> str:
    if key.grouped:
        listed = grammatical(map(back_quoted, aliases), "and")
        return f"The projection contains a key column more than once: {listed}.\n{_AS_VALUE_HINT}"
    name = back_quoted(expression.name) if isinstance(expression, ast.Column) else text_of(expression)
    return (
        f"The projection contains a key column ({name}) more than once, aliased as: "
        f"{grammatical(sorted(aliases), 'and')}.\n{_AS_VALUE_HINT}"
    )


def _is_bare_bound(item: ast.SelectItem) -> bool:
    """Tell whether a window bound is selected under its own name: it lies in the key already."""
    column = item.expression
    return isinstance(column, ast.Column) and column.name in WINDOW_BOUNDS and item.alias == column.name


def _client_output(item: ast.SelectItem, output: Output, keys: Sequence[ast.Expression]) -> Output:
    """Return a column that a client gets; the key columns are what it is told of a row that was deleted."""
    is_key = item.expression in keys or _is_bare_bound(item)
    return Output(replace(output.column, key=is_key), output.typed)


def _key_output(output: Output, value: Typed) -> Output:
    return Output(replace(output.column, key=True), value)


def _check_values(context: Context, values: Sequence[Output]) -> None:
    names = Counter(output.column.name for output in values)
    for output in values:
        if names[output.column.name] > 1:
            text = schema_text([output.column])
            raise context.fail(f"Duplicate value columns found in schema: {text}")
    if not values:
        raise context.fail("The projection contains no value columns.")


def _check_clashes(context: Context, keys: Sequence[Output], values: Sequence[Output]) -> None:
    names = [output.column.name for output in keys]
    clashes = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    clashes += [output.column.name for output in values if output.column.name in names]
    if clashes:
        listed = ", ".join(map(back_quoted, clashes))
        raise context.fail(f"Value columns clash with key columns: {listed}")


def missing_key(sink: str, key: Key, names: Sequence[str]) -> str:
    """Return what ksqlDB says when the key of a result, or these parts of it, are not selected."""
    several = not key.choices and len(names) > 1
    kind = key.kind + ("" if len(names) == 1 else "s")
    joined = grammatical(names, "or" if key.choices else "and")
    example = names[0] if key.choices else ", ".join(names)
    see = f"See {_SYNTHETIC_DOCS}." if key.synthetic else ""
    note = ""
    if key.synthetic:
        note = (
            f"\n{joined} was added as a synthetic key column because the join criteria did not match any "
            "source column. This expression must be included in the projection and may be aliased. "
        )
    return (
        f"Key{'s' if several else ''} missing from projection (ie, SELECT). {see}\nThe query used to build "
        f"{back_quoted(sink)} must include the {kind} {joined} in its projection (eg, SELECT "
        f"{example}...).{note}"
    )


def source_key(alias: str, source: DataSource, row: Row) -> Key:
    """Return the key that rows of a source keep."""
    parts = []
    for column in source.key_columns:
        reference = ast.Column(column.name, alias)
        found = row.find(reference)
        if found is not None:
            parts.append((reference, found))
    return Key("key column", tuple(parts), tuple(identifier(column.name) for column in source.key_columns))
