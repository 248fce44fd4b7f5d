"""The worker's process from the server's side: a program in Python stands in for the JVM."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ksqlflink.errors import ServerProblem
from ksqlflink.worker import jar
from ksqlflink.worker.errors import WorkerDied, WorkerRefusal, WorkerTimeout
from ksqlflink.worker.process import Worker

PROGRAM = [sys.executable, str(Path(__file__).with_name("worker_program.py"))]


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(lambda: PROGRAM)
    yield worker
    worker.close()


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_process_starts_with_the_first_call_and_stays(worker: Worker) -> None:
    assert worker.pid is None
    first, second = worker.call("echo", value=1), worker.call("echo", value="\ud800é")
    assert (first["value"], second["value"]) == (1, "\ud800é")
    assert first["pid"] == second["pid"] == worker.pid


def test_answers_reach_their_callers_in_any_order(worker: Worker) -> None:
    with ThreadPoolExecutor(5) as pool:
        held = [pool.submit(worker.call, "hold", value=number) for number in range(5)]
        wait_until(lambda: not pool._work_queue.qsize())
        released = 0
        while released < 5:
            released = worker.call("release")["released"]
        assert [future.result(10)["value"] for future in held] == [0, 1, 2, 3, 4]


def test_a_refusal_has_its_kind_and_leaves_the_process(worker: Worker) -> None:
    with pytest.raises(WorkerRefusal, match="No such thing") as refusal:
        worker.call("refuse")
    pid = worker.pid
    assert refusal.value.kind == "statement"
    assert worker.call("echo", value=1)["pid"] == pid


def test_a_stateless_call_is_tried_once_more_when_the_process_dies(worker: Worker, tmp_path: Path) -> None:
    assert worker.call("die once", marker=str(tmp_path / "m"))["value"] == "second try"
    assert (tmp_path / "m").read_text() == "xx"


def test_a_call_that_kills_the_process_twice_fails_and_the_next_one_works(worker: Worker) -> None:
    with pytest.raises(WorkerDied, match="exit code 3"):
        worker.call("die")
    assert worker.call("echo", value=1)["value"] == 1


def test_a_call_that_kills_the_process_takes_no_other_with_it(worker: Worker) -> None:
    with ThreadPoolExecutor(6) as pool:
        deadly = [pool.submit(worker.call, "die") for _ in range(2)]
        others = [pool.submit(worker.call, "slow echo", value=number) for number in range(4)]
        assert [other.result(20)["value"] for other in others] == [0, 1, 2, 3]
        for call in deadly:
            with pytest.raises(WorkerDied):
                call.result(20)


def test_a_call_with_state_is_not_tried_again(worker: Worker) -> None:
    worker.start()
    first = worker.pid
    with pytest.raises(WorkerDied):
        worker.call("run.die")
    assert worker.call("echo", value=1)["pid"] != first
    assert worker._deaths == 1


def test_calls_in_flight_fail_when_the_process_is_killed(worker: Worker) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(worker.call, "run.hold", timeout=30)
        wait_until(lambda: worker.pid)
        os.kill(worker.pid or 0, 9)
        with pytest.raises(WorkerDied, match="signal 9"):
            held.result(10)


def test_a_call_that_does_not_end_is_ended_with_its_process(worker: Worker) -> None:
    pid = worker.call("echo", value=1)["pid"]
    with pytest.raises(WorkerTimeout, match="'hang'"):
        worker.call("hang", timeout=0.3)
    wait_until(lambda: not alive(pid))
    assert worker.call("echo", value=1)["pid"] != pid


def test_others_get_their_answers_although_a_call_had_to_be_ended(worker: Worker) -> None:
    with ThreadPoolExecutor(4) as pool:
        hanging = pool.submit(worker.call, "hang", timeout=1)
        wait_until(lambda: worker.pid)
        others = [pool.submit(worker.call, "echo", value=number) for number in range(3)]
        assert [other.result(10)["value"] for other in others] == [0, 1, 2]
        with pytest.raises(WorkerTimeout):
            hanging.result(10)


def test_a_worker_that_reads_nothing_holds_up_no_caller(worker: Worker) -> None:
    with pytest.raises(WorkerTimeout):
        worker.call("hang", timeout=0.2)
    worker.start()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(worker.call, "hang", timeout=1)
        with pytest.raises((WorkerTimeout, WorkerDied)):
            worker.call("run.echo", value="x" * 10_000_000, timeout=1)


def test_the_pause_before_a_start_grows_and_is_not_waited_for_in_vain(worker: Worker) -> None:
    for _ in range(3):
        with pytest.raises(WorkerDied):
            worker.call("run.die")
    with pytest.raises(WorkerDied, match="died 3 times"):
        worker.call("echo", value=1, timeout=0.05)
    assert worker.call("echo", value=1)["value"] == 1


def test_what_is_no_answer_ends_the_process(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(WorkerDied):
        worker.call("babble")
    assert "no answer" in caplog.text


@pytest.mark.parametrize("answer", ['{"value": 1}', "[1]", "7", "[" * 100_000])
def test_what_is_json_and_no_answer_ends_the_process(worker: Worker, answer: str) -> None:
    pid = worker.call("echo", value=1)["pid"]
    with pytest.raises(WorkerDied):
        worker.call("run.say", line=answer, timeout=20)
    assert worker.call("echo", value=1)["pid"] != pid


def test_what_json_does_not_have_is_refused_and_leaves_nothing_open(worker: Worker) -> None:
    with pytest.raises(WorkerRefusal, match="a number that JSON does not have"):
        worker.call("echo", value=float("inf"))
    worker.start()
    assert worker._child is not None
    assert worker._child._open == {}


def test_a_program_that_cannot_be_started_is_a_problem_of_the_server() -> None:
    with pytest.raises(WorkerDied, match="cannot be started"):
        Worker(lambda: ["/nowhere/java"]).call("echo", value=1)


def test_a_java_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("java", 30)

    monkeypatch.setattr(subprocess, "run", slow)
    assert jar._version("slow java") == 0


def test_closing_ends_the_process_and_its_calls(worker: Worker) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(worker.call, "hold", value=1)
        wait_until(lambda: worker.pid)
        pid = worker.pid or 0
        worker.close()
        with pytest.raises(WorkerDied):
            held.result(10)
    assert not alive(pid)
    with pytest.raises(WorkerDied, match="stopped"):
        worker.call("echo", value=1)


def test_no_process_is_left_when_the_server_is_killed() -> None:
    source = (
        "import os, sys; from ksqlflink.worker.process import Worker; w = Worker(lambda: sys.argv[1:]);"
        " print(w.call('echo', value=1)['pid'], flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, *PROGRAM], capture_output=True, text=True, timeout=30
    )
    wait_until(lambda: not alive(int(done.stdout)))


def test_without_a_jar_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KSQLFLINK_JAR", str(tmp_path / "none.jar"))
    with pytest.raises(ServerProblem, match=r"none\.jar: build it .* or name it in KSQLFLINK_JAR"):
        jar.jar()
    (tmp_path / "none.jar").touch()
    assert jar.jar() == tmp_path / "none.jar"


@pytest.mark.parametrize(
    ("version", "fits"), [("1.8.0_402", False), ("11.0.2", False), ("17.0.15", True), ("21", True)]
)
def test_an_old_java_is_refused(
    version: str, fits: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if fits:
        assert jar.java() == str(program)
    else:
        with pytest.raises(ServerProblem, match="Java 17 or newer is needed"):
            jar.java()


def test_without_java_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ServerProblem, match="JAVA_HOME"):
        jar.java()
