"""Health checks: each answers what a user of the service would find, not whether a process lives."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import requests
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient
from pymongo.errors import ServerSelectionTimeoutError

from macd.local.config import HOST

Probe = Callable[[], None]
TIMEOUT_SECONDS = 3.0


class NotHealthy(Exception):
    """The service answers, and says that it is not ready."""


def reason(problem: Exception) -> str:
    """What a probe raised, in a few words; the libraries' own texts run over many lines."""
    if isinstance(problem, (requests.ConnectionError, ConnectionError, ServerSelectionTimeoutError)):
        return "nobody answers"
    if isinstance(problem, (requests.Timeout, TimeoutError)):
        return f"no answer within {TIMEOUT_SECONDS:.0f} s"
    if isinstance(problem, requests.HTTPError):
        return f"answers with HTTP {problem.response.status_code}"
    return str(problem) or type(problem).__name__


def _get(url: str, session: requests.Session | None = None) -> requests.Response:
    response = (session or requests.Session()).get(url, timeout=TIMEOUT_SECONDS)
    response.raise_for_status()
    return response


def kafka(port: int) -> Probe:
    """The broker answers a metadata request."""
    quiet = logging.getLogger("macd.local.probes.kafka")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False

    def probe() -> None:
        # The client retries in the background and logs each refusal: ask only once somebody listens.
        listening(port)()
        admin = AdminClient({"bootstrap.servers": f"{HOST}:{port}", "log_level": 0}, logger=quiet)
        if not admin.list_topics(timeout=TIMEOUT_SECONDS).brokers:
            raise NotHealthy("no broker registered yet")

    return probe


def listening(port: int) -> Probe:
    """Somebody accepts connections."""

    def probe() -> None:
        socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS).close()

    return probe


def http(port: int, path: str, session: requests.Session | None = None) -> Probe:
    """GET answers with a status below 400."""

    def probe() -> None:
        _get(f"http://{HOST}:{port}{path}", session)

    return probe


def require_compatibility(url: str, session: requests.Session | None = None) -> None:
    """Turn on BACKWARD compatibility in a fresh registry at `url`, which otherwise accepts any change."""
    session = session or requests.Session()
    if _get(f"{url}/config", session).json()["compatibilityLevel"] == "NONE":
        body = {"compatibility": "BACKWARD"}
        session.put(f"{url}/config", json=body, timeout=TIMEOUT_SECONDS).raise_for_status()


def connect(port: int, plugins: tuple[str, ...], session: requests.Session | None = None) -> Probe:
    """The worker has joined its group and offers the connector classes named in `plugins`."""

    def probe() -> None:
        base = f"http://{HOST}:{port}"
        _get(f"{base}/connectors", session)
        offered = {plugin["class"] for plugin in _get(f"{base}/connector-plugins", session).json()}
        if missing := set(plugins) - offered:
            raise NotHealthy(f"connector class not found: {', '.join(sorted(missing))}")

    return probe


def flink(port: int, session: requests.Session | None = None) -> Probe:
    """At least one task manager has registered with the job manager."""

    def probe() -> None:
        if _get(f"http://{HOST}:{port}/overview", session).json()["taskmanagers"] < 1:
            raise NotHealthy("no task manager registered yet")

    return probe


def mongodb(port: int) -> Probe:
    """The server answers `ping`."""

    def probe() -> None:
        milliseconds = int(TIMEOUT_SECONDS * 1000)
        with MongoClient[dict[str, object]](HOST, port, serverSelectionTimeoutMS=milliseconds) as client:
            client.admin.command("ping")

    return probe


def ksqldb(port: int, session: requests.Session | None = None) -> Probe:
    """GET /healthcheck says isHealthy."""

    def probe() -> None:
        body = _get(f"http://{HOST}:{port}/healthcheck", session).json()
        if not body["isHealthy"]:
            raise NotHealthy(f"healthcheck says {body.get('details', body)}")

    return probe


def smtp(port: int) -> Probe:
    """The mailbox greets with 220."""

    def probe() -> None:
        with socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS) as connection:
            if not connection.recv(64).startswith(b"220"):
                raise NotHealthy("no SMTP greeting")

    return probe


def airflow(port: int, part: str, session: requests.Session | None = None) -> Probe:
    """Airflow's own monitor calls `part` (metadatabase, scheduler, dag_processor, triggerer) healthy."""

    def probe() -> None:
        health = _get(f"http://{HOST}:{port}/api/v2/monitor/health", session).json()
        if health[part]["status"] != "healthy":
            raise NotHealthy(f"{part} is {health[part]['status']}")

    return probe
