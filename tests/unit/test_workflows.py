"""The workflow for GitHub Actions, as far as it can be judged without GitHub: `make lint` runs actionlint."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from macd.settings import REPOSITORY

WORKFLOW = REPOSITORY / ".github" / "workflows" / "ci.yaml"
PREPARE = REPOSITORY / ".github" / "actions" / "prepare" / "action.yaml"
MAKEFILE = (REPOSITORY / "Makefile").read_text()


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return found


@pytest.mark.parametrize(
    ("schema", "file"), [("vendor.github-workflows", WORKFLOW), ("vendor.github-actions", PREPARE)]
)
def test_it_follows_githubs_schema(schema, file):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_may_read_the_repository_and_nothing_else():
    assert yaml.safe_load(WORKFLOW.read_text())["permissions"] == {"contents": "read"}
    assert "secrets." not in WORKFLOW.read_text()
    checkouts = [
        step for job in jobs().values() for step in job["steps"] if "checkout" in step.get("uses", "")
    ]
    assert len(checkouts) == len(jobs())
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_actions_are_githubs_own_at_a_release():
    for file in (WORKFLOW, PREPARE):
        used = re.findall(r"uses: (\S+)", file.read_text())
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+|\./\.github/actions/prepare", each) for each in used)


def test_every_job_ends_in_time():
    assert {name: job["timeout-minutes"] for name, job in jobs().items()} == {
        "lint": 20,
        "unit": 20,
        "test": 60,
        "compose": 90,
    }


def test_it_calls_what_the_makefile_has():
    called = {target for job in jobs().values() for step in job["steps"] for target in _made(step)}
    wanted = {"lint", "test-unit", "test", "env", "compose-up", "acceptance", "compose-run", "compose-reset"}
    assert called == wanted
    assert wanted <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def _made(step: dict[str, Any]) -> list[str]:
    return re.findall(r"make ([a-z-]+)", step.get("run", ""))
