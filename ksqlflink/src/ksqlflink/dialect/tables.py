"""The LALR tables of the grammar, kept between processes: building them takes seconds, reading them none."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

import lark

from ksqlflink.dialect.grammar import grammar


def load_or_build(folder: Path | None = None) -> lark.Lark:
    """Return the parser; `folder` is where its tables are kept, by default the user's own cache folder.

    The tables are a pickle, which runs what its writer wants: another user's file is not read but replaced.
    """
    text = grammar()
    path = (folder or _user_cache()) / f"grammar-{_fingerprint(text)}.pickle"
    with suppress(OSError), _opened(path) as kept:
        if _is_private(kept):
            return lark.Lark.load(kept)
    parser = lark.Lark(text, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=False)
    with suppress(OSError):  # a read-only home costs time in the next process, and nothing else
        _keep(parser, path)
    return parser


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ksqlflink"


def _opened(path: Path) -> IO[bytes]:
    """Open a file, but neither what a link leads to nor a pipe that would keep its reader waiting."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _is_private(kept: IO[bytes]) -> bool:
    """Tell whether only this user can have written an open file."""
    found = os.fstat(kept.fileno())
    others = stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not others


def _fingerprint(text: str) -> str:
    versions = f"{lark.__version__} {sys.version_info[:3]}"
    return hashlib.sha256(f"{versions}\n{text}".encode()).hexdigest()[:16]


def _keep(parser: lark.Lark, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written aside and renamed: another process never reads half a file.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as aside:
        parser.save(aside)
    Path(aside.name).replace(path)
