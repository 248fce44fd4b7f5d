"""Evaluates resolved expressions (the EXPR JSON of a query plan) in the server itself.

It serves pull queries and INSERT VALUES; persistent and push queries are evaluated by Flink. What it does not
know it refuses by name when an expression is compiled.
"""

from ksqlflink.evaluator.compile import Evaluate, NotEvaluable, compile_expression, guarded

__all__ = ["Evaluate", "NotEvaluable", "compile_expression", "guarded"]
