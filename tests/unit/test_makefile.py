"""What `make` says before it starts anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from macd.settings import REPOSITORY


def test_acceptance_on_compose_without_its_secrets_says_what_to_do(tmp_path: Path) -> None:
    command = ["make", "-f", str(REPOSITORY / "Makefile"), "--old-file", ".venv/.installed"]
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C"}  # not as a part of the `make` that runs this test
    done = subprocess.run(
        [*command, "acceptance", "TARGET=compose"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    error, remedy, of_make = done.stderr.splitlines()
    assert error.startswith("error  There is no .env")
    assert remedy == "remedy Write it and start them: make env, make compose-up"
    assert of_make.endswith("Error 4")
