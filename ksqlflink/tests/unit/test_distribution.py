"""What a stranger gets: the sdist, the wheel made of it, and the bare install outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
SERVE = [
    f"--{name}=x" for name in ("bootstrap-servers", "registry-url", "flink-url", "gateway-url", "state-dir")
]
SQL = """
CREATE STREAM orders (id VARCHAR KEY, total DOUBLE) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON', PARTITIONS=3);
CREATE STREAM big AS SELECT * FROM orders WHERE total > 10;
CREATE STREAM small AS SELECT * FROM orders WHERE totl < 1;
"""
CHECK = """
from ksqlflink.checking import Refused, StatementChecker
from ksqlflink.dialect import parse
checker = StatementChecker({}, {"o": 3})
for statement in parse(open("x.sql").read()):
    try:
        checker.check(statement)
    except Refused as refused:
        print(statement.name, refused.position, refused.reason, refused.meant, sep=": ")
"""


def run(
    *command: str | Path, cwd: Path, expected: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of what the sdist holds. Its jar is made up: Maven takes longer than all of this."""
    folder = tmp_path_factory.mktemp("dist")
    jar = folder / "built.jar"
    jar.write_bytes(b"the jar")
    make = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    run(sys.executable, "-c", make, cwd=HOUSE)
    [sdist] = folder.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, sdist, cwd=folder, KSQLFLINK_JAR=str(jar))
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere, with an environment that holds the wheel, lark, PyYAML and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env/bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    [packages] = (folder / "env/lib").glob("*/site-packages")
    for name in ("lark", "yaml"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, packages / name)
    (folder / "x.sql").write_text(SQL)
    return folder


def test_the_wheel_holds_the_jar_the_licence_and_the_recordings(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        assert opened.read("ksqlflink/jar/ksqlflink.jar") == b"the jar"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "ksqlflink/functions.yaml" in names
    assert sum(name.startswith("ksqldb_conformance/recordings/cases/") for name in names) > 40


def test_a_wheel_without_a_jar_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("src", "pyproject.toml", "README.md", "LICENSE", "setup.py"):
        (tmp_path / name).symlink_to(HOUSE / name)
    make = (sys.executable, "setup.py", "-q", "egg_info", "-e", ".", "build_py", "-d", "built")
    refused = run(*make, cwd=tmp_path, expected=1, KSQLFLINK_JAR="", PATH="")
    assert "neither" in refused.stderr
    assert "KSQLFLINK_JAR=/path/to/ksqlflink.jar" in refused.stderr
    run(*make, cwd=tmp_path, KSQLFLINK_JAR="none", PATH="")
    assert (tmp_path / "built/ksqlflink/checking.py").is_file()
    assert not (tmp_path / "built/ksqlflink/jar").exists()


def test_the_bare_install_checks_statements(bare: Path) -> None:
    said = run(bare / "env/bin/python", "-c", CHECK, cwd=bare).stdout
    assert said == "SMALL: Line: 4, Col: 51: WHERE column 'TOTL' cannot be resolved: TOTAL\n"


def test_the_bare_install_has_the_command(bare: Path) -> None:
    ksqlflink = bare / "env/bin/ksqlflink"
    assert run(ksqlflink, "--version", cwd=bare).stdout == "ksqlflink 0.1.0\n"
    assert "translate" in run(ksqlflink, "--help", cwd=bare).stdout


def test_the_bare_install_translates(bare: Path) -> None:
    (bare / "big.sql").write_text(SQL.partition("CREATE STREAM small")[0])
    said = run(bare / "env/bin/ksqlflink", "translate", "big.sql", cwd=bare).stdout
    assert said.startswith("-- CREATE STREAM BIG ")
    assert "INSERT INTO `$out` SELECT k, v, t FROM `$in_0`" in said


def test_a_command_names_the_extra_that_it_lacks(bare: Path) -> None:
    refused = run(bare / "env/bin/ksqlflink", "serve", *SERVE, cwd=bare, expected=1)
    assert refused.stderr.startswith("ksqlflink serve needs ")
    assert refused.stderr.endswith(" which comes with: pip install 'ksqlflink[server]'\n")
