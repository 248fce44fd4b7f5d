"""What must be true before anything starts; each failure says what to do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Collection, Iterable

import psutil

from macd.errors import EnvironmentNotReady
from macd.local import jars
from macd.local.component import Component
from macd.local.config import HOST, LocalConfig, port_variable
from macd.local.jvm import java_program

JAVA_AT_LEAST = 17
DISK_MB = 500
# The cache holds 0.4 GB; Maven's own repository needs as much again while filling it.
CACHE_DISK_MB = 1500
# Half of a component's usual memory: swapping starts somewhere below that, and guessing high only annoys.
MEMORY_SHARE = 0.5


def check(config: LocalConfig, components: Iterable[Component], running: Collection[str]) -> None:
    """Raise EnvironmentNotReady for the first thing that would keep these components from starting."""
    starting = [component for component in components if component.name not in running]
    if not starting:
        return
    check_tools(config, starting)
    check_ports(config, starting)
    check_memory(sum(component.memory_mb for component in starting), psutil.virtual_memory().available)
    check_disk(config, DISK_MB if _is_cached(config, starting) else CACHE_DISK_MB)


def check_tools(config: LocalConfig, components: Collection[Component]) -> None:
    """Java and Maven are there, as far as these components need them."""
    if any(component.jars for component in components):
        check_java(java_program())
    if not _is_cached(config, components):
        check_maven()


def _is_cached(config: LocalConfig, components: Iterable[Component]) -> bool:
    return not jars.missing({jar for component in components for jar in component.jars}, config.cache)


def check_java(program: str) -> None:
    """Java is there and new enough."""
    remedy = f"Install a JDK, version {JAVA_AT_LEAST} or later, and put it on the PATH (or set JAVA_HOME)."
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentNotReady(f"Java does not run ({program}).", remedy=remedy) from error
    version = java_version(done.stderr)
    if version < JAVA_AT_LEAST:
        raise EnvironmentNotReady(f"Java {version} is too old ({program}).", remedy=remedy)


def java_version(output: str) -> int:
    """The major version from `java -version`; 0 when it cannot be read. Java 8 calls itself 1.8."""
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match.group(1)) if match else 0


def check_maven() -> None:
    """Maven is there; it is only needed while the cache of jars is not filled."""
    if shutil.which("mvn") is None:
        raise EnvironmentNotReady(
            "Maven (mvn) is not on the PATH, and the Java parts of the stack are not in the cache yet.",
            remedy="Install Maven 3.8 or later (Debian: apt install maven), or copy a filled cache.",
        )


def check_ports(config: LocalConfig, components: Iterable[Component]) -> None:
    """All ports of these components are free."""
    named = [(component, name, config.port(name)) for component in components for name in component.ports]
    taken = [
        f"port {port} ({component.title}; {port_variable(name)}) is taken by {_holder(port)}"
        for component, name, port in named
        if not _is_free(port)
    ]
    if taken:
        remedy = "Stop what holds it, or set the variable named in brackets to a free port."
        raise EnvironmentNotReady(f"Cannot start: {'; '.join(taken)}.", remedy=remedy)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        pid = next(c.pid for c in listening if c.pid and c.laddr[1:] == (port,))
        return f"process {pid} ({psutil.Process(pid).name()})"
    except (StopIteration, psutil.Error):
        return "another process (of another user, so it cannot be named)"


def check_memory(needed_mb: int, available_bytes: int) -> None:
    """There is room for at least a share of what the components usually take."""
    available_mb = available_bytes // 2**20
    if available_mb < needed_mb * MEMORY_SHARE:
        raise EnvironmentNotReady(
            f"Only {available_mb} MB of memory are available; these components take about {needed_mb} MB.",
            remedy="Close other programs, or start fewer components (`macd local up kafka registry`).",
        )


def check_disk(config: LocalConfig, needed_mb: int) -> None:
    """State folder and cache have room."""
    for folder in (config.home, config.cache):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise EnvironmentNotReady(
                f"{folder} is not writable.", remedy="Change its owner, or set another folder."
            )
        free_mb = shutil.disk_usage(folder).free // 2**20
        if free_mb < needed_mb:
            raise EnvironmentNotReady(
                f"Only {free_mb} MB are free on the disk of {folder}; {needed_mb} MB are needed.",
                remedy="Free some space, or set MACD_LOCAL_HOME and MACD_LOCAL_CACHE to another disk.",
            )
