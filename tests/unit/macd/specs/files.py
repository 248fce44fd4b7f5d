"""Changes to a copy of include/."""

from __future__ import annotations

from pathlib import Path


def edit(path: Path, old: str, new: str) -> None:
    """Replaces a text that has to be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
