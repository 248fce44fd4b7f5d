"""Who may import whom: the product knows no Airflow, the ksqlDB server knows no product."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from macd.settings import REPOSITORY

SOURCES = REPOSITORY / "src"
ENGINE = REPOSITORY / "ksqlflink" / "src"


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        (SOURCES / "macd", {"airflow", "macd_airflow"}),
        (ENGINE / "ksqlflink", {"airflow", "macd", "macd_airflow"}),
        (ENGINE / "ksqldb_conformance", {"airflow", "macd", "macd_airflow", "ksqlflink"}),
    ],
)
def test_a_package_imports_only_what_lies_below_it(package, forbidden):
    modules = sorted(package.rglob("*.py"))
    assert modules
    guilty = {
        str(path.relative_to(REPOSITORY)): bad for path in modules if (bad := imported(path) & forbidden)
    }
    assert guilty == {}


def test_of_the_engine_the_pipeline_knows_its_sql_and_the_check_of_statements_only():
    """Neither imports a server; ksqlflink/tests/unit/test_checking.py looks at what they load."""
    known = ("ksqlflink.dialect", "ksqlflink.checking")
    guilty = {
        f"{path.relative_to(SOURCES)}: {node.module}"
        for path in (SOURCES / "macd").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ksqlflink")
        if not node.module.startswith(known)
    }
    assert guilty == set()


def test_modules_stay_short():
    modules = [*SOURCES.rglob("*.py"), *ENGINE.rglob("*.py"), *(REPOSITORY / "plugins").rglob("*.py")]
    lengths = {path.relative_to(REPOSITORY): len(path.read_text().splitlines()) for path in modules}
    assert {str(path): lines for path, lines in lengths.items() if lines > 300} == {}
