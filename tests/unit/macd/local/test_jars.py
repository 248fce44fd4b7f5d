from __future__ import annotations

import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from macd.errors import EnvironmentNotReady
from macd.local import jars
from macd.local.maven import ATTEMPTS, Fetching

FAKE_MAVEN = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in -DoutputDirectory=*) mkdir -p "${argument#*=}" && touch "${argument#*=}/a.jar" ;; esac
done
echo "Downloaded from central: https://repository.example/a/b/thing-1.jar (5 kB at 1 kB/s)"
echo "[ERROR] no such artifact"
echo "run $@" >> RUNS
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
    return (tmp_path / "runs").read_text().count("run ")


def fetch(names: list[str], cache: Path, root: Path, mvn: str) -> list[tuple[str, str]]:
    seen: list[tuple[str, str]] = []
    with Fetching(names, cache, lambda name, text: seen.append((name, text)), mvn, root) as fetching:
        fetching.wait_for(names)
    return seen


def test_projects_that_build_come_first(root: Path) -> None:
    assert next(iter(jars.projects(root))) == "registry"
    assert set(jars.projects(root)) == {"registry", "kafka", "connect-plugins/avro"}


def test_fetched_once_and_then_found_in_the_cache(root: Path, tmp_path: Path) -> None:
    cache, name = tmp_path / "cache", "connect-plugins/avro"
    seen = fetch([name], cache, root, maven(tmp_path))
    assert (cache / "connect-plugins" / "avro" / "a.jar").is_file()
    assert seen == [(name, "downloading, 1 files so far, now thing-1.jar"), (name, "ready")]
    assert fetch([name], cache, root, maven(tmp_path)) == []
    assert runs(tmp_path) == 1


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # the SHA-256 of an empty a.jar


def test_jars_with_the_kept_sums_are_installed(root: Path, tmp_path: Path) -> None:
    (root / "kafka" / "jars.sha256").write_text(f"{EMPTY}  a.jar\n")
    fetch(["kafka"], tmp_path / "cache", root, maven(tmp_path))
    assert (tmp_path / "cache" / "kafka" / "a.jar").is_file()


@pytest.mark.parametrize(
    ("sums", "wrong"),
    [
        (f"{EMPTY.replace('e', 'f')}  a.jar\n", "a.jar"),  # another jar of that name
        ("", "a.jar"),  # a jar that nobody has asked for
        (f"{EMPTY}  a.jar\n{EMPTY}  b.jar\n", "b.jar"),  # one that is missing
    ],
)
def test_other_jars_than_the_pinned_ones_are_refused(
    root: Path, tmp_path: Path, sums: str, wrong: str
) -> None:
    (root / "kafka" / "jars.sha256").write_text(sums)
    with pytest.raises(EnvironmentNotReady, match=f"kafka/jars.sha256 keeps: {wrong}.") as caught:
        fetch(["kafka"], tmp_path / "cache", root, maven(tmp_path))
    assert "CONTRIBUTING.md" in caught.value.remedy
    assert not (tmp_path / "cache" / "kafka").exists()


@pytest.mark.parametrize("brought", [b"", b"another"])
def test_the_libraries_of_what_is_built_here_are_held_against_their_sums_too(
    tmp_path: Path, brought: bytes
) -> None:
    sources, work = tmp_path / "plugin", tmp_path / "work"
    (sources / "src").mkdir(parents=True)
    (sources / "jars.sha256").write_text(f"{EMPTY}  a.jar\n")
    (work / "target" / "lib").mkdir(parents=True)
    (work / "target" / "lib" / "a.jar").write_bytes(brought)
    project = jars.JarProject("plugin", sources)
    if brought:
        with pytest.raises(EnvironmentNotReady, match=r"plugin/jars.sha256 keeps: a\.jar\."):
            jars.install(project, work, tmp_path / "cache")
    else:
        jars.install(project, work, tmp_path / "cache")
        assert (tmp_path / "cache" / "plugin" / "lib" / "a.jar").is_file()


def test_what_goes_into_the_engines_jar_is_held_against_its_sums(tmp_path: Path) -> None:
    sources, shaded = tmp_path / "engine", tmp_path / "work" / "target" / "shaded"
    for folder in (sources / "src", shaded):
        folder.mkdir(parents=True)
    (sources / "jars.sha256").write_text(f"{EMPTY}  a.jar\n")
    (shaded / "a.jar").write_bytes(b"another")
    with pytest.raises(EnvironmentNotReady, match=r"engine/jars.sha256 keeps: a\.jar\."):
        jars.install(jars.JarProject("engine", sources), tmp_path / "work", tmp_path / "cache")


def test_whatever_is_collected_has_its_sums() -> None:
    """The registry's libraries alone have none (docs/security.md): Quarkus' plugin collects them."""
    collecting = {
        name: project.sums()
        for name, project in jars.projects().items()
        if not project.is_build or "copy-dependencies" in (project.sources / "pom.xml").read_text()
    }
    plugins = {"connect-plugins/avro", "connect-plugins/mongodb"}
    assert set(collecting) == {"kafka", "flink", "mongodb", "ksqlflink"} | plugins
    assert all(collecting.values()), collecting


def test_a_jar_with_a_wrong_checksum_is_an_error_to_maven(root: Path, tmp_path: Path) -> None:
    for name in ("kafka", "registry"):
        with suppress(FileNotFoundError):  # this Maven builds nothing
            fetch([name], tmp_path / "cache", root, maven(tmp_path))
    calls = (tmp_path / "runs").read_text().splitlines()
    assert ["--strict-checksums" in call.split() for call in calls] == [True, True]


def test_a_changed_pom_makes_the_cache_stale(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch(["kafka"], cache, root, maven(tmp_path))
    (root / "kafka" / "pom.xml").write_text("<project>newer</project>")
    assert [project.name for project in jars.missing(["kafka"], cache, root)] == ["kafka"]


def test_an_interrupted_build_leaves_no_half_cache(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "kafka").mkdir(parents=True)
    (cache / "kafka" / "half.jar").touch()
    (cache / "build" / "kafka").mkdir(parents=True)
    fetch(["kafka"], cache, root, maven(tmp_path))
    assert sorted(path.name for path in (cache / "kafka").iterdir()) == [".stamp", "a.jar"]


def test_an_interrupt_ends_maven_and_is_not_tried_again(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "mvn"
    script.write_text(f"#!/bin/sh\necho 'run ' >> {tmp_path / 'runs'}\nexec sleep 600\n")
    script.chmod(0o755)
    began = time.monotonic()

    def interrupted() -> None:
        with Fetching(["kafka"], tmp_path / "cache", lambda *_: None, str(script), root):
            while not (tmp_path / "runs").exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 60
    assert runs(tmp_path) == 1


def test_a_failure_is_tried_again_and_then_shows_mavens_words(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(EnvironmentNotReady, match="no such artifact") as caught:
        fetch(["kafka"], cache, root, maven(tmp_path, status=1))
    assert "maven.log" in caught.value.remedy
    assert runs(tmp_path) == ATTEMPTS
    assert jars.missing(["kafka"], cache, root)


def test_a_manifest_is_added_where_the_project_brings_one(root: Path, tmp_path: Path) -> None:
    services = root / "connect-plugins" / "avro" / "META-INF" / "services"
    services.mkdir(parents=True)
    (services / "org.example.Converter").write_text("x.Avro")
    fetch(["connect-plugins/avro"], tmp_path / "cache", root, maven(tmp_path))
    with zipfile.ZipFile(tmp_path / "cache" / "connect-plugins" / "avro" / "plugin-manifest.jar") as manifest:
        assert manifest.read("META-INF/services/org.example.Converter") == b"x.Avro"
