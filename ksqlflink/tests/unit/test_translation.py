"""`ksqlflink translate` and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksqlflink.__main__ import arguments_of
from ksqlflink.translation import translate_file

TEXT = """
CREATE STREAM orders (id VARCHAR KEY, total DOUBLE) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='AVRO', PARTITIONS=3);
CREATE STREAM big AS SELECT * FROM orders WHERE total > 10;
CREATE TABLE totals AS SELECT id, SUM(total) AS s FROM big GROUP BY id;
"""


def translated(
    path: Path, capsys: pytest.CaptureFixture[str], jar: str | None = None
) -> tuple[int, str, str]:
    code = translate_file(path, "kafka:9092", None, jar)
    return code, *capsys.readouterr()


def test_each_query_is_translated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.sql"
    path.write_text(TEXT)
    code, out, err = translated(path, capsys, "file:///x.jar")
    assert (code, err) == (0, "")
    assert out.count("INSERT INTO `$out`") == 2
    assert out.index("-- CREATE STREAM BIG") < out.index("-- CREATE TABLE TOTALS")
    assert "'topic' = 'o'" in out
    assert '"tasks":3' in out
    assert "USING JAR 'file:///x.jar'" in out
    assert "DROP TEMPORARY VIEW `$read`;" in out


def test_a_topic_is_assumed_to_be_as_the_statement_wants_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.sql"
    path.write_text(TEXT.replace("PARTITIONS=3", "REPLICAS=3, RETENTION_MS=1000"))
    code, out, err = translated(path, capsys)
    assert (code, err) == (0, "")
    assert '"tasks":1' in out


def test_what_is_refused_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.sql"
    path.write_text("CREATE STREAM a AS SELECT * FROM nobody;")
    code, out, err = translated(path, capsys)
    assert (code, out) == (1, "")
    assert "NOBODY does not exist" in err


SERVE = (
    *("--bootstrap-servers", "k", "--registry-url", "r", "--flink-url", "f", "--gateway-url", "g"),
    *("--state-dir", "d"),
)


@pytest.mark.parametrize("number", ["-1", "1.5", "many", ""])
def test_a_number_of_push_queries_that_cannot_be_is_refused(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_of([*SERVE, "--max-push-queries", number])
    assert ended.value.code == 2
    assert (
        f"argument --max-push-queries: {number!r} is not a whole number from 0 up" in capsys.readouterr().err
    )
    assert arguments_of([*SERVE, "--max-push-queries", "0"]).max_push_queries == 0


def test_serve_is_the_command_where_none_is_given() -> None:
    options = arguments_of([*SERVE, "--connect-url", "c", "--runtime-jar", "j"])
    assert (options.command, options.connect_url, options.runtime_jar) == ("serve", "c", "j")
    assert arguments_of(["translate", "x.sql"]).file == Path("x.sql")
    with pytest.raises(SystemExit):
        arguments_of(["--help"])
