"""Imports the DAG file given as argument with the outside world shut off; prints the seconds as JSON.

Run as a process of its own: an audit hook cannot be removed again, and a fresh import is what is measured.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from airflow.sdk import BaseHook, Connection, Variable

FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen"}
INCLUDE = str(Path(__file__).resolve().parents[2] / "include")


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise RuntimeError(f"a Variable or Connection is read while parsing: {args}")


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in FORBIDDEN:
        raise RuntimeError(f"{event} while parsing: {args}")
    if event == "open" and str(args[0]).startswith(INCLUDE):
        raise RuntimeError(f"{args[0]} is read while parsing")


def main(path: str) -> None:
    Variable.get = Connection.get = BaseHook.get_connection = _refuse  # type: ignore[method-assign,assignment]
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.addaudithook(_audit)
    began = time.perf_counter()
    spec.loader.exec_module(module)
    print(json.dumps({"seconds": time.perf_counter() - began}))


main(sys.argv[1])
