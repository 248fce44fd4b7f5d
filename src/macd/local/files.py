"""Writing the rendered configuration and the generated secrets of the stack."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from string import Template

from macd.errors import EnvironmentNotReady
from macd.local.config import TEMPLATES, LocalConfig

PRIVATE = 0o700


def render(template: str, variables: dict[str, str]) -> str:
    """The text of local/templates/<template> with its ${names} filled in; an unknown name is a KeyError."""
    return Template((TEMPLATES / template).read_text()).substitute(variables)


def render_to(target: Path, template: str, config: LocalConfig) -> None:
    """Render a template with the stack's settings into `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(template, config.variables()))


def make_private(folder: Path, variable: str) -> None:
    """Make a folder that only this user can enter, or make it one; `variable` names another in its place."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise EnvironmentNotReady(
            f"{folder} belongs to another user of this machine.",
            remedy=f"Change its owner, or name a folder of your own in {variable}.",
        )
    if stat.S_IMODE(found.st_mode) != PRIVATE:
        folder.chmod(PRIVATE)


def write_private(path: Path, text: str) -> None:
    """Write `text` so that only this user can ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def secret(path: Path, generate: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """The secret kept in `path`, generated on first use."""
    if not path.is_file():
        write_private(path, generate())
    return path.read_text()
