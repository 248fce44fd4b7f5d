"""The worker itself: what one client asks for hurts no other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ksqlflink.errors import KsqlError
from ksqlflink.worker.errors import WorkerDied, WorkerTimeout
from ksqlflink.worker.jar import command
from ksqlflink.worker.process import Worker
from runtime.cases import typed
from unit.fakes import Stage
from workers import built

TOO_LARGE = f"ARRAY[{', '.join(['LPAD(CAST(1 AS VARCHAR), 4000000, CAST(2 AS VARCHAR))'] * 100)}]"
# Three times a hundred thousand, one in the other.
ENDLESS = "0"
for name in "abc":
    ENDLESS = f"REDUCE(GENERATE_SERIES(1, 100000), 0, (s{name}, {name}) => s{name} + {ENDLESS})"


@pytest.fixture
def worker() -> Iterator[Worker]:
    built()
    worker = Worker(command)
    worker.call("ping")
    yield worker
    worker.close()


def evaluated(worker: Worker, sql: str, timeout: float = 60.0) -> Any:
    return worker.call("evaluate", timeout, expr=typed(sql).json)["value"]


def test_without_memory_it_dies_and_the_next_one_answers(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    first = worker.pid
    with pytest.raises(WorkerDied, match="exit code 3"):
        evaluated(worker, TOO_LARGE)
    assert evaluated(worker, "1 + 1") == 2
    assert worker.pid != first
    assert "no answer" not in caplog.text


def test_an_endless_expression_keeps_nobody_from_being_answered(worker: Worker) -> None:
    with ThreadPoolExecutor(8) as pool:
        endless = [pool.submit(evaluated, worker, ENDLESS, 4.0) for _ in range(6)]
        start = time.monotonic()
        while time.monotonic() < start + 1.5:
            assert evaluated(worker, "UCASE('a')") == "A"
        assert not any(call.done() for call in endless)
        for call in endless:
            with pytest.raises((WorkerTimeout, WorkerDied)):
                call.result(20)
    assert evaluated(worker, "UCASE('a')") == "A"


def stage_on(worker: Worker) -> Stage:
    stage = Stage(evaluator=worker)
    stage.topics.records = stage.records
    stage.run(
        "CREATE STREAM x (k VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='x', PARTITIONS=1, FORMAT='JSON');"
    )
    return stage


def test_the_server_goes_on_when_a_query_takes_all_memory(worker: Worker) -> None:
    stage = stage_on(worker)
    stage.run("INSERT INTO x VALUES ('a', 'b');")
    with ThreadPoolExecutor(4) as pool:
        greedy = pool.submit(stage.select, f"SELECT {TOO_LARGE} AS t FROM x;")
        for number in range(20):
            stage.run(f"INSERT INTO x VALUES ('a', '{number}');")
        with pytest.raises(KsqlError):
            greedy.result(60)
    assert len(stage.select("SELECT * FROM x;")[1]) == 21


def test_a_large_answer_comes_in_parts(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stage_on(worker)
    for number in range(12):
        stage.run(f"INSERT INTO x VALUES ('a', '{number}');")
    answers: list[int] = []
    call = worker.call

    def counted(op: str, timeout: float = 60.0, **members: Any) -> dict[str, Any]:
        answer = call(op, timeout, **members)
        answers.append(sum(map(len, answer.get("rows", []))))
        return answer

    monkeypatch.setattr(worker, "call", counted)
    rows = stage.select("SELECT LPAD(v, 1000000, '-') AS t FROM x;")[1]
    assert [row[0].lstrip("-") for row in rows] == [str(number) for number in range(12)]
    assert max(answers) < 6_000_000
    assert sum(answers) > 12_000_000


@pytest.mark.parametrize(
    ("value", "row"),
    [
        ('{"I": 7, "D": 1.5}', [7, 1.5]),
        ('\ufeff{"I": 7}', [7, None]),  # Jackson knows the mark by which a text says that it is UTF-8
        ('{"I": "12"}', [12, None]),
        ('{"I": " 12 "}', None),
        ('{"D": 99999.99}', None),
        ('{"D": 9999.99}', [None, 9999.99]),
        ('{"D": 1.005}', None),
        ('{"I": NaN}', None),
        ('{"I": 1} x', None),
        ('{"I": true}', None),
    ],
)
def test_json_is_read_as_ksqldb_reads_it(value: str, row: list[Any] | None) -> None:
    stage = Stage()
    stage.topics.records = stage.records
    columns = "k VARCHAR KEY, i INT, d DECIMAL(6, 2)"
    stage.run(f"CREATE STREAM x ({columns}) WITH (KAFKA_TOPIC='x', PARTITIONS=1, VALUE_FORMAT='JSON');")
    stage.records.write("x", b"k", value.encode(), 0)
    rows = stage.select("SELECT i, d FROM x;")[1]
    assert rows == ([] if row is None else [row])
