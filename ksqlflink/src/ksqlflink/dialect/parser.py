"""Request text -> statements, with ksqlDB's wording for what is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from ksqlflink.dialect.builder import StatementBuilder
from ksqlflink.dialect.errors import DialectError, PreparationProblem, SyntaxProblem
from ksqlflink.dialect.grammar import NON_RESERVED, RESERVED, STATEMENT_STARTERS
from ksqlflink.dialect.statements import Statement
from ksqlflink.dialect.tables import load_or_build
from ksqlflink.dialect.types import SqlType

_KEYWORDS = frozenset({*RESERVED, *STATEMENT_STARTERS}) - frozenset(NON_RESERVED)
_FEW = 4  # an error that allows no more continuations than this lists them


@cache
def _parser() -> Lark:
    return load_or_build()


def parse(text: str, types: Mapping[str, SqlType] | None = None) -> tuple[Statement, ...]:
    """Return the statements of a request; `types` are the custom types it may name.

    Raises SyntaxProblem or PreparationProblem (a DialectError each).
    """
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_problem(error, text) from None
    builder = StatementBuilder(text, types)
    return tuple(_build(builder, child, text) for child in tree.children if isinstance(child, Tree))


def parse_one(text: str) -> Statement:
    """Return the single statement of `text`; DialectError when there is none or more than one."""
    statements = parse(text)
    if len(statements) != 1:
        raise DialectError(f"Expected exactly one statement, found {len(statements)}")
    return statements[0]


def _build(builder: StatementBuilder, tree: Tree[Token], text: str) -> Statement:
    try:
        statement = builder.transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, PreparationProblem):
            error.orig_exc.statement_text = text[tree.meta.start_pos : tree.meta.end_pos] + ";"
            raise error.orig_exc from None
        if isinstance(error.orig_exc, DialectError):
            raise error.orig_exc from None
        raise
    assert isinstance(statement, Statement)  # noqa: S101 - every alternative of the rule builds one
    return statement


def _syntax_problem(error: UnexpectedInput, text: str) -> SyntaxProblem:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return SyntaxProblem(error.line, error.column, _detail(error, error.token))
    if isinstance(error, UnexpectedCharacters):
        return SyntaxProblem(error.line, error.column, "")
    line, column = _end(text)
    missing = isinstance(error, UnexpectedToken) and "SEMICOLON" in (error.accepts or ())
    return SyntaxProblem(line, column, "missing ';' at '<EOF>'" if missing else "unexpected '<EOF>'")


def _detail(error: UnexpectedToken, token: Token) -> str:
    accepts = set(error.accepts or ())
    if "CREATE" in accepts and "DROP" in accepts:
        return f"Unknown statement '{token}'\nDid you mean '{_closest(str(token))}'?"
    if "IDENT" in accepts and "STRING" not in accepts and token.type in _KEYWORDS:
        return (
            f'"{token}" is a reserved keyword and it can\'t be used as an identifier. '
            f"You can use it as an identifier by escaping it as '{token}' "
        )
    if 0 < len(accepts) <= _FEW:
        return f"mismatched input '{token}' expecting {{{', '.join(sorted(map(_shown, accepts)))}}}"
    return ""


def _shown(terminal: str) -> str:
    return _SYMBOLS.get(terminal, f"'{terminal}'")


_SYMBOLS = {
    "SEMICOLON": "';'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "EQUAL": "'='",
    "LT": "'<'",
    "GT": "'>'",
    "IDENT": "an identifier",
    "INTEGER": "an integer",
    "STRING": "a string",
}


def _end(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


def _closest(word: str) -> str:
    return min(STATEMENT_STARTERS, key=lambda starter: _distance(word.upper(), starter))


def _distance(left: str, right: str) -> int:
    """Return the Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
