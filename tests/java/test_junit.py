"""JUnit's verdict on what of the local stack is Java of our own."""

from __future__ import annotations

import subprocess

import pytest

from macd.local.config import MAVEN_PROJECTS


@pytest.mark.parametrize("project", ["guard", "connect-plugins/avro"])
def test_the_tests_of_a_java_part_pass(project: str) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "test"]
    done = subprocess.run(command, cwd=MAVEN_PROJECTS / project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
