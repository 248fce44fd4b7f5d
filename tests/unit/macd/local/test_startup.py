from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from macd.errors import DeadlineExceeded, ServiceError
from macd.local.component import Component
from macd.local.startup import Startup, tail
from macd.local.supervisor import ProcessState


class FakeProcesses:
    """Everything is stopped until started; names in `dying` end at once."""

    def __init__(self, logs: Path, dying: tuple[str, ...] = ()) -> None:
        self.started: list[str] = []
        self.logs = logs
        self.dying = dying

    def states(self) -> dict[str, ProcessState]:
        return {name: self._state(name) for name in ("a", "b", "c")}

    def _state(self, name: str) -> ProcessState:
        if name not in self.started:
            return ProcessState(name, "STOPPED", 0, 0, "")
        return ProcessState(name, "FATAL" if name in self.dying else "RUNNING", 7, 0, "")

    def start(self, name: str) -> None:
        self.started.append(name)
        with self.log_path(name).open("a") as log:
            log.write(f"{name} says why\n")

    def log_path(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def refuse() -> None:
    raise ConnectionRefusedError


def test_starts_what_is_needed_first(tmp_path: Path, component: Callable[..., Component]) -> None:
    processes, seen = FakeProcesses(tmp_path), []
    parts = [component("c", needs=("b",)), component("b", needs=("a",)), component("a")]
    Startup(processes, parts, lambda name, _text: seen.append(name)).run()
    assert processes.started == seen == ["a", "b", "c"]


def test_a_need_outside_this_start_is_taken_as_given(
    tmp_path: Path, component: Callable[..., Component]
) -> None:
    processes = FakeProcesses(tmp_path)
    Startup(processes, [component("b", needs=("a",))], lambda *_: None).run()
    assert processes.started == ["b"]


def test_what_runs_already_is_not_started_again(tmp_path: Path, component: Callable[..., Component]) -> None:
    processes, seen = FakeProcesses(tmp_path), []
    processes.start("a")
    Startup(processes, [component("a")], lambda name, text: seen.append(f"{name} {text}")).run()
    assert processes.started == ["a"]
    assert seen == ["a healthy already"]


def test_a_component_that_ends_shows_its_log_and_stops_the_others(
    tmp_path: Path, component: Callable[..., Component]
) -> None:
    processes = FakeProcesses(tmp_path, dying=("a",))
    (tmp_path / "a.log").write_text("an old story\n")
    parts = [component("a", probe=refuse), component("b", probe=refuse), component("c", needs=("a",))]
    with pytest.raises(ServiceError, match="a says why") as caught:
        Startup(processes, parts, lambda *_: None).run()
    assert "an old story" not in caught.value.message
    assert str(tmp_path / "a.log") in caught.value.remedy
    assert "c" not in processes.started


def test_a_component_that_is_not_healthy_in_time(tmp_path: Path, component: Callable[..., Component]) -> None:
    late = component("a", probe=refuse, deadline_seconds=0)
    with pytest.raises(DeadlineExceeded, match="A was not healthy after 0 s: nobody answers"):
        Startup(FakeProcesses(tmp_path), [late], lambda *_: None).run()


def test_settling_belongs_to_being_healthy(tmp_path: Path, component: Callable[..., Component]) -> None:
    attempts: list[int] = []

    def settle() -> None:
        attempts.append(1)
        if len(attempts) < 2:
            raise TimeoutError

    Startup(FakeProcesses(tmp_path), [component("a", settle=settle)], lambda *_: None).run()
    assert len(attempts) == 2


def test_the_tail_of_a_rotated_log_is_all_of_it(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("new\n")
    assert tail(log, 5, start=4000) == "new"
    assert tail(tmp_path / "none.log", 5) == ""


def test_waits_for_the_parts_of_one_component_while_another_starts(
    tmp_path: Path, component: Callable[..., Component]
) -> None:
    processes = FakeProcesses(tmp_path)

    def is_there(one: Component) -> bool:
        return one.name == "b" or "b" in processes.started

    Startup(processes, [component("a"), component("b")], lambda *_: None, is_there).run()
    assert processes.started == ["b", "a"]


def test_gives_up_waiting_for_parts_when_another_component_fails(
    tmp_path: Path, component: Callable[..., Component]
) -> None:
    processes = FakeProcesses(tmp_path, dying=("b",))
    parts = [component("a"), component("b", probe=refuse)]
    with pytest.raises(ServiceError, match="b says why"):
        Startup(processes, parts, lambda *_: None, lambda one: one.name == "b").run()
    assert processes.started == ["b"]
