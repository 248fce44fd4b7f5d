from __future__ import annotations

import contextlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ksqlflink.catalogue.model import Column, DataSource, FlinkJob, Query
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.dialect import types as t

SOURCE = DataSource(
    "S",
    "STREAM",
    "s",
    "KAFKA",
    "AVRO",
    (
        Column("K", t.STRING, True),
        Column("v", t.Array(t.Struct((("a", t.Map(t.STRING, t.Decimal(4, 2))),)))),
    ),
    "CREATE STREAM S;",
    "K",
    ("R",),
)
QUERY = Query("CSAS_S_1", "S", "s", ("R",), "CREATE ..", FlinkJob({"a": "b"}, ("t1", "t2"), "i", "p"), "jid")


def test_what_is_put_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Catalogue(tmp_path / "c")
    with first.transaction():
        first.put_source(SOURCE)
        first.put_query(QUERY)
        assert first.log("stream/`S`/create", "CREATE ..", "done", QUERY.id) == 0
    first.close()
    second = Catalogue(tmp_path / "c")
    assert second.sources() == [SOURCE]
    assert second.query("csas_s_1") == QUERY
    assert second.next_sequence() == 2
    assert second.newest_sequence() == 0
    assert second.command("stream/`S`/create") == ("done", QUERY.id)
    assert second.command_ids() == ["stream/`S`/create"]
    second.close()


def test_a_statement_that_fails_leaves_nothing() -> None:
    catalogue = Catalogue(":memory:")
    with contextlib.suppress(ZeroDivisionError), catalogue.transaction():
        catalogue.put_source(SOURCE)
        raise ZeroDivisionError
    assert catalogue.sources() == []
    assert catalogue.newest_sequence() == -1
    catalogue.close()


def test_a_sandbox_changes_nothing_outside() -> None:
    catalogue = Catalogue(":memory:")
    catalogue.put_source(SOURCE)
    sandbox = catalogue.sandbox()
    sandbox.remove_source("S")
    assert sandbox.source("S") is None
    assert catalogue.source("S") == SOURCE
    sandbox.close()
    catalogue.close()


def test_progress_of_a_query_is_kept_while_it_exists() -> None:
    catalogue = Catalogue(":memory:")
    catalogue.record_checkpoint(QUERY.id, "file:///gone")
    catalogue.put_query(QUERY)
    catalogue.record_checkpoint(QUERY.id, "file:///chk-1")
    catalogue.record_job(QUERY.id, "other", "file:///chk-2")
    assert catalogue.queries() == [replace(QUERY, job_id="other", checkpoint="file:///chk-2")]
    catalogue.remove_query(QUERY.id)
    catalogue.add_stopping(QUERY)
    assert catalogue.stopping() == [QUERY]
    catalogue.remove_stopping(QUERY.job_id)
    assert (catalogue.stopping(), catalogue.queries()) == ([], [])
    catalogue.close()


def test_a_catalogue_of_an_earlier_version_is_opened(tmp_path: Path) -> None:
    """Push queries had a table there while they were Flink jobs."""
    path = tmp_path / "catalogue.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE transients (query_id TEXT PRIMARY KEY, job_id TEXT, topic TEXT)")
        connection.execute("INSERT INTO transients VALUES ('transient_X_1', 'job', 'topic')")
    with closing(Catalogue(path)) as catalogue:
        assert catalogue.queries() == []
        assert catalogue.log("a", "B;", "c") == 0


def test_a_query_that_an_earlier_version_stored_names_the_classes_of_today(tmp_path: Path) -> None:
    """They were in another package; a literal of the user's that looks like one stays as it is."""
    definition = Path(__file__).with_name("earlier_query.json").read_text()
    with closing(Catalogue(tmp_path / "c")) as catalogue:
        catalogue._rows("INSERT INTO queries VALUES ('CTAS_TOTALS_3', ?)", definition)
        (query,) = catalogue.queries()
    read, run, source, sink, view = query.job.tables
    assert read == "CREATE TEMPORARY FUNCTION KSQL_READ AS 'ksqlflink.flink.Read' LANGUAGE JAVA"
    assert run == "CREATE TEMPORARY FUNCTION KSQL_RUN AS 'ksqlflink.flink.Run' LANGUAGE JAVA"
    assert "'sink.partitioner' = 'ksqlflink.flink.WindowedPartitioner$Time'," in sink
    stored = json.loads(definition)["job"]
    assert [source, view, query.job.insert] == [stored["tables"][2], stored["tables"][4], stored["insert"]]
    assert "AS ''ksqlflink.runtime.Read''" in view
