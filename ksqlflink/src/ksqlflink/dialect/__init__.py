"""ksqlDB's SQL: text -> statements -> text. Pure: no server, no files."""

from ksqlflink.dialect.errors import DialectError, PreparationProblem, SyntaxProblem
from ksqlflink.dialect.formatter import format_statement
from ksqlflink.dialect.normal import same_definition
from ksqlflink.dialect.parser import parse, parse_one

__all__ = [
    "DialectError",
    "PreparationProblem",
    "SyntaxProblem",
    "format_statement",
    "parse",
    "parse_one",
    "same_definition",
]
