"""The process supervisor (supervisord): its configuration, its life, and what it knows of each component."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport  # type: ignore[import-untyped]

from macd.errors import DeadlineExceeded, EnvironmentNotReady
from macd.local.component import Component, levels
from macd.local.config import LocalConfig
from macd.local.files import write_private

# Every process of the stack inherits this variable; it is how strays are recognised.
MARKER = "MACD_LOCAL_STACK"
# The kernel keeps 108 bytes for a socket's path, and supervisord adds its pid while binding.
SOCKET_PATH_LIMIT = 90
START_SECONDS = 15
LOG_BYTES = "20MB"


@dataclass(frozen=True)
class ProcessState:
    """What supervisord says of one program; `pid` is 0 when it does not run."""

    name: str
    state: str
    pid: int
    uptime_seconds: int
    description: str

    @property
    def is_alive(self) -> bool:
        """Whether it runs or is about to."""
        return self.state in ("STARTING", "RUNNING", "BACKOFF")

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to end and has not ended yet."""
        return self.state == "STOPPING"

    @property
    def has_given_up(self) -> bool:
        """Whether the supervisor will not start it again; EXITED only lasts until it does."""
        return self.state in ("STOPPED", "FATAL", "UNKNOWN")

    @property
    def is_down(self) -> bool:
        """Whether no process of it is left, at this moment."""
        return self.state in ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


def socket_path(config: LocalConfig) -> Path:
    """In the state folder, or in a private temporary folder where that path is too long for a socket."""
    path = config.run / "supervisor.sock"
    if len(str(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(str(config.home).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"macd-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise EnvironmentNotReady(
            f"{folder} belongs to another user.", remedy="Set a shorter MACD_LOCAL_HOME."
        )
    return folder / "s.sock"


def render_config(config: LocalConfig, components: Iterable[Component]) -> str:
    """supervisord's configuration; nothing starts by itself, `up` decides what runs."""
    components = list(components)
    depth = levels(components)
    socket, run = socket_path(config), config.run
    head = f"""\
[unix_http_server]
file = {socket}
chmod = 0700

[supervisord]
logfile = {config.logs / "supervisord.log"}
pidfile = {run / "supervisord.pid"}
childlogdir = {config.logs}
directory = {config.home}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}
"""
    return "\n".join([head, *(_program(c, log_path(config, c.name), depth[c.name]) for c in components)])


def log_path(config: LocalConfig, name: str) -> Path:
    """Where the component's output goes."""
    return config.logs / f"{name}.log"


def _program(component: Component, log: Path, level: int) -> str:
    options = {
        "command": " ".join(map(_quote, component.command)),
        "environment": ",".join(f"{k}={_quote(v)}" for k, v in sorted(component.environment().items())),
        "priority": level,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 1,
        "stopwaitsecs": component.stop_seconds,
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": log,
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": 1,
    }
    lines = [f"{option} = {value}" for option, value in options.items() if value != ""]
    return "\n".join([f"[program:{component.name}]", *lines, ""])


def _quote(value: str) -> str:
    """supervisord expands %(name)s and splits like a shell."""
    escaped = value.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Supervisor:
    """One supervisord, addressed through its socket; a fresh connection a call, so threads may share it."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._socket = socket_path(config)
        self._file = config.run / "supervisord.conf"

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return getattr(proxy, method)(*arguments)
        finally:
            transport.close()

    def is_running(self) -> bool:
        """Whether supervisord answers."""
        try:
            return bool(self._call("supervisor.getState"))
        except (OSError, HTTPException):
            return False

    def pid(self) -> int:
        """supervisord's own process id."""
        return int(self._call("supervisor.getPID"))

    def states(self) -> dict[str, ProcessState]:
        """Every configured program by name; empty when supervisord does not run."""
        if not self.is_running():
            return {}
        return {info["name"]: _state(info) for info in self._call("supervisor.getAllProcessInfo")}

    def log_path(self, name: str) -> Path:
        """Where the component's output goes."""
        return log_path(self._config, name)

    def ensure(self, components: Iterable[Component]) -> None:
        """Start supervisord, or bring the running one to the current configuration."""
        for folder in (self._config.run, self._config.logs, self._config.data):
            folder.mkdir(parents=True, exist_ok=True)
        write_private(self._file, render_config(self._config, components))
        if self.is_running():
            self._reload()
        else:
            self._launch()

    def _launch(self) -> None:
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._file)]
        # Without its bytecode cache, which some shells turn off, Airflow takes twice as long to start.
        ours = {MARKER: str(self._config.home), "PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "1"}
        environment = os.environ | self._config.environment() | ours
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_running():
            if done.returncode or time.monotonic() > deadline:
                log = self._config.logs / "supervisord.log"
                detail = done.stderr.strip() or f"no answer within {START_SECONDS} s"
                raise DeadlineExceeded(f"supervisord did not start: {detail}.", remedy=f"Read {log}.")
            time.sleep(0.05)

    def _reload(self) -> None:
        """Programs whose description changed are taken out and put in anew; those that ran run again."""
        [[added, changed, removed]] = self._call("supervisor.reloadConfig")
        states = self.states()
        for name in (*removed, *changed):
            self._call("supervisor.stopProcessGroup", name)
            self._call("supervisor.removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("supervisor.addProcessGroup", name)
            if name in states and states[name].is_alive:
                self.start(name)

    def start(self, name: str) -> None:
        """Start a program; one that runs already is left alone."""
        try:
            self._call("supervisor.startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise

    def stop(self, name: str) -> None:
        """Ask a program to stop, without waiting for it."""
        try:
            self._call("supervisor.stopProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise

    def shutdown(self) -> None:
        """Ask supervisord to end itself and whatever still runs under it."""
        self._call("supervisor.shutdown")


def _state(info: Mapping[str, Any]) -> ProcessState:
    uptime = max(info["now"] - info["start"], 0) if info["pid"] else 0
    return ProcessState(info["name"], info["statename"], info["pid"], uptime, info["description"])
