"""The command line in this process."""

from __future__ import annotations

import pytest

from macd.cli.main import main


@pytest.fixture
def macd(monkeypatch, capfd):
    """Runs `macd ARGUMENTS` in this process and gives its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["macd", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run
