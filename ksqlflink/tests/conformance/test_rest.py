"""Every recorded REST exchange is answered as the ksqlDB server answered it."""

from __future__ import annotations

import pytest

from ksqldb_conformance.runs import Runs
from ksqldb_conformance.services import level, recordings
from ksqldb_conformance.story import OWN_STORY, load_story

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
needs_recordings = pytest.mark.skipif(
    not (recordings() / "rest").is_dir(), reason="no recordings of a ksqlDB server: set KSQLDB_RECORDINGS"
)
FILES = [
    *(pytest.param(file, marks=needs_recordings) for file in load_story().files(level())),
    *load_story(OWN_STORY).files(level()),
]


def test_the_stage_was_set_and_cleared(runs: Runs) -> None:
    errors = [
        line for name, result in runs.story.items() if name.startswith("(") for line in result.differences
    ]
    assert errors == []


@pytest.mark.parametrize("file", FILES)
def test_the_answers_are_as_recorded(file: str, runs: Runs) -> None:
    result = runs.story[file]
    if not result.checked:
        pytest.skip("; ".join(dict.fromkeys(result.skipped)))
    assert result.passed, "\n".join([file, *result.differences])
