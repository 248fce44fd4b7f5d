"""Answers to statements with queries in them, compared with those of a real server."""

from __future__ import annotations

import pytest

from unit.fakes import Stage, joined_shop
from unit.test_recordings import replay


def wide_shop() -> Stage:
    """The stage with the streams U_SRC, U_WIDE and U_SINK on it."""
    stage = joined_shop()
    stage.topics.add("u_src")
    stage.topics.add("u_wide", partitions=4)
    columns = "(id VARCHAR KEY, a INT, d DOUBLE)"
    stage.run(f"CREATE STREAM u_wide {columns} WITH (KAFKA_TOPIC='u_wide', VALUE_FORMAT='JSON');")
    stage.run("CREATE STREAM u_src (id VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='u_src', VALUE_FORMAT='JSON');")
    stage.run("CREATE STREAM u_sink AS SELECT id, a FROM u_src EMIT CHANGES;")
    return stage


@pytest.mark.parametrize(
    "name",
    [
        "ctas-errors",
        "ctas-no-window",
        "ctas-tumbling",
        "error-types",
        "error-decimal-literal",
        "error-simple-case",
        "csas-join-partition-mismatch",
    ],
)
def test_answers_are_the_recorded_ones(name: str) -> None:
    replay(wide_shop(), name)


def test_tables_over_topics() -> None:
    stage = joined_shop()
    stage.topics.add("menu")
    replay(stage, "create-table")
    menu = stage.catalogue.source("MENU")
    assert menu is not None
    assert menu.kind == "TABLE"


def test_replacing_a_projection() -> None:
    stage = joined_shop()
    replay(stage, "csas-simple")
    replay(stage, "csas-or-replace-simple")


def test_insert_into_select() -> None:
    replay(wide_shop(), "insert-into-select", 5)
