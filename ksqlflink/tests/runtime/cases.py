"""The cases under expressions/, and how a result is compared with what they expect.

A case says what an expression `is`: as JSON, in which 1 is not 1.0. A DECIMAL is written as text, which shows
its scale. It may say the `type` as well; or with what words the expression is `refused`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Typed
from ksqlflink.analysis.typer import Typer
from ksqlflink.dialect import parse_one
from ksqlflink.dialect import types as t
from ksqlflink.dialect.ast import SelectItem
from ksqlflink.dialect.statements import SelectStatement

Case = dict[str, Any]


def cases(theme: str = "*") -> list[Case]:
    return [
        case
        for path in sorted((Path(__file__).parent / "expressions").glob(f"{theme}.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def accepted() -> list[Case]:
    return [case for case in cases() if "refused" not in case]


def refused() -> list[Case]:
    return [case for case in cases() if "refused" in case]


def parameters(listed: list[Case]) -> list[Any]:
    return [pytest.param(case, id=case["sql"]) for case in listed]


@cache
def typed(sql: str) -> Typed:
    """The expression as the server types it."""
    statement = parse_one(f"SELECT {sql} AS x FROM s EMIT CHANGES;")
    assert isinstance(statement, SelectStatement)
    (item,) = statement.query.items
    assert isinstance(item, SelectItem)
    return Typer(Row.of({})).typed(item.expression)


def comparable(answer: str, kind: t.SqlType | None) -> str:
    """The JSON of an answer's value in one way of writing it."""
    shown = str if isinstance(kind, t.Decimal) else None
    return json.dumps(json.loads(answer, parse_float=shown, parse_int=shown)["value"], sort_keys=True)


def expected(case: Case) -> str:
    return json.dumps(case["is"], sort_keys=True)
