"""Tests in files: those that hold pass, those that do not fail with their reasons."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from ksqlflink.testing.command import CANNOT_RUN, FAILED, INTERRUPTED, PASSED, Options, run, verdict
from ksqlflink.testing.sql import sql_tests, statements_of
from ksqlflink.testing.three_files import ThreeFiles
from ksqlflink.worker.process import Worker

FILES = Path(__file__).parent / "files"
EXAMPLES = Path(__file__).parents[2] / "examples"
THREE = FILES / "three" / "burgers"


@pytest.mark.parametrize("test", sql_tests(FILES / "passing" / "asserts.sql"), ids=lambda test: test.name)
def test_what_holds_passes(test: Any, worker: Worker) -> None:
    assert test.differences(worker) == []


def test_what_does_not_hold_fails_with_its_place_and_its_reason(worker: Worker) -> None:
    file = FILES / "failing" / "wrong.sql"
    found = {test.name: "\n".join(verdict(test, worker).differences) for test in Options([file]).tests()}
    assert found == {
        "good": "",
        "wrong value": f'{file}:11: Expected record does not match actual.\n- [1,"small"]\n+ [1,"big"]',
        "refused": f"{file}:15: Exception while preparing statement: NOBODY does not exist.",
        "does not fail": f"{file}:18: it should have failed: some trouble",
        "fails otherwise": "it should have failed otherwise: some trouble\n"
        f"{file}:25: Exception while preparing statement: NOBODY does not exist.",
        "no statement": f"{file}:29: line 1:26: Syntax Error\n"
        "mismatched input 'WALUES' expecting {'VALUES'}",
        "no values": f"{file}:33: ASSERT is followed by columns and values.",
        "no file": f"FileNotFoundError: [Errno 2] No such file or directory: '{file.parent}/nobody.sql'",
    }


SOURCE = """
CREATE STREAM burgers (id INT KEY, price BIGINT, sold BIGINT)
    WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', TIMESTAMP='SOLD');
"""


@pytest.mark.parametrize(
    ("asserted", "reason"),
    [
        ("TABLE burgers (id INT PRIMARY KEY, price BIGINT, sold BIGINT)", "Expected type does not match"),
        ("STREAM burgers (id INT KEY, price INT, sold BIGINT)", "Expected schema does not match actual"),
        ("STREAM burgers (id INT, price BIGINT, sold BIGINT)", "Expected schema does not match actual"),
        ("STREAM burgers (id INT KEY, sold BIGINT, price BIGINT)", "Expected schema does not match actual"),
        ("STREAM nobody (id INT KEY)", "NOBODY does not exist"),
    ],
)
def test_a_source_that_is_otherwise_is_noticed(
    asserted: str, reason: str, write: Any, worker: Worker
) -> None:
    [test] = sql_tests(write(f"{SOURCE}ASSERT {asserted} WITH (KAFKA_TOPIC='b');"))
    [found] = test.differences(worker)
    assert reason in found


@pytest.mark.parametrize(
    ("properties", "what"),
    [
        ("KAFKA_TOPIC='c'", "kafka topic"),
        ("KEY_FORMAT='JSON'", "key format"),
        ("VALUE_FORMAT='AVRO'", "value format"),
        ("TIMESTAMP='PRICE'", "timestamp column"),
    ],
)
def test_a_property_that_is_otherwise_is_noticed(
    properties: str, what: str, write: Any, worker: Worker
) -> None:
    columns = "(id INT KEY, price BIGINT, sold BIGINT)"
    [test] = sql_tests(write(f"{SOURCE}ASSERT STREAM burgers {columns} WITH ({properties});"))
    [found] = test.differences(worker)
    assert f"Expected {what} does not match actual for source BURGERS" in found


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file."""

    def written(text: str, name: str = "test.sql") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def test_statements_are_found_with_their_lines() -> None:
    text = "-- one; two\n\nSET 'a'='x;y';\n/* c\n */ ASSERT\n VALUES x (a) VALUES ('--');\n-- end\n"
    assert list(statements_of(text, 10)) == [
        (12, "SET 'a'='x;y';"),
        (14, "ASSERT\n VALUES x (a) VALUES ('--');"),
    ]


def test_three_files(worker: Worker) -> None:
    given = {name: THREE / f"{name}.json" for name in ("input", "output")}
    assert ThreeFiles(THREE / "statements.sql", **given).differences(worker) == []
    assert [test.name for test in Options([FILES / "three"]).tests()] == ["burgers"]


SPOILED = [
    ({"value": {"NAME": "BIG", "PRICE": 5.91, "FIRST": "bun"}}, 0, "MENU"),
    ({"timestamp": 1}, 1, "MENU"),
    ({"key": 7}, 1, "MENU"),
    ({"value": {"NAME": "BIG"}}, 2, "MENU"),
    ({"window": {"start": 10000, "end": 20000, "type": "time"}}, 4, "SOLD"),
    ({"value": "big,5.9"}, 7, "LINES"),
]


@pytest.mark.parametrize(("members", "number", "topic"), SPOILED)
def test_other_records_than_those_of_the_output_are_shown(
    members: dict[str, Any], number: int, topic: str, write: Any, worker: Worker
) -> None:
    outputs = json.loads((THREE / "output.json").read_text())["outputs"]
    outputs[number] |= members
    output = write(json.dumps({"outputs": outputs}), "output.json")
    found = ThreeFiles(THREE / "statements.sql", output, THREE / "input.json").differences(worker)
    assert found[0] == f"topic {topic} (- expected, + actual):"
    assert {line.strip()[:1] for line in found[1:]} >= {"-", "+"} or number == 1


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"topic": "MENUE", "key": 1, "value": None}, "no statement reads or writes the topic MENUE"),
        ({"topic": "MENU", "kye": 1, "value": None}, "a record has kye, which means nothing here"),
        ({"key": 1, "value": None}, "KeyError: 'topic'"),
    ],
)
def test_a_record_that_means_nothing_is_refused(
    record: dict[str, Any], said: str, write: Any, worker: Worker
) -> None:
    output = write(json.dumps({"outputs": [record]}), "output.json")
    [found] = verdict(ThreeFiles(THREE / "statements.sql", output, THREE / "input.json"), worker).differences
    assert said in found


def test_folders_names_and_their_verdicts(tmp_path: Path, worker: Worker) -> None:
    said: list[str] = []
    junit = tmp_path / "junit.xml"
    assert run(Options([FILES], words="WRONG.SQL", junit=junit), worker, said.append) == FAILED
    assert said[-1].startswith("1 passed, 7 failed in ")
    [suite] = Xml.parse(junit).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        str(FILES / "failing" / "wrong.sql"),
        "8",
        "7",
    )
    failures = {case.get("name"): [failure.text for failure in case] for case in suite}
    assert failures["good"] == []
    [text] = failures["wrong value"]
    assert text is not None
    assert text.endswith('+ [1,"big"]')
    assert run(Options([FILES / "passing"]), worker, said.append) == PASSED


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("--@tset: x\nSHOW STREAMS;", "x.sql", "unknown: --@tset"),
        ("--@test: x\n--@expected.words: y\n", "x.sql", "unknown: --@expected.words"),
        ("SHOW STREAMS;\n--@test: x\n", "x.sql", "there are statements before the first --@test:"),
        ("{", "x.json", "Expecting"),
        ('{"name": "x"}', "x.json", "validation error"),
    ],
)
def test_what_is_no_test_cannot_be_run(text: str, name: str, said: str, write: Any, worker: Worker) -> None:
    shown: list[str] = []
    assert run(Options([write(text, name)]), worker, shown.append) == CANNOT_RUN
    assert said in shown[0]


def test_no_test_at_all_cannot_be_run(tmp_path: Path, worker: Worker) -> None:
    shown: list[str] = []
    for options in (Options([tmp_path]), Options([FILES], words="nobody"), Options([tmp_path / "no.sql"])):
        assert run(options, worker, shown.append) == CANNOT_RUN
    assert shown[:2] == ["cannot run: There is no such test.\n"] * 2


def test_a_change_runs_the_tests_again(write: Any, jar: Path) -> None:
    file = write("CREATE STREAM s (v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');")
    command = [sys.executable, "-u", "-m", "ksqlflink", "test", "--watch", file]
    environment = {"PATH": "/usr/bin:/bin", "KSQLFLINK_JAR": str(jar)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        try:
            assert watching.stdout.readline().startswith("1 passed, 0 failed in ")
            file.write_text("SHOW NOTHING;")
            assert watching.stdout.readline() == f"FAILED {file}: test\n"
            watching.send_signal(signal.SIGINT)
            assert watching.wait(20) == INTERRUPTED
        finally:
            watching.kill()


def test_the_example_of_the_documentation(write: Any, worker: Worker) -> None:
    page = (EXAMPLES.parent / "docs" / "testing.md").read_text()
    example = page.partition("```sql\n")[2].partition("```")[0]
    assert verdict(sql_tests(write(example, "orders.sql"))[0], worker).differences == []
    said: list[str] = []
    run(Options([write(example.replace("2.50", "2.00"), "orders.sql")]), worker, said.append)
    shown = "".join(f"    {line}\n" for line in said[0].splitlines())
    assert shown.replace(f"{write('', 'x').parent}/", "") in page


def test_the_examples_pass_on_the_command_line(jar: Path) -> None:
    """As a user types it; two paths, and a name that both have."""
    command = [sys.executable, "-m", "ksqlflink", "test", EXAMPLES, FILES / "three", "-k", "e"]
    environment = {"PATH": "/usr/bin:/bin", "KSQLFLINK_JAR": str(jar)}
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (answer.returncode, answer.stderr) == (PASSED, "")
    assert answer.stdout.startswith("5 passed, 0 failed in ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name files or folders of tests"),
        (("-s", "x.sql"), "name files or folders of tests"),
        (("-i", "x.json"), "name files or folders of tests"),
        (("--", "nothing.sql"), "No such file"),
    ],
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...], said: str, jar: Path) -> None:
    command = [sys.executable, "-m", "ksqlflink", "test", *words]
    environment = {"PATH": "/usr/bin:/bin", "KSQLFLINK_JAR": str(jar)}
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (answer.returncode, said in answer.stderr + answer.stdout) == (CANNOT_RUN, True)


def test_without_a_jar_it_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ksqlflink", "test", EXAMPLES]
    environment = {"PATH": "/usr/bin:/bin", "KSQLFLINK_JAR": str(tmp_path / "no.jar")}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == CANNOT_RUN
    assert "There is no ksqlflink.jar" in answer.stderr


def test_the_bare_install_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "fastavro.py").write_text("raise ModuleNotFoundError(name='fastavro')")
    command = [sys.executable, "-m", "ksqlflink", "test", EXAMPLES]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == CANNOT_RUN
    assert "There is no fastavro: pip install 'ksqlflink[server,conformance]'" in answer.stderr
