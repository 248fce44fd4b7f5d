"""Qualified queries -> typed plans, with ksqlDB's rules and wording."""

from ksqlflink.analysis.analyzer import analyze
from ksqlflink.analysis.context import SCHEMA_ERROR, Context
from ksqlflink.analysis.names import qualify
from ksqlflink.analysis.result import Analysis
from ksqlflink.analysis.row import RESERVED_COLUMNS

__all__ = ["RESERVED_COLUMNS", "SCHEMA_ERROR", "Analysis", "Context", "analyze", "qualify"]
