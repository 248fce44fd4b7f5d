"""What all tests share: an Airflow home of their own, and one embedded stack for those that need it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests import lanes

# Airflow reads its settings while it is imported: keep it away from the developer's own ~/airflow.
_home = tempfile.TemporaryDirectory(prefix="macd-airflow-")
os.environ["AIRFLOW_HOME"] = _home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

# Of those that need the stack, both on an empty one.
FIRST = ("test_acceptance.py", "test_dag.py")
pytest_plugins = ("tests.browser", "tests.cloud.fixtures")

if TYPE_CHECKING:
    from tests.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lane", choices=lanes.NAMES, help="only what runs in this lane of `make test`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests of the lane that was asked for, if one was, and puts them in order.

    Lets the conformance tests replay against the embedded stack unless they are given other services.

    What needs no stack comes first, because it is quick; then the acceptance kit, which begins with an empty
    stack and has to leave one to the whole DAG behind it; last what needs a browser: Playwright's event loop
    stays in the main thread until the session ends, and nothing that runs a loop of its own works there then.
    """
    if lane := config.getoption("lane"):
        lane_of = {item: lanes.lane_of(item.path.name, _turn(item) > 0) for item in items}
        config.hook.pytest_deselected(items=[item for item in items if lane_of[item] != lane])
        items[:] = [item for item in items if lane_of[item] == lane]
    items.sort(key=_turn)
    for item in items:
        needs_stack = item.get_closest_marker("integration") is not None
        if (
            needs_stack
            and isinstance(item, pytest.Function)
            and not os.environ.get("KSQLDB_CONFORMANCE_KAFKA")
        ):
            item.fixturenames.insert(0, "stack")


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("docker") is not None:
        return 6
    if item.get_closest_marker("integration") is None:
        return 0
    if item.path.name == "test_durability.py":
        return 5
    if "chromium" in getattr(item, "fixturenames", ()):
        return 4
    return 1 + FIRST.index(item.path.name) if item.path.name in FIRST else 3


@pytest.fixture(scope="session", autouse=True)
def _airflow_home() -> Iterator[None]:
    yield
    _home.cleanup()


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The embedded stack, started once a session in .local-test/<lane> and stopped at its end.

    Its data is deleted before the session, its logs are left after it for whoever looks into a failure.
    With MACD_TEST_STACK=running the tests use the stack that runs already and leave it running: quick while
    one test is being written, but some tests expect an empty stack.
    """
    from tests.stack import MACD, Stack, environment

    if os.environ.get("MACD_TEST_STACK") == "running":
        yield Stack.connect()
        return
    capture = request.config.pluginmanager.getplugin("capturemanager")
    lane = request.config.getoption("lane") or lanes.ALL
    without = ("--without", "airflow") if lane == lanes.SERVICES else ()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(lane).items():
            patch.setenv(name, value)

        def local(*command: str) -> None:
            # Starting takes a while, the first time several minutes: show what happens meanwhile.
            with capture.global_and_fixture_disabled():
                subprocess.run([*MACD, "local", *command], check=True)

        local("reset", "--yes")
        try:
            local("up", *without)
            found = Stack.connect()
            _announce(found, patch)
            yield found
        finally:
            local("down")


def _announce(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    """Tells the conformance runner, which reads its addresses from the environment."""
    config = stack.config
    patch.setenv("KSQLDB_CONFORMANCE_KAFKA", f"127.0.0.1:{config.kafka_port}")
    patch.setenv("KSQLDB_CONFORMANCE_REGISTRY", stack.services.schema_registry.url)
    patch.setenv("KSQLDB_CONFORMANCE_KSQLDB", stack.services.ksqldb.url)
