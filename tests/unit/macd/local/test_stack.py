"""With a real supervisord and processes that only sleep."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from macd.errors import EnvironmentNotReady, ServiceError
from macd.local import lock, strays
from macd.local.component import Component
from macd.local.config import LocalConfig
from macd.local.stack import Stack

MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(config: LocalConfig, component: Callable[..., Component]) -> Iterator[MakeStack]:
    def make(*components: Component) -> Stack:
        chosen = components or (component("base"), component("top", needs=("base",)))
        return Stack(config, components={one.name: one for one in chosen})

    yield make
    strays.end(config.home)


def pids(stack: Stack) -> list[int]:
    return [row.pid for row in stack.status() if row.pid]


def test_up_twice_then_down(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up()
    first = pids(stack)
    assert [row.health for row in stack.status()] == ["healthy", "healthy"]
    stack.up()
    assert pids(stack) == first
    stack.down()
    assert not any(map(psutil.pid_exists, first))
    assert {row.state for row in stack.status()} == {"stopped"}


def test_other_users_of_the_machine_are_kept_out(make_stack: MakeStack) -> None:
    stack = make_stack()
    folders = (stack.config.home, stack.config.cache)
    for folder in folders:
        folder.mkdir(mode=0o755)
        folder.chmod(0o775)
    stack.up()
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]
    stack.reset()
    stack.up()
    assert stat.S_IMODE(stack.config.home.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name", ["home", "cache"])
def test_a_folder_of_another_user_is_not_used(make_stack: MakeStack, name: str) -> None:
    stack = make_stack()
    folder = getattr(stack.config, name)
    folder.mkdir()
    os.chown(folder, 12345, -1)
    with pytest.raises(EnvironmentNotReady, match=f"{folder} belongs to another user") as caught:
        stack.up()
    assert f"MACD_LOCAL_{name.upper()}" in caught.value.remedy
    assert not any(folder.iterdir())


def test_a_changed_component_is_restarted_and_the_others_are_not(
    make_stack: MakeStack, component: Callable[..., Component]
) -> None:
    make_stack().up()
    base, top = pids(make_stack())
    changed = make_stack(component("base"), component("top", "sleep", "599", needs=("base",)))
    changed.up()
    assert pids(changed)[0] == base
    assert pids(changed)[1] != top


def test_a_restart_touches_only_what_was_named(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up()
    base, top = pids(stack)
    stack.restart(["top"])
    assert pids(stack)[0] == base
    assert pids(stack)[1] != top


def test_up_waits_for_what_is_still_stopping(
    make_stack: MakeStack, component: Callable[..., Component], tmp_path: Path
) -> None:
    # Goes on for a moment after it was asked to end, as a JVM that writes its archive does; it is
    # healthy once it would, or the signal could come before the trap is set.
    ready = tmp_path / "ready"
    slow = ("sh", "-c", f"trap 'sleep 1; exit' TERM; touch {ready}; while :; do sleep 0.1; done")

    def probe() -> None:
        ready.stat()

    stack = make_stack(component("base"), component("top", *slow, probe=probe))
    stack.up()
    stack.supervisor.stop("top")
    assert stack.supervisor.states()["top"].is_stopping
    changed = make_stack(component("base"), component("top", *slow, "changed", probe=probe))
    changed.up()
    assert [row.health for row in changed.status()] == ["healthy", "healthy"]


def test_no_process_is_left_when_supervisord_was_killed(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up()
    orphans = pids(stack)
    os.kill(stack.supervisor.pid(), signal.SIGKILL)
    assert set(orphans) <= set(stack.orphans())
    stack.down()
    assert strays.find(stack.config.home) == []


def test_up_after_supervisord_was_killed_starts_afresh(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up()
    orphans = pids(stack)
    os.kill(stack.supervisor.pid(), signal.SIGKILL)
    stack.up()
    assert not set(orphans) & set(pids(stack))
    assert not any(map(psutil.pid_exists, orphans))


def test_up_works_after_one_that_failed(make_stack: MakeStack, component: Callable[..., Component]) -> None:
    def refuse() -> None:
        raise ConnectionRefusedError

    broken = make_stack(component("base"), component("top", "false", needs=("base",), probe=refuse))
    with pytest.raises(ServiceError, match="ended while starting"):
        broken.up()
    make_stack().up()
    assert all(row.is_well for row in make_stack().status())


def test_selecting_brings_what_is_needed(make_stack: MakeStack) -> None:
    stack = make_stack()
    assert [one.name for one in stack.select(["top"])] == ["base", "top"]
    assert [one.name for one in stack.select([], without=["top"])] == ["base"]


def test_reset_deletes_the_data_and_keeps_the_cache(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up()
    (stack.config.data / "precious").write_text("x")
    stack.reset()
    assert not stack.config.home.exists()
    assert stack.config.cache.is_dir()


def test_two_commands_at_once_do_not_mix(make_stack: MakeStack, config: LocalConfig) -> None:
    stack, refused = make_stack(), []

    def try_it() -> None:
        try:
            stack.up()
        except EnvironmentNotReady as error:
            refused.append(str(error))

    with lock.held(config.run):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert str(os.getpid()) in refused[0]
