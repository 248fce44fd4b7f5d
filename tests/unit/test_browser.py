"""That tests with a browser are left out is fine on a laptop and not in CI."""

from __future__ import annotations

import shutil

import pytest

from tests.browser import program_or_leave


@pytest.mark.parametrize(("ci", "left"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_a_browser_they_are_skipped_and_in_ci_they_fail(
    monkeypatch: pytest.MonkeyPatch, ci: str, left: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(left, match="no browser"):
        program_or_leave()


def test_any_of_the_known_programs_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == "google-chrome" else None)
    assert program_or_leave() == "/bin/google-chrome"
