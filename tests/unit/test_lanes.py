"""The lanes of `make test`: every test is in one, and what they say and how they end is told right."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from macd.settings import REPOSITORY
from tests.lanes import NAMES, SERVICES, UNIT, WITH_AIRFLOW, lane_of
from tests.lanes.process import Lane, run
from tests.lanes.report import render
from tests.stack import LANE_PORTS, PORTS, environment, until

INTEGRATION = {
    path.name: path.read_text() for path in (REPOSITORY / "tests" / "integration").glob("test_*.py")
}
OF_AIRFLOW = re.compile(r"stack\.airflow\b(?!_url)|start_run|run_with_report")
XML = """<testsuites><testsuite tests="3" failures="1" errors="0" skipped="1" time="61.5">
<testcase classname="tests.a" name="slow" time="60.25"/>
<testcase classname="tests.a" name="quick" time="0.5"/>
<testcase classname="tests.b" name="none" time="0"/></testsuite></testsuites>"""


@pytest.mark.parametrize("lane", NAMES)
def test_a_lane_has_no_ports_in_common_with_what_runs_beside_it(lane: str) -> None:
    ranges = [*LANE_PORTS.values(), PORTS]
    assert not any(set(one) & set(other) for one, other in combinations(ranges, 2))
    if lane != UNIT:
        given = environment(lane)
        assert given.pop("MACD_LOCAL_HOME").endswith(f"/.local-test/{lane}")
        ports = [int(value) for name, value in given.items() if name.endswith("_PORT")]
        assert len(set(ports)) == 12
        assert set(ports) <= set(LANE_PORTS[lane])


def test_what_needs_airflow_is_in_a_lane_that_has_one() -> None:
    named = [file for files in WITH_AIRFLOW.values() for file in files]
    assert len(named) == len(set(named))
    assert set(named) <= set(INTEGRATION)
    using = {file for file, text in INTEGRATION.items() if OF_AIRFLOW.search(text)}
    # A sink that failed while nobody waited is brought back by a DAG.
    assert using | {"test_outages.py"} == set(named)
    assert {lane_of(file, needs_stack=True) for file in set(INTEGRATION) - set(named)} == {SERVICES}
    assert lane_of("test_dag.py", needs_stack=False) == UNIT


def lane(folder: Path, name: str, script: str, results: str = "") -> Lane:
    """A shell in place of a pytest."""
    xml = folder / f"{name}.xml"
    write = f"cat > {xml} <<'E'\n{results}\nE\n" if results else ""
    return Lane(name, ["sh", "-c", write + script], folder / f"{name}.log", xml)


def test_results_are_shown_at_once_and_what_is_told_of_them_in_one_piece(tmp_path, capfd):
    met = tmp_path / "met"
    told = ("%3|1.5|FAIL|rdkafka#producer-1| gone", "test_a.py F", "=== FAILURES ===", "because")
    say = "".join(f"echo '{line}'; " for line in told)
    first = lane(tmp_path, "first", f"{say} while [ ! -e {met} ]; do sleep 0.05; done; echo later; exit 1")
    second = lane(tmp_path, "second", f"echo 'test_b.py .'; touch {met}")
    run([first, second])
    assert (first.code, second.code) == (1, 0)
    shown = capfd.readouterr().out.splitlines()
    at = shown.index("first    | === FAILURES ===")
    assert shown[at + 1 : at + 3] == ["first    | because", "first    | later"]
    assert shown.index("first    | test_a.py F") < at
    assert shown.index("second   | test_b.py .") < at
    assert "rdkafka" not in "".join(shown)
    assert first.log.read_text() == "\n".join([*told, "later\n"])


def test_the_end_tells_the_slowest_the_numbers_and_who_failed(tmp_path):
    broken = lane(tmp_path, "broken", "exit 1", XML)
    idle = lane(tmp_path, "idle", "exit 5")
    run([broken, idle])
    text = render([broken, idle], 125)
    slowest = [line for line in text.splitlines() if "::" in line]
    assert slowest[:2] == ["    60.2 s  broken    tests.a::slow", "     0.5 s  broken    tests.a::quick"]
    assert "broken          1       1        1    1:01" in text
    assert text.endswith(f"broken FAILED with exit code 1: {tmp_path}/broken.log\nFAILED in 2:05")
    assert render([idle], 1).endswith("PASSED in 0:01")


def test_results_of_an_earlier_session_are_not_taken_for_this_ones(tmp_path):
    dead = lane(tmp_path, "dead", "kill -9 $$")
    dead.results.write_text(XML)
    run([dead])
    assert dead.code == -signal.SIGKILL
    assert "60.2 s" not in render([dead], 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_lets_each_lane_end_what_it_started(tmp_path, number):
    """Both stop their stacks, what ignores it is ended, and a second signal disturbs nobody."""
    script = (
        "sh -c 'echo $$ > {0}.left; while :; do sleep 0.1; done' & "
        "trap 'sleep 1; touch {0}.stopped; exit 2' INT; touch {0}.ready; while :; do sleep 0.1; done"
    )
    program = f"""
import sys
from pathlib import Path
from tests.lanes.process import Lane, run, take_one_interrupt

take_one_interrupt()
paths = [Path({str(tmp_path)!r}, name) for name in "ab"]
try:
    run([Lane(p.name, ["sh", "-c", {script!r}.format(p)], p.with_suffix(".log"), p) for p in paths])
except KeyboardInterrupt:
    sys.exit(130)
"""
    running = subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, start_new_session=True)
    until(lambda: all((tmp_path / f"{name}.{it}").exists() for name in "ab" for it in ("ready", "left")))
    left = [int(until(lambda n=name: (tmp_path / f"{n}.left").read_text().strip())) for name in "ab"]
    for _ in range(2):
        os.killpg(running.pid, number)
    assert running.wait(30) == 130
    assert all((tmp_path / f"{name}.stopped").exists() for name in "ab")
    until(lambda: not any(psutil.pid_exists(pid) for pid in left), deadline_s=10)
