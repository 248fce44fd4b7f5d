"""Starts the fake, and reaches behind its API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from macd.settings import REPOSITORY
from macd.specs import ConnectService
from tests.cloud.connect import CLUSTER, ENVIRONMENT
from tests.cloud.credentials import CLOUD_KEY, CLOUD_SECRET


class Cloud:
    """The running fake; `ca` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.pem"
        self.url = f"https://127.0.0.1:{(folder / 'port').read_text()}"

    def service(self, **changes: Any) -> ConnectService:
        place = {"api": "confluent_cloud", "environment": ENVIRONMENT, "cluster": CLUSTER}
        key = {"username": CLOUD_KEY, "password": CLOUD_SECRET, "kept_in": "the vault"}
        return ConnectService(**{"url": self.url, **place, **key, **changes})

    def fail(
        self, status: int, times: int = 1, retry_after: int | str | None = None, message: str = "no"
    ) -> None:
        fault = {"status": status, "times": times, "retry_after": retry_after, "message": message}
        self._control("POST", "/faults", fault)

    def provision_for(self, questions: int) -> None:
        self._control("POST", "/provisioning", {"questions": questions})

    def change(self, connector: str, **fields: Any) -> None:
        self._control("POST", f"/connectors/{connector}", fields)

    def change_ksqldb(self, **fields: Any) -> None:
        self._control("POST", "/ksqldb", fields)

    def change_management(self, part: str, **fields: Any) -> None:
        self._control("POST", f"/management/{part}", fields)

    def refuse_document(self, connector: str) -> str | None:
        topic: str | None = self._control("POST", f"/connectors/{connector}/refused")["topic"]
        return topic

    def sent(self, connector: str) -> dict[str, str]:
        return self._control("GET", f"/connectors/{connector}")

    def requests(self) -> list[str]:
        return [f"{each['method']} {each['path']}" for each in self._control("GET", "/requests")]

    def forget(self) -> None:
        self._control("DELETE", "")

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_fake{path}", json=body, verify=self.ca, timeout=5)
        return answer.json()


@contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    """A fake of one's own, for as long as the context lasts."""
    process = subprocess.Popen([sys.executable, "-m", "tests.cloud", str(folder)], cwd=REPOSITORY)
    try:
        yield _ready(folder)
    finally:
        process.terminate()
        process.wait(10)


@retry(retry=retry_if_exception_type(FileNotFoundError), stop=stop_after_delay(20), wait=wait_fixed(0.05))
def _ready(folder: Path) -> Cloud:
    return Cloud(folder)
