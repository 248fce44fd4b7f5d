"""A program that speaks the worker's protocol, and can die, hang and answer out of order."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def answer(number: int, **members: Any) -> None:
    print(json.dumps({"id": number, **members}), flush=True)


def die_once(request: dict[str, Any]) -> None:
    with Path(request["marker"]).open("a+", encoding="utf-8") as marker:
        marker.seek(0)
        before = marker.read()
        marker.write("x")
    if not before:
        os._exit(3)
    answer(request["id"], value="second try")


def slow_echo(request: dict[str, Any]) -> None:
    threading.Timer(0.2, answer, (request["id"],), {"value": request["value"]}).start()


def release(request: dict[str, Any]) -> None:
    for earlier in reversed(held):
        answer(earlier["id"], value=earlier["value"])
    answer(request["id"], released=len(held))


REFUSAL = {"kind": "statement", "message": "No such thing."}
held: list[dict[str, Any]] = []
OPS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "echo": lambda request: answer(request["id"], value=request["value"], pid=os.getpid()),
    "slow echo": slow_echo,
    "run.echo": lambda request: answer(request["id"], value=request["value"]),
    "hold": held.append,
    "run.hold": held.append,
    "release": release,
    "refuse": lambda request: answer(request["id"], error=REFUSAL),
    "babble": lambda request: print("Picked up something", flush=True),
    "run.say": lambda request: print(request["line"], flush=True),
    "die": lambda request: os._exit(3),
    "run.die": lambda request: os._exit(3),
    "die once": die_once,
    "hang": lambda request: time.sleep(600),
}
for line in sys.stdin:
    asked = json.loads(line)
    OPS[asked["op"]](asked)
