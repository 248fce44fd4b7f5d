"""All components of the stack, and the names under which users select them."""

from __future__ import annotations

from collections.abc import Iterable

from macd.errors import SpecError
from macd.local import airflow, python
from macd.local.component import Component
from macd.local.config import LocalConfig
from macd.local.java import JavaComponents


def catalog(config: LocalConfig) -> dict[str, Component]:
    """Every component by name, in the order in which status lists them."""
    components = [*JavaComponents(config).all(), python.ksqldb(config), python.smtp(config)]
    return {component.name: component for component in components + airflow.components(config)}


def expand(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Component names; a name also stands for all that begin with it and a dash (`flink`, `airflow`)."""
    known = list(known)
    found: list[str] = []
    for name in names:
        matches = [one for one in known if one == name or one.startswith(f"{name}-")]
        if not matches:
            remedy = f"Choose from: {', '.join(known)}; `flink` and `airflow` stand for all their parts."
            raise SpecError(f"No component of the local stack is called '{name}'.", remedy=remedy)
        found += matches
    return list(dict.fromkeys(found))
