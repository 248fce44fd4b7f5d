"""Variables: ${name} in a request's text is replaced before the text is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping

from ksqlflink.dialect.errors import PreparationProblem

# A quoted text or a comment is one piece, so that a semicolon in it ends no statement.
_PIECES = re.compile(
    r"'(?:[^']|'')*'|`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|--[^\r\n]*|/\*.*?\*/|;|[^'`\";/-]+|.", re.DOTALL
)
_REFERENCE = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DEFINE = re.compile(r"\s*DEFINE\s+(\w+)\s*=\s*'((?:[^']|'')*)'\s*;\s*", re.IGNORECASE)
_UNDEFINE = re.compile(r"\s*UNDEFINE\s+(\w+)\s*;\s*", re.IGNORECASE)


def substitute(text: str, variables: MutableMapping[str, str]) -> str:
    """Return the text with variables replaced by their values, as they are at each statement.

    DEFINE and UNDEFINE in the text change `variables` (names in lower case) on the way.
    """
    if "${" not in text and not re.search(r"\bdefine\b|\bundefine\b", text, re.IGNORECASE):
        return text
    return "".join(_substituted(statement, variables) for statement in split(text))


def split(text: str) -> Iterator[str]:
    """Yield the statements of a text, each with its semicolon and the comments before it."""
    statement = ""
    for piece in _PIECES.findall(text):
        statement += piece
        if piece == ";":
            yield statement
            statement = ""
    if statement:
        yield statement


def _substituted(statement: str, variables: MutableMapping[str, str]) -> str:
    replaced = _REFERENCE.sub(lambda found: _value(found, variables), statement)
    define, undefine = _DEFINE.fullmatch(replaced), _UNDEFINE.fullmatch(replaced)
    if define:
        variables[define[1].lower()] = define[2].replace("''", "'")
    elif undefine:
        _undefine(undefine[1], replaced.strip(), variables)
    return replaced


def _value(found: re.Match[str], variables: MutableMapping[str, str]) -> str:
    escape, name = found.groups()
    if escape:
        return found[0][1:]
    return variables.get(name.lower(), found[0])  # one that is not defined stays as it is


def _undefine(name: str, text: str, variables: MutableMapping[str, str]) -> None:
    if variables.pop(name.lower(), None) is None:
        raise PreparationProblem(f"Cannot undefine variable '{name}' which was never defined", text)
