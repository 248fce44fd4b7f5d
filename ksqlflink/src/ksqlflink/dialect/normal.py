"""Whether a statement defines what a server shows for a stream, however either of them is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.parser import parse

# A server writes these into the statement from the topic it found or made; they describe that topic.
_TOPIC_PROPERTIES = frozenset({"CLEANUP_POLICY", "PARTITIONS", "REPLICAS", "RETENTION_MS"})
_WORDS = frozenset({"FORMAT", "KEY_FORMAT", "VALUE_FORMAT", "WINDOW_TYPE", "WRAP_SINGLE_VALUE"})
# Their columns may be left to the registry: only the text that the server shows names them then.
_INFERRING = frozenset({"AVRO", "JSON_SR", "PROTOBUF"})
_MILLISECONDS = "MILLISECONDS"

_Create = st.CreateSource | st.CreateAsSelect


def same_definition(wanted: str, shown: str) -> bool:
    """Tell whether `shown`, the text a server keeps, is what it makes of the statement `wanted`.

    White space, comments, case, redundant brackets, the spelling of operators, numbers and durations, and the
    order of WITH make no difference. What a server fills in (defaults, the source of a column, the name of a
    selected expression, columns from the registry) is taken from `shown` where `wanted` leaves it out; IF NOT
    EXISTS, OR REPLACE and the topic's own properties are no part of a definition. Raises DialectError.
    """
    ours, theirs = parse(wanted), parse(shown)
    if len(ours) != len(theirs):
        return False
    return all(_same(*pair) for pair in zip(ours, theirs, strict=True))


def _same(ours: st.Statement, theirs: st.Statement) -> bool:
    if not isinstance(ours, _Create) or not isinstance(theirs, _Create):
        return bool(ours == theirs)
    wanted, shown = _normal(ours), _normal(theirs)
    if isinstance(wanted, st.CreateSource) and isinstance(shown, st.CreateSource):
        wanted, shown = _with_inferred(wanted, shown), _with_inferred(shown, shown)
    return bool(_completed(wanted, shown) == shown)


# -- one spelling -------------------------------------------------------------------------------------------


def _normal(statement: _Create) -> _Create:
    """Return the statement in one spelling, without what is no part of the definition."""
    plain: _Create = _canonical(statement)
    properties = _properties(plain)
    whole: _Create = replace(plain, properties=properties, or_replace=False, if_not_exists=False)
    return whole


def _canonical(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(_canonical, node))
    if not isinstance(node, ast.Node):
        return node
    return _respelled(_rebuilt(node, lambda name: _canonical(getattr(node, name))))


def _rebuilt(node: Any, value_of: Callable[[str], Any]) -> Any:
    return replace(node, **{item.name: value_of(item.name) for item in fields(node)})


def _respelled(node: ast.Node) -> ast.Node:
    """Return a node the way ksqlDB keeps it, or in any one way where two of its ways mean the same."""
    match node:
        case ast.Duration():
            return replace(node, amount=node.milliseconds, unit=_MILLISECONDS)
        case ast.Literal(kind, text):
            return replace(node, text=_number(kind, text))
        case ast.Between(negated=True) | ast.In(negated=True) | ast.Like(negated=True):
            return ast.Unary("NOT", replace(node, negated=False))
        case ast.Binary("IS NOT DISTINCT FROM", left, right):
            return ast.Unary("NOT", ast.Binary("IS DISTINCT FROM", left, right))
        case ast.Binary("||", left, right):
            return ast.Call("CONCAT", (left, right))
        case ast.Call(name):
            return replace(node, name=name.upper())
        case ast.Query(emit=None):
            return replace(node, emit="CHANGES")
    return node


def _number(kind: str, text: str) -> str:
    match kind:
        case "INTEGER":
            return str(int(text))
        case "DECIMAL":
            return format(Decimal(text), "f")
        case "DOUBLE":
            return repr(float(text))
    return text


def _properties(statement: _Create) -> st.Properties:
    kept = {key: _value(key, value) for key, value in statement.properties if key not in _TOPIC_PROPERTIES}
    if "FORMAT" in kept:
        both = kept.pop("FORMAT")
        kept |= {"KEY_FORMAT": both, "VALUE_FORMAT": both}
    kept.setdefault("KAFKA_TOPIC", ast.Literal("STRING", statement.name))
    if isinstance(statement, st.CreateSource):
        # That of a query's result is its source's; a server does not write it into the text.
        kept.setdefault("KEY_FORMAT", ast.Literal("STRING", "KAFKA"))
    return tuple(sorted(kept.items()))


def _value(key: str, value: ast.Literal) -> ast.Literal:
    """Return a WITH property's value as text: servers take numbers and booleans in quotes too."""
    text = value.text.upper() if key in _WORDS or value.kind == "BOOLEAN" else value.text
    if key == "TIMESTAMP":
        text = text[1:-1] if text[:1] in ("`", '"') else text.upper()
    if key == "WINDOW_SIZE" and (size := re.fullmatch(r"\s*(\d+)\s+([A-Za-z]+?)S?\s*", text)):
        text = str(_canonical(ast.Duration(int(size[1]), f"{size[2].upper()}S")).amount)
    return ast.Literal("STRING", text)


# -- what a server fills in --------------------------------------------------------------------------------


def _with_inferred(ours: st.CreateSource, theirs: st.CreateSource) -> st.CreateSource:
    """Return our statement, keys first, with columns from the registry and the server's default format."""
    properties = dict(ours.properties)
    default = dict(theirs.properties).get("VALUE_FORMAT")
    if default is not None:
        properties.setdefault("VALUE_FORMAT", default)
    keys = _columns(ours, theirs, properties["KEY_FORMAT"], keys=True)
    values = _columns(ours, theirs, properties.get("VALUE_FORMAT"), keys=False)
    headers = tuple(each for each in ours.elements if each.header)
    return replace(ours, elements=keys + values + headers, properties=tuple(sorted(properties.items())))


def _columns(
    ours: st.CreateSource, theirs: st.CreateSource, kind: ast.Literal | None, *, keys: bool
) -> tuple[st.Element, ...]:
    declared, found = (
        tuple(each for each in statement.elements if bool(each.key) == keys and not each.header)
        for statement in (ours, theirs)
    )
    inferred = not declared and kind is not None and kind.text in _INFERRING
    return found if inferred else declared


def _completed(ours: Any, theirs: Any) -> Any:
    """Return our node with the names that it leaves to the server, as far as both have the same shape."""
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and len(ours) == len(theirs):
        return tuple(map(_completed, ours, theirs))
    if not isinstance(ours, ast.Node) or not isinstance(theirs, type(ours)):
        return ours
    if isinstance(ours, ast.Column) and isinstance(theirs, ast.Column):
        return ours if ours.source is not None else replace(ours, source=theirs.source)
    whole = _rebuilt(ours, lambda name: _completed(getattr(ours, name), getattr(theirs, name)))
    if isinstance(whole, ast.SelectItem) and whole.alias is None and isinstance(theirs, ast.SelectItem):
        return replace(whole, alias=_generated(whole.expression, theirs.alias))
    return whole


def _generated(selected: ast.Expression, shown: str | None) -> str | None:
    """Return the name a server gave to a selected expression, None where it would not give this one."""
    match selected:
        case ast.Column(name, source):
            return shown if shown in (name, f"{source}_{name}") else None
        case ast.Dereference(_, name):
            pattern = rf"{re.escape(name)}(_\d+)?"
        case _:
            pattern = r"KSQL_COL_\d+"
    return shown if shown is not None and re.fullmatch(pattern, shown) else None
