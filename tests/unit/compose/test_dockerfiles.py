"""The images that the project builds itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.compose.files import DOCKERFILES, services

AIRFLOW, CONNECT = DOCKERFILES


def stages(file: Path) -> list[str]:
    return re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_hadolint_finds_nothing(file):
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert program is not None, "the development requirements install it"
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_bases_are_pinned_and_health_is_checked(file):
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in stages(file))
    assert "HEALTHCHECK" in file.read_text()


def test_airflow_runs_as_nobody_special_from_pinned_wheels():
    text = AIRFLOW.read_text()
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users == ["10001:10001"]
    assert all("-slim-" in base for base in stages(AIRFLOW))
    installs = re.findall(r"pip install (.*?)(?: \\)?$", text, re.MULTILINE)
    assert all("--require-hashes" in each or "--no-deps --no-index" in each for each in installs)
    assert "apt-get" not in text


def test_the_build_tool_is_the_one_of_the_development_requirements():
    pinned = (REPOSITORY / "docker" / "build-requirements.txt").read_text()
    assert pinned.strip() in (REPOSITORY / "requirements-dev.txt").read_text()


def test_the_image_has_the_drivers_of_its_database():
    pinned = (REPOSITORY / "requirements.txt").read_text()
    assert re.search(r"^psycopg2-binary==", pinned, re.MULTILINE)
    assert re.search(r"^asyncpg==", pinned, re.MULTILINE)


@pytest.mark.parametrize(
    ("stage", "project", "folder"), [("plugin", "mongodb", "jars"), ("converter", "avro", "target/lib")]
)
def test_connect_takes_the_local_stacks_plugins_and_checks_their_sums(stage, project, folder):
    [text] = re.findall(rf"^FROM \S+ AS {stage}\n(.*?)^FROM", CONNECT.read_text(), re.MULTILINE | re.DOTALL)
    assert f"COPY local/maven/connect-plugins/{project} ./\n" in text
    assert all("--strict-checksums" in call for call in re.findall(r"^RUN mvn (.*)", text, re.MULTILINE))
    back = "/".join(".." for _ in folder.split("/"))
    check = f"WORKDIR /{stage}/{folder}\nRUN sha256sum --check --strict {back}/jars.sha256\n"
    assert check in text[text.index("RUN mvn ") :]


def test_the_sum_is_that_of_the_sink_which_the_pom_names():
    project = REPOSITORY / "local/maven/connect-plugins/mongodb"
    pom = (project / "pom.xml").read_text()
    version = re.search(r"<artifactId>mongo-kafka-connect</artifactId>\s*<version>(.*?)</version>", pom)
    digest, _, jar = (project / "jars.sha256").read_text().strip().partition("  ")
    assert version is not None
    assert jar == f"mongo-kafka-connect-{version[1]}-all.jar"
    assert re.fullmatch(r"[0-9a-f]{64}", digest)


def test_the_plugin_lies_where_the_worker_looks():
    folder = re.search(r"^COPY --from=plugin \S+ (\S+)", CONNECT.read_text(), re.MULTILINE)
    path = services()["connect"]["environment"]["CONNECT_PLUGIN_PATH"].split(",")
    assert folder is not None
    assert any(folder[1].startswith(f"{root}/") for root in path)


def test_the_converter_that_waits_is_built_from_the_local_source_and_lies_beside_confluents():
    text, path = CONNECT.read_text(), services()["connect"]["environment"]["CONNECT_PLUGIN_PATH"].split(",")
    [source] = re.findall(r"^COPY (local/\S+/avro) \./$", text, re.MULTILINE)
    [jar] = re.findall(r"^COPY --from=converter (\S+) \S+/kafka-serde-tools/$", text, re.MULTILINE)
    pom = (REPOSITORY / source / "pom.xml").read_text()
    assert f"<finalName>{Path(jar).stem}</finalName>" in pom
    assert "/usr/share/java" in path
    wanted = load_pipeline(REPOSITORY / "include", "compose").target.connector_config["value.converter"]
    java = REPOSITORY / source / "src" / "main" / "java" / f"{wanted.replace('.', '/')}.java"
    assert java.is_file()


def test_only_what_an_image_takes_is_sent_to_docker():
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert ".env" not in allowed
    for file in DOCKERFILES:
        for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", file.read_text(), re.MULTILINE):
            for source in sources.split():
                assert (REPOSITORY / source).exists()
                assert any(source == each or source.startswith(f"{each}/") for each in allowed), source
