"""DESCRIBE FUNCTION and SHOW FUNCTIONS, from functions.yaml."""

from __future__ import annotations

from itertools import zip_longest

from ksqlflink.analysis.functions import Function, functions
from ksqlflink.analysis.signatures import Signature
from ksqlflink.errors import BadRequest
from ksqlflink.statements.entities import Entity, entity


def function_names(text: str) -> Entity:
    """Return the answer to SHOW FUNCTIONS."""
    listed = [
        {
            "name": name,
            "type": function.kind.upper(),
            "category": "AGGREGATE" if function.aggregate else function.category,
        }
        for name, function in sorted(functions().items())
    ]
    return entity("function_names", text, {"functions": listed})


def describe_function(text: str, name: str) -> Entity:
    """Return the answer to DESCRIBE FUNCTION; BadRequest when there is none of that name."""
    function = functions().get(name.upper())
    if function is None:
        raise BadRequest(f"Can't find any functions with the name '{name}'")
    members = {
        "name": function.name,
        "description": function.description,
        "author": "",
        "version": "",
        "path": "internal",
        "functions": [_signature(function, signature) for signature in function.signatures],
        "type": function.kind.upper(),
    }
    return entity("describe_function", text, members)


def _signature(function: Function, signature: Signature) -> Entity:
    kinds = list(map(str, signature.parameters))
    named = zip_longest(kinds, signature.labels, function.docs[: len(kinds)], fillvalue="")
    arguments = [
        {
            "name": label or f"arg{index + 1}",
            "type": kind,
            "description": doc,
            "isVariadic": index == signature.repeated,
        }
        for index, (kind, label, doc) in enumerate(named)
    ]
    returns = signature.shown_result
    return {"arguments": arguments, "returnType": returns, "description": "", "argumentTypes": kinds}
