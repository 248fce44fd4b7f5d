"""The fake as pytest fixtures: one process a session, forgetful between tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.process import Cloud, running


@pytest.fixture(scope="session")
def _cloud_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(_cloud_process: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The fake, empty, and trusted by every client of this test."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(_cloud_process.ca))
    _cloud_process.forget()
    return _cloud_process
