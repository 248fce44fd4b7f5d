"""`ksqlflink test`: runs tests of SQL files, and tells what differs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as Xml

from ksqldb_conformance.case import Case, load_case
from ksqlflink.errors import KsqlError
from ksqlflink.testing.cases import case_differences
from ksqlflink.testing.sql import Malformed, sql_tests
from ksqlflink.testing.three_files import INPUT, OUTPUT, STATEMENTS, ThreeFiles
from ksqlflink.worker.jar import command as java_command
from ksqlflink.worker.process import Worker

PASSED, FAILED, CANNOT_RUN, INTERRUPTED = 0, 1, 2, 130
_LOOK_SECONDS = 0.3
_WHAT_TESTS_SAY = {".sql": ("--@test:", "ASSERT"), ".json": ('"outputs"',)}


class Test(Protocol):
    """A test, in whatever files it is."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def file(self) -> Path:
        """Where it is."""

    def differences(self, worker: Worker) -> list[str]:
        """Run it; what is not as it has to be. KsqlError when a statement is refused."""


@dataclass(frozen=True)
class CaseTest:
    """A data case in a file of its own."""

    file: Path
    case: Case

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.case.name

    def differences(self, worker: Worker) -> list[str]:
        """Run the case."""
        return case_differences(worker, self.case)


@dataclass(frozen=True)
class Verdict:
    """How a test went; it passed without differences."""

    test: Test
    seconds: float
    differences: list[str]


@dataclass(frozen=True)
class Options:
    """What to run: files and folders, or one test in three files; `words` have to be in a test's name."""

    paths: Sequence[Path] = ()
    three: ThreeFiles | None = None
    words: str = ""
    junit: Path | None = None

    def tests(self) -> list[Test]:
        """Return the tests that are asked for; Malformed or OSError where there are none."""
        tests: list[Test] = [] if self.three is None else [self.three]
        tests += [test for path in self.paths for test in _tests(path)]
        chosen = [test for test in tests if self.words.lower() in f"{test.file} {test.name}".lower()]
        if not chosen:
            raise Malformed("There is no such test.")
        return chosen

    def times(self) -> dict[Path, int]:
        """Return when each file was changed last, tests and what lies beside them."""
        three = self.three and (self.three.statements, self.three.output, self.three.input)
        places = [*self.paths, *(path for path in three or () if path is not None)]
        found: dict[Path, int] = {}
        for file in (one for place in places for one in (place, *place.rglob("*")) if one.is_file()):
            with suppress(FileNotFoundError):  # an editor has just put another one in its place
                found[file] = file.stat().st_mtime_ns
        return found


def _tests(path: Path) -> Iterator[Test]:
    if not path.is_dir():
        yield from _tests_of(path)
        return
    for folder in sorted(one for one in (path, *path.rglob("*")) if one.is_dir()):
        if (folder / STATEMENTS).is_file() and (folder / OUTPUT).is_file():
            given = folder / INPUT
            yield ThreeFiles(folder / STATEMENTS, folder / OUTPUT, given if given.is_file() else None)
            continue
        for file in sorted((*folder.glob("*.json"), *folder.glob("*.sql"))):
            # Other files may lie beside tests, as those of statements that several tests run.
            if any(words in file.read_text() for words in _WHAT_TESTS_SAY[file.suffix]):
                yield from _tests_of(file)


def _tests_of(file: Path) -> Iterable[Test]:
    if file.suffix != ".json":
        return sql_tests(file)
    try:
        return [CaseTest(file, load_case(file))]
    except ValueError as problem:
        raise Malformed(f"{file}: {problem}") from problem


def verdict(test: Test, worker: Worker) -> Verdict:
    """Run a test."""
    started = time.monotonic()
    try:
        differences = test.differences(worker)
    except KsqlError as refused:
        differences = [refused.message]
    except Exception as problem:  # noqa: BLE001 - the verdict names it, and the other tests still run
        differences = [f"{type(problem).__name__}: {problem}"]
    return Verdict(test, time.monotonic() - started, differences)


def run(options: Options, worker: Worker, write: Callable[[str], object]) -> int:
    """Run what is asked for and tell how it went; the exit code."""
    started, verdicts = time.monotonic(), []
    try:
        for test in options.tests():
            verdicts.append(verdict(test, worker))
            write(_shown(verdicts[-1]))
    except (Malformed, OSError) as problem:
        write(f"cannot run: {problem}\n")
        return CANNOT_RUN
    if options.junit is not None:
        options.junit.write_bytes(Xml.tostring(junit(verdicts), "utf-8", xml_declaration=True))
    failed, seconds = sum(bool(one.differences) for one in verdicts), time.monotonic() - started
    counts = f"{len(verdicts) - failed} passed, {failed} failed"
    write(f"{counts} in {seconds:.1f} s, {len(verdicts) / seconds:.0f} a second\n")
    return FAILED if failed else PASSED


def _shown(failed: Verdict) -> str:
    """What is written of a test: nothing when it passed."""
    if not failed.differences:
        return ""
    lines = "\n".join(failed.differences).splitlines()
    return "\n    ".join([f"FAILED {failed.test.file}: {failed.test.name}", *lines]) + "\n"


def junit(verdicts: Sequence[Verdict]) -> Xml.Element:
    """The verdicts as JUnit XML, one suite a file."""
    root = Xml.Element("testsuites")
    for file in dict.fromkeys(one.test.file for one in verdicts):
        listed = [one for one in verdicts if one.test.file == file]
        suite = Xml.SubElement(root, "testsuite", name=str(file), tests=str(len(listed)))
        suite.set("failures", str(sum(bool(one.differences) for one in listed)))
        suite.set("time", f"{sum(one.seconds for one in listed):.3f}")
        for one in listed:
            case = Xml.SubElement(suite, "testcase", classname=str(file), name=one.test.name)
            case.set("time", f"{one.seconds:.3f}")
            if one.differences:
                Xml.SubElement(case, "failure", message=one.differences[0]).text = "\n".join(one.differences)
    return root


def test_files(
    paths: Sequence[Path],
    sql_file: Path | None,
    input_file: Path | None,
    output_file: Path | None,
    words: str,
    junit: Path | None,
    watch: bool,
) -> int:
    """Run the tests, with `watch` again and again when a file has changed; the exit code of the last time."""
    three = ThreeFiles(sql_file, output_file, input_file) if sql_file and output_file else None
    if three is None and (sql_file or input_file or output_file or not paths):
        return _cannot("name files or folders of tests, or -s and -o (and -i) of one in three files")
    try:
        java_command()
    except KsqlError as problem:
        return _cannot(problem.message)
    worker = Worker()
    try:
        return _run_and_watch(Options(paths, three, words, junit), worker, watch)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        worker.close()


def _run_and_watch(options: Options, worker: Worker, watch: bool) -> int:
    seen = options.times()
    code = run(options, worker, sys.stdout.write)
    while watch:
        time.sleep(_LOOK_SECONDS)
        if (times := options.times()) != seen:
            seen = times
            code = run(options, worker, sys.stdout.write)
            sys.stdout.flush()
    return code


def _cannot(why: str) -> int:
    sys.stderr.write(f"cannot run: {why}\n")
    return CANNOT_RUN
