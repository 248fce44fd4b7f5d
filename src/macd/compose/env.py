"""The file .env that docker-compose.yaml reads: one generated secret for each name in .env.example."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from macd.errors import SpecError
from macd.keys import fernet_key, long_key, password
from macd.local.files import write_private

_NAME = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*)=")


def _cluster_id() -> str:
    """As `kafka-storage random-uuid` makes them: 16 bytes in 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


GENERATORS: Mapping[str, Callable[[], str]] = {
    "KAFKA_CLUSTER_ID": _cluster_id,
    "AIRFLOW_FERNET_KEY": fernet_key,
    "AIRFLOW_API_SECRET_KEY": long_key,
    "AIRFLOW_JWT_SECRET": long_key,
}


def write_env(example: Path, target: Path) -> tuple[str, ...]:
    """Makes `target` hold a value for every name in `example`; returns the names that were added.

    A value that is there stays, an empty one is refused: a container would take it for a password. The
    file is readable by this user only, whatever it was before.
    """
    present = values(target) if target.is_file() else {}
    empty = sorted(name for name, value in present.items() if not value)
    if empty:
        found = f"{target}: {', '.join(empty)} has no value."
        raise SpecError(found, remedy="Delete the line; `make env` makes it anew.")
    text = target.read_text(encoding="utf-8") if present else ""
    lines = list(_lines(example, present, only_new=bool(present)))
    _write_private(target, _joined(text, lines))
    return tuple(name for name in values(example) if name not in present)


def values(path: Path) -> dict[str, str]:
    """NAME=value lines of an .env file; comments and everything else left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {found["name"]: line[found.end() :] for line in lines if (found := _NAME.match(line))}


def _lines(example: Path, present: Mapping[str, str], *, only_new: bool) -> Iterator[str]:
    for line in example.read_text(encoding="utf-8").splitlines():
        found = _NAME.match(line)
        if found is None:
            if not only_new:
                yield line
        elif found["name"] not in present:
            yield f"{found['name']}={GENERATORS.get(found['name'], password)()}"


def _joined(text: str, lines: list[str]) -> str:
    before = text if not text or text.endswith("\n") else f"{text}\n"
    return before + "".join(f"{line}\n" for line in lines)


def _write_private(path: Path, text: str) -> None:
    # Beside it first and then in its place: a write that is cut short loses no password.
    draft = path.with_name(f"{path.name}.new")
    write_private(draft, text)
    draft.replace(path)
