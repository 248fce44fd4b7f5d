"""Every recorded REST exchange is answered as the ksqlDB server answered it."""

from __future__ import annotations

import pytest

from .runs import Runs
from .services import level, recordings
from .story import load_story

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (recordings() / "rest").is_dir(), reason="no recordings of a ksqlDB server: set KSQLDB_RECORDINGS"
    ),
]


def test_the_stage_was_set_and_cleared(runs: Runs) -> None:
    errors = [
        line for name, result in runs.story.items() if name.startswith("(") for line in result.differences
    ]
    assert errors == []


@pytest.mark.parametrize("file", load_story().files(level()))
def test_the_answers_are_as_recorded(file: str, runs: Runs) -> None:
    result = runs.story[file]
    if not result.checked:
        pytest.skip("; ".join(dict.fromkeys(result.skipped)))
    assert result.passed, "\n".join([file, *result.differences])
