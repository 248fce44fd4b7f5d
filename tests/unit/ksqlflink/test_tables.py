from __future__ import annotations

import stat

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


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert load_or_build(blocked).parse(STATEMENT)
