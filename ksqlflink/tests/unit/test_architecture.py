"""Who imports whom: the rooms of ksqlflink stand on floors, and every arrow goes down."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ksqlflink

HOUSE = Path(ksqlflink.__file__).parent
# From the ground up; rooms of one floor know nothing of each other. docs/architecture.md draws it.
FLOORS = (
    {"errors"},
    {"dialect", "services"},
    {"catalogue"},
    {"serde"},
    {"analysis", "worker"},
    {"flink"},
    {"statements"},
    {"checking", "results"},
    {"rest", "testing"},
    {"translation"},
    {"server"},
    {"__main__"},
)
SERVER_ONLY = {"confluent_kafka", "fastavro", "hypercorn", "requests", "starlette"}


def imported(path: Path) -> Iterator[str]:
    """The modules that a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "ksqlflink":
            yield from (f"ksqlflink.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(module: str) -> str:
    return module.split(".")[1]


def arrows() -> Iterator[tuple[str, str]]:
    for path in sorted(HOUSE.rglob("*.py")):
        here = ".".join(("ksqlflink", *path.relative_to(HOUSE).with_suffix("").parts))
        for module in imported(path):
            if module.startswith("ksqlflink.") and room(module) != room(here):
                yield here, module


def test_every_room_stands_on_one_floor():
    rooms = {
        path.stem for path in HOUSE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    floors = [name for floor in FLOORS for name in floor]
    assert len(floors) == len(set(floors))
    assert rooms - {"__init__"} - set(floors) == set()


def test_every_arrow_goes_down():
    height = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    found = list(arrows())
    assert len(found) > 200
    assert [(here, there) for here, there in found if height[room(here)] <= height[room(there)]] == []


@pytest.mark.parametrize("module", ["dialect", "checking", "translation", "__main__"])
def test_the_bare_install_loads_nothing_of_the_servers(module):
    loaded = f"import sys, ksqlflink.{module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)
    assert "ksqlflink" in answer.stdout.split()
    assert SERVER_ONLY & set(answer.stdout.split()) == set()
