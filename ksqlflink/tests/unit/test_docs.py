"""The documents: links lead somewhere, and what is shown is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
DOCUMENTS = [HOUSE / "README.md", *(HOUSE / "docs").glob("*.md"), *(HOUSE / "src").rglob("*.md")]
SQL = """CREATE STREAM orders (id VARCHAR KEY, total DOUBLE) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE STREAM big AS SELECT id FROM orders WHERE totl > 10;
"""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    places = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    # The distribution alone has no repository around it.
    inside = [place for place in places if HOUSE in (document.parent / place).resolve().parents]
    assert [place for place in inside if not (document.parent / place).exists()] == []


def test_the_example_says_what_it_shows(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (HOUSE / "README.md").read_text(), re.DOTALL)
    (tmp_path / "orders.sql").write_text(SQL)
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"# {done.stdout}" in example


def test_every_room_is_on_the_table() -> None:
    from unit.test_architecture import FLOORS

    table = (HOUSE / "docs" / "architecture.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", table, re.MULTILINE))
    shown = {int(floor): set(re.findall(r"`(\w+)`", rooms)) for floor, rooms in rows.items()}
    assert shown == dict(enumerate(FLOORS, 1))
