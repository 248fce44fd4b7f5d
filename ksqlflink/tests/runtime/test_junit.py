"""JUnit's verdict on the engine's Java."""

from __future__ import annotations

from workers import alone, maven


def test_the_tests_of_the_engines_java_pass() -> None:
    with alone():
        maven("test")
