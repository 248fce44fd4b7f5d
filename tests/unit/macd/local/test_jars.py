from __future__ import annotations

from pathlib import Path

import pytest

from macd.errors import EnvironmentNotReady
from macd.local import jars

FAKE_MAVEN = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in -DoutputDirectory=*) mkdir -p "${argument#*=}" && touch "${argument#*=}/a.jar" ;; esac
done
echo "Downloaded from central: https://repository.example/a/b/thing-1.jar (5 kB at 1 kB/s)"
echo "[ERROR] no such artifact"
echo run >> RUNS
exit STATUS
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("kafka", "connect-plugins/avro"):
        folder = tmp_path / "maven" / name
        folder.mkdir(parents=True)
        (folder / "pom.xml").write_text(f"<project>{name}</project>")
    built = tmp_path / "maven" / "registry" / "src"
    built.mkdir(parents=True)
    (built.parent / "pom.xml").write_text("<project/>")
    return tmp_path / "maven"


def maven(tmp_path: Path, status: int = 0) -> str:
    script = tmp_path / "mvn"
    script.write_text(FAKE_MAVEN.replace("STATUS", str(status)).replace("RUNS", str(tmp_path / "runs")))
    script.chmod(0o755)
    return str(script)


def runs(tmp_path: Path) -> int:
    return (tmp_path / "runs").read_text().count("run")


def test_projects_that_build_come_first(root: Path) -> None:
    assert next(iter(jars.projects(root))) == "registry"
    assert set(jars.projects(root)) == {"registry", "kafka", "connect-plugins/avro"}


def test_fetched_once_and_then_found_in_the_cache(root: Path, tmp_path: Path) -> None:
    cache, seen = tmp_path / "cache", []
    wanted = jars.missing(["connect-plugins/avro"], cache, root)
    jars.Maven(cache, lambda name, text: seen.append((name, text)), maven(tmp_path)).fetch(wanted)
    assert (cache / "connect-plugins" / "avro" / "a.jar").is_file()
    assert jars.missing(["connect-plugins/avro"], cache, root) == []
    assert seen == [("connect-plugins/avro", "thing-1.jar"), ("connect-plugins/avro", "ready")]
    assert runs(tmp_path) == 1


def test_a_changed_pom_makes_the_cache_stale(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    jars.Maven(cache, lambda *_: None, maven(tmp_path)).fetch(jars.missing(["kafka"], cache, root))
    (root / "kafka" / "pom.xml").write_text("<project>newer</project>")
    assert [project.name for project in jars.missing(["kafka"], cache, root)] == ["kafka"]


def test_an_interrupted_build_leaves_no_half_cache(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "kafka").mkdir(parents=True)
    (cache / "kafka" / "half.jar").touch()
    (cache / "build" / "kafka").mkdir(parents=True)
    wanted = jars.missing(["kafka"], cache, root)
    jars.Maven(cache, lambda *_: None, maven(tmp_path)).fetch(wanted)
    assert sorted(path.name for path in (cache / "kafka").iterdir()) == [".stamp", "a.jar"]


def test_a_failure_is_tried_again_and_then_shows_mavens_words(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(EnvironmentNotReady, match="no such artifact") as caught:
        jars.Maven(cache, lambda *_: None, maven(tmp_path, status=1)).fetch(
            jars.missing(["kafka"], cache, root)
        )
    assert "maven.log" in caught.value.remedy
    assert runs(tmp_path) == jars.ATTEMPTS
    assert jars.missing(["kafka"], cache, root)
