from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest
from lark.exceptions import UnexpectedToken

from ksqlflink.dialect.tables import load_or_build

STATEMENT = "CREATE STREAM s (id VARCHAR KEY) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');"


def test_tables_that_were_kept_give_the_same_tree_and_the_same_error(tmp_path):
    built, loaded = load_or_build(tmp_path), load_or_build(tmp_path)
    assert loaded.parse(STATEMENT) == built.parse(STATEMENT)
    for parser in (built, loaded):
        with pytest.raises(UnexpectedToken) as caught:
            parser.parse("CREATE STREAM s WITH KAFKA_TOPIC;")
        assert (caught.value.line, caught.value.column, caught.value.accepts) == (1, 22, {"LPAR"})


def test_the_tables_are_kept_in_one_private_file(tmp_path):
    folder = tmp_path / "cache"
    load_or_build(folder)
    load_or_build(folder)
    [kept] = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


class Trap:
    """What a pickle runs that somebody else has written."""

    def __init__(self, sprung):
        self.sprung = sprung

    def __reduce__(self):
        return Path.touch, (self.sprung,)


@pytest.fixture(scope="module")
def name(tmp_path_factory):
    """The name of the file that holds the tables."""
    folder = tmp_path_factory.mktemp("tables")
    load_or_build(folder)
    [kept] = folder.iterdir()
    return kept.name


def plant_trap(kept, sprung):
    """A trap in place of the tables, as another user of the machine could write it."""
    kept.write_bytes(pickle.dumps(Trap(sprung)))
    kept.chmod(0o600)


def foreign(kept):
    os.chown(kept, 12345, -1)


def writable(kept):
    kept.chmod(0o620)


def linked(kept):
    kept.rename(kept.parent / "elsewhere")
    kept.symlink_to("elsewhere")


def test_a_trap_in_a_private_file_would_work(tmp_path, name):
    # Otherwise the next test would prove nothing.
    plant_trap(tmp_path / name, tmp_path / "sprung")
    with pytest.raises(TypeError):  # it is no table either
        load_or_build(tmp_path)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("plant", [foreign, writable, linked])
def test_tables_that_another_user_may_have_written_are_not_read(tmp_path, name, plant):
    if plant is foreign and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    kept, sprung = tmp_path / name, tmp_path / "sprung"
    plant_trap(kept, sprung)
    plant(kept)
    assert load_or_build(tmp_path).parse(STATEMENT)
    assert not sprung.exists()
    found = kept.lstat()  # the next process finds tables of its own
    assert (found.st_uid, stat.S_IFMT(found.st_mode)) == (os.geteuid(), stat.S_IFREG)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert load_or_build(blocked).parse(STATEMENT)
