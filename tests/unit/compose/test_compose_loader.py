"""docker-compose.yaml through the library that `docker compose` reads it with; needs Go and its modules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from macd.compose.room import check_images, check_room, read_model
from tests.unit.compose.files import COMPOSE, DEVELOPMENT, SECRETS, SMALL, config, services

LOADER = Path(__file__).parent / "loader"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/unit/compose/loader, built; its go.sum pins every module."""
    if shutil.which("go") is None:
        pytest.skip("no Go: the compose file is not loaded with compose-go")
    built = tmp_path_factory.mktemp("loader") / "load"
    done = subprocess.run(
        ["go", "build", "-o", str(built), "."], cwd=LOADER, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"compose-go could not be built: {done.stderr.strip().splitlines()[-1]}")
    return built


def load(program: Path, *files: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [str(program), *map(str, files)]
    # From its own folder, so that an .env of the developer's has no say.
    return subprocess.run(
        command, cwd=program.parent, env=clean | environment, capture_output=True, text=True, check=False
    )


def model(program: Path, *files: Path) -> dict[str, Any]:
    done = load(program, *files, environment=SECRETS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_compose_reads_the_file_as_these_tests_do(program):
    found = model(program, COMPOSE)["services"]
    assert set(found) == set(services())
    for name, service in services().items():
        environment = found[name].get("environment", {})
        assert {key: value for key, value in environment.items() if value is not None} == service[
            "environment"
        ]
        assert set(found[name].get("depends_on", {})) == set(service.get("depends_on", {}))
    contents = model(program, COMPOSE)["configs"]
    assert {name: each["content"] for name, each in contents.items()} == {
        name: config(name) for name in contents
    }
    mounted = [each for service in found.values() for each in service.get("configs", ())]
    assert {each["mode"] for each in mounted} == {"0444"}
    ports = [port for service in found.values() for port in service.get("ports", ())]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_development_changes_only_where_code_comes_from(program):
    before, after = model(program, COMPOSE)["services"], model(program, COMPOSE, DEVELOPMENT)["services"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"airflow-{part}" for part in ("api", "scheduler", "dag-processor", "triggerer")}
    for name in changed:
        added = [mount for mount in after[name]["volumes"] if mount not in before[name]["volumes"]]
        assert len(added) == 5
        assert all(mount["type"] == "bind" and mount["read_only"] for mount in added)
        assert all(mount["bind"]["selinux"] == "z" for mount in added)


@pytest.mark.parametrize(
    ("files", "cpus", "gib", "taken"),
    [([COMPOSE], 2, 13, "12.4 GiB"), ([COMPOSE, SMALL], 1, 7.5, "7.4 GiB")],
    ids=["usual", "small"],
)
def test_the_containers_have_room_on_the_machine_that_the_page_names(program, files, cpus, gib, taken):
    """7.5 GiB: what is left of 8 GB once the kernel has its part."""
    found = read_model(json.dumps(model(program, *files)))
    assert set(found.services) == set(services())
    assert taken in check_room(found, cpus, int(gib * 2**30))
    assert list(check_images(found)) == []


def test_the_small_file_changes_limits_heaps_and_airflows_parallelism_only(program):
    before, after = model(program, COMPOSE)["services"], model(program, COMPOSE, SMALL)["services"]
    for name, service in after.items():
        changed = {key for key in service if service[key] != before[name].get(key)}
        assert changed <= {"mem_limit", "cpus", "environment"}
        for key, value in service["environment"].items():
            usual = before[name]["environment"][key]
            assert value == usual or key.endswith(("HEAP_OPTS", "PARALLELISM"))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_without_one_of_its_secrets_nothing_starts(program, name):
    rest = {key: value for key, value in SECRETS.items() if key != name}
    done = load(program, COMPOSE, environment=rest)
    assert done.returncode == 1
    assert f"required variable {name} is missing a value: run make env" in done.stderr
