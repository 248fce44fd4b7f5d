from __future__ import annotations

from pathlib import Path

import pytest

from macd.local.config import LocalConfig
from macd.local.jvm import Jvm, keep_archives


@pytest.fixture
def jvm(config: LocalConfig) -> Jvm:
    stamp = config.cache / "kafka" / ".stamp"
    stamp.parent.mkdir(parents=True)
    stamp.touch()
    return Jvm(config, "kafka", ("kafka",), ("-Xmx512m", '-Dname=a "b"'))


def arguments(jvm: Jvm) -> list[str]:
    jvm.prepare()
    return (jvm.config.run / "conf" / "kafka.args").read_text().splitlines()


def test_the_first_run_records_and_the_next_one_uses_the_archive(jvm: Jvm) -> None:
    flag = arguments(jvm)[-1].strip('"')
    assert flag.startswith("-XX:ArchiveClassesAtExit=")
    before = jvm.command("kafka.Kafka")
    recorded = jvm.config.run / "class-data" / flag.rpartition("/")[2]
    recorded.write_text("classes")
    keep_archives(jvm.config)
    kept = jvm.config.cache / "class-data" / recorded.name
    assert kept.read_text() == "classes"
    assert arguments(jvm)[-1] == f'"-XX:SharedArchiveFile={kept}"'
    assert jvm.command("kafka.Kafka") == before


def test_temporary_files_lie_in_the_state_folder_and_go_with_the_next_start(jvm: Jvm) -> None:
    folder = jvm.config.run / "tmp" / "kafka"
    assert f'"-Djava.io.tmpdir={folder}"' in arguments(jvm)
    (folder / "left-behind.so").touch()
    arguments(jvm)
    assert list(folder.iterdir()) == []


def test_an_archive_replaces_the_older_one_of_its_component_only(jvm: Jvm) -> None:
    recorded, kept = jvm.config.run / "class-data", jvm.config.cache / "class-data"
    for folder, name in ((kept, "kafka-1.jsa"), (kept, "flink-gateway-1.jsa"), (recorded, "kafka-2.jsa")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    keep_archives(jvm.config)
    assert sorted(path.name for path in kept.iterdir()) == ["flink-gateway-1.jsa", "kafka-2.jsa"]


def test_a_stack_beside_it_may_replace_the_same_archive(jvm: Jvm, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, kept = jvm.config.run / "class-data", jvm.config.cache / "class-data"
    for folder, name in ((kept, "kafka-1.jsa"), (recorded, "kafka-2.jsa")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    unlink = Path.unlink

    def raced(self: Path, missing_ok: bool = False) -> None:
        unlink(self)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", raced)
    keep_archives(jvm.config)
    assert [path.name for path in kept.iterdir()] == ["kafka-2.jsa"]


def test_new_jars_need_a_new_archive(jvm: Jvm) -> None:
    before = arguments(jvm)[-1]
    (jvm.config.cache / "kafka" / ".stamp").unlink()
    assert arguments(jvm)[-1] != before


def test_options_are_quoted_for_the_argument_file(jvm: Jvm) -> None:
    assert arguments(jvm)[:2] == ['"-Xmx512m"', '"-Dname=a \\"b\\""']
