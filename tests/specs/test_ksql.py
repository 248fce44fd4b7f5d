"""The pipeline's own statements do what they are meant to, shown without any service in seconds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from macd.settings import REPOSITORY
from workers import built

TESTS = Path(__file__).parent / "ksql"
NAMED = re.compile(r"ksql/(\w+\.sql)'")


def test_orders_and_payments_through_the_statements() -> None:
    jar = built()
    answer = subprocess.run(
        [sys.executable, "-m", "ksqlflink", "test", TESTS],
        env={"PATH": "/usr/bin:/bin", "KSQLFLINK_JAR": str(jar)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.startswith("5 passed, 0 failed in ")


def test_no_statement_is_left_out() -> None:
    files = sorted(path.name for path in (REPOSITORY / "include" / "ksql").glob("*.sql"))
    assert NAMED.findall((TESTS / "statements.sql").read_text()) == files
