"""PRINT, pull and push queries: rows, the shapes they are sent in, and their end."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect.statements import Print
from ksqlflink.dialect.types import STRING
from ksqlflink.errors import BadRequest, BadStatement, KsqlError, TooManyQueries
from ksqlflink.rest.app import create_app
from ksqlflink.results.printing import Guess
from ksqlflink.results.pull import wanted_keys
from ksqlflink.results.service import QueryService
from ksqlflink.results.views import TableView, Views
from ksqlflink.services.records import Record
from ksqlflink.worker.errors import WorkerDied, WorkerRefusal
from unit.asgi import Answer, send
from unit.fakes import Backend, Stage, joined_shop

pytestmark = pytest.mark.usefixtures("jar")
DELIMITED = "application/vnd.ksqlapi.delimited.v1"


def shop_with_totals() -> Stage:
    """Payments, and the table TOTALS with rows for CARD and CASH in it."""
    stage = joined_shop()
    stage.topics.records = stage.records
    stage.run("CREATE TABLE totals AS SELECT method, COUNT(*) AS n FROM payments GROUP BY method;")
    for method, n in (("CARD", 1), ("CASH", 5), ("CARD", 2)):
        put(stage, method, n)
    return stage


def put(stage: Stage, method: str, n: int | None) -> None:
    if n is None:
        stage.records.write("TOTALS", method.encode(), None, 1000)
    else:
        stage.run(f"INSERT INTO totals (method, n, ROWTIME) VALUES ('{method}', {n}, 1000);")


# -- pull queries -------------------------------------------------------------------------------------------


def test_a_view_follows_its_topic() -> None:
    stage = shop_with_totals()
    query = "SELECT * FROM totals;"
    assert stage.select(query)[1] == [["CARD", 2], ["CASH", 5]]
    put(stage, "CASH", None)
    put(stage, "CASH2", 7)
    assert stage.select(query)[1] == [["CARD", 2], ["CASH2", 7]]
    stage.queries.close()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT n FROM totals WHERE method = 'CARD'", [[2]]),
        ("SELECT n FROM totals WHERE 'CARD' = method AND n > 5", []),
        ("SELECT n FROM totals WHERE method IN ('CASH', 'NONE')", [[5]]),
        ("SELECT n FROM totals WHERE method LIKE 'CA%' AND NOT n = 2", [[5]]),
        ("SELECT n * 2, LCASE(method) AS m FROM totals WHERE n BETWEEN 3 AND 9", [[10, "cash"]]),
        ("SELECT CASE WHEN n > 3 THEN 'many' ELSE 'few' END AS c FROM totals", [["few"], ["many"]]),
        ("SELECT ROWTIME FROM totals LIMIT 1", [[1000]]),
        ("SELECT CAST(n AS VARCHAR) + '!' AS t FROM totals LIMIT 0", []),
    ],
)
def test_what_pull_queries_select(query: str, rows: list[list[Any]]) -> None:
    assert shop_with_totals().select(f"{query};")[1] == rows


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM totals GROUP BY method", "Pull queries don't support GROUP BY clauses. See https"),
        ("SELECT * FROM totals PARTITION BY n", "Pull queries don't support PARTITION BY clauses."),
        (
            "SELECT * FROM orders o JOIN payments p WITHIN 1 HOUR ON o.order_id = p.order_id",
            "Pull queries don't support JOIN clauses.",
        ),
        ("SELECT EXPLODE(items) FROM orders", "This pull query on a stream is not supported by ksqlflink"),
    ],
)
def test_pull_queries_that_are_refused(query: str, message: str) -> None:
    with pytest.raises(BadStatement) as raised:
        shop_with_totals().select(f"{query};")
    assert message in raised.value.message


def test_a_table_is_not_scanned_where_that_is_not_wanted() -> None:
    stage = shop_with_totals()
    off = {"ksql.query.pull.table.scan.enabled": False}
    with pytest.raises(BadStatement, match=r"Missing WHERE clause. See https://cnfl.io/queries"):
        stage.select("SELECT * FROM totals;", **off)
    with pytest.raises(BadStatement, match="WHERE clause missing key column for disjunct"):
        stage.select("SELECT * FROM totals WHERE n > 1;", **off)
    assert stage.select("SELECT n FROM totals WHERE method = 'CARD';", **off)[1] == [[2]]


def test_a_table_whose_query_was_terminated_is_not_queryable() -> None:
    stage = shop_with_totals()
    stage.run("TERMINATE ALL;")
    with pytest.raises(BadStatement, match="The `TOTALS` table isn't queryable"):
        stage.select("SELECT * FROM totals;")


def test_a_table_that_was_made_anew_is_read_anew() -> None:
    stage = shop_with_totals()
    stage.select("SELECT * FROM totals;")
    stage.run("DROP TABLE totals DELETE TOPIC;")
    del stage.records.topics["TOTALS"]
    stage.run("CREATE TABLE totals AS SELECT method, COUNT(*) AS n FROM payments GROUP BY method;")
    assert stage.select("SELECT * FROM totals;")[1] == []


def test_keys_that_a_condition_names() -> None:
    stage = shop_with_totals()
    source = stage.catalogue.source("TOTALS")
    assert source is not None
    key = {"op": "column", "name": "T.METHOD", "type": "STRING"}
    literal = {"op": "literal", "value": "x", "type": "STRING"}
    equal = {"op": "=", "args": [literal, key], "type": "BOOLEAN"}
    other = {"op": ">", "args": [literal, key], "type": "BOOLEAN"}
    assert list(wanted_keys(equal, "T", source) or ()) == [(literal,)]
    both = {"op": "AND", "args": [other, equal], "type": "BOOLEAN"}
    assert list(wanted_keys(both, "T", source) or ()) == [(literal,)]
    assert wanted_keys({"op": "OR", "args": [other, equal], "type": "BOOLEAN"}, "T", source) is None
    assert wanted_keys(None, "T", source) is None


def test_a_product_of_many_keys_is_not_made() -> None:
    stage = shop_with_totals()
    source = stage.catalogue.source("TOTALS")
    assert source is not None
    literal = {"op": "literal", "value": "x", "type": "STRING"}
    names = [f"k{number}" for number in range(6)]
    columns = tuple(Column(name, STRING, key=True) for name in names)
    where: Any = None
    for name in names:
        column = {"op": "column", "name": f"T.{name}", "type": "STRING"}
        one = {"op": "IN", "args": [column, *[literal] * 1000], "type": "BOOLEAN"}
        where = one if where is None else {"op": "AND", "args": [where, one], "type": "BOOLEAN"}
    keys = wanted_keys(where, "T", replace(source, columns=columns))
    assert keys is not None
    assert next(iter(keys)) == (literal,) * 6
    many = ", ".join(f"'{number}'" for number in range(60))
    assert stage.select(f"SELECT n FROM totals WHERE method IN ({many}, 'CARD');")[1] == [[2]]


def test_a_view_that_ends_unused_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = shop_with_totals()
    made: list[TableView] = []
    real = Views._view

    def view(self: Views, source: Any, query_id: str) -> TableView:
        found = real(self, source, query_id)
        if not made:
            found.end()
        made.append(found)
        return found

    monkeypatch.setattr(Views, "_view", view)
    assert stage.select("SELECT * FROM totals;")[1] == [["CARD", 2], ["CASH", 5]]
    assert len(set(map(id, made))) == 2


def test_a_client_of_a_stream_that_has_gone_is_noticed_between_the_batches() -> None:
    stage = joined_shop()
    stage.topics.records = stage.records
    stage.run("INSERT INTO payments (payment_id, payment_amount) VALUES ('p', 1.0);")
    pull = started(stage, "SELECT payment_id FROM payments WHERE payment_id = 'nobody';")
    first, pull._reader.poll = pull._reader.poll, lambda _: []
    found = pull.rows()
    assert [next(found), next(found)] == [None, None]
    pull._reader.poll = first
    assert list(found) == []
    pull.close()


def test_a_stream_is_read_to_where_it_ended() -> None:
    stage = joined_shop()
    stage.topics.records = stage.records
    for number in range(3):
        stage.run(f"INSERT INTO payments (payment_id, payment_amount) VALUES ('p{number}', {number});")
    stage.records.write("payments", None, b"undecodable", 1)
    header, rows = stage.select("SELECT payment_id FROM payments WHERE payment_amount > 0;")
    assert rows == [["p1"], ["p2"]]
    assert header.query_id.startswith("transient_PAYMENTS_")
    assert stage.select("SELECT payment_id FROM payments LIMIT 1;")[1] == [["p0"]]


# -- push queries and their shapes --------------------------------------------------------------------------


def ask(
    stage: Stage, path: str, body: dict[str, Any], accept: str = "*/*", cut: float | None = None
) -> Answer:
    return send(create_app(Backend(stage)), "POST", path, body, {"accept": accept}, cut)


EARLIEST = {"auto.offset.reset": "earliest"}
PAID = "SELECT payment_id, payment_amount FROM payments EMIT CHANGES"


def shop_with_payments(count: int) -> Stage:
    stage = joined_shop()
    stage.topics.records = stage.records
    for number in range(count):
        stage.run(f"INSERT INTO payments (payment_id, payment_amount) VALUES ('p{number}', {number}.5);")
    return stage


def assert_nothing_is_left(stage: Stage) -> None:
    assert stage.queries.running() == []
    assert stage.worker.sessions == set()
    assert all(follower.closed for follower in stage.records.followers)


def test_a_push_query_ends_when_the_limit_is_reached() -> None:
    stage = shop_with_payments(3)
    query = {"ksql": f"{PAID} LIMIT 2;", "streamsProperties": EARLIEST}
    header, *rows, end = json.loads(ask(stage, "/query", query).body)
    assert header["header"]["schema"] == "`PAYMENT_ID` STRING, `PAYMENT_AMOUNT` DOUBLE"
    assert rows == [{"row": {"columns": ["p0", 0.5]}}, {"row": {"columns": ["p1", 1.5]}}]
    assert end == {"finalMessage": "Limit Reached"}
    assert_nothing_is_left(stage)


def test_a_push_query_of_no_rows_ends_at_once() -> None:
    stage = shop_with_payments(1)
    query = {"ksql": f"{PAID} LIMIT 0;", "streamsProperties": EARLIEST}
    assert json.loads(ask(stage, "/query", query).body)[1:] == [{"finalMessage": "Limit Reached"}]


def test_a_push_query_begins_where_its_topics_end() -> None:
    stage = shop_with_payments(2)
    push = started(stage, f"{PAID};")
    stage.run("INSERT INTO payments (payment_id, payment_amount) VALUES ('new', 9.0);")
    assert next(row.text for row in push.rows() if row) == '["new",9.0]'
    push.close()


def test_a_push_query_leaves_nothing_when_the_client_leaves() -> None:
    stage = shop_with_payments(1)
    query = {"sql": f"{PAID};", "properties": EARLIEST}
    answer = ask(stage, "/query-stream", query, DELIMITED, cut=0.2)
    assert answer.status == 200
    assert "content-type" not in answer.headers
    assert not answer.ended
    assert answer.body.splitlines()[1:] == ['["p0",0.5]']
    assert_nothing_is_left(stage)


def test_a_push_query_reads_no_more_than_its_client_takes() -> None:
    stage = shop_with_payments(2)
    push = started(stage, f"{PAID};", EARLIEST)
    rows = (row.text for row in push.rows() if row)
    assert next(rows) == '["p0",0.5]'
    before = dict(stage.records.followers[0].at)
    stage.run("INSERT INTO payments (payment_id, payment_amount) VALUES ('late', 9.0);")
    assert next(rows) == '["p1",1.5]'
    assert stage.records.followers[0].at == before == {("payments", 0): 2}
    assert next(rows) == '["late",9.0]'
    push.close()


@pytest.mark.parametrize(
    ("path", "accept", "ending"),
    [
        ("/query", "*/*", ',\n{"errorMessage":%s}]'),
        ("/query-stream", "*/*", "\n%s\n"),
        ("/query-stream", "application/json", ",%s]"),
    ],
)
def test_a_push_query_whose_worker_is_gone_ends_with_an_error(path: str, accept: str, ending: str) -> None:
    stage = shop_with_payments(1)
    text = f"{PAID};"

    def dies(*_: Any, **__: Any) -> Any:
        stage.worker.sessions.clear()
        raise WorkerDied("It ended.")

    stage.worker.calls["run.records"] = dies
    body = {"ksql": text, "sql": text, "streamsProperties": EARLIEST, "properties": EARLIEST}
    answer = ask(stage, path, body, accept)
    error = '{"@type":"generic_error","error_code":50000,"message":"It ended."}'
    assert answer.ended
    assert answer.body.endswith(ending % error)
    stage.worker.calls.clear()
    assert "p0" in ask(stage, "/query", {"ksql": f"{PAID} LIMIT 1;", "streamsProperties": EARLIEST}).body
    assert_nothing_is_left(stage)


def test_a_push_query_is_closed_from_outside() -> None:
    stage = shop_with_payments(1)
    app, answers = create_app(Backend(stage)), []
    query = {"sql": f"{PAID};", "properties": EARLIEST}
    thread = threading.Thread(target=lambda: answers.append(send(app, "POST", "/query-stream", query)))
    thread.start()
    while not stage.queries._running:
        thread.join(0.01)
    (query_id,) = stage.queries._running
    (listed,) = stage.run("SHOW QUERIES;")[0]["queries"]
    assert (listed["id"], listed["queryType"], listed["sinks"]) == (query_id, "PUSH", [])
    assert send(app, "POST", "/close-query", {"queryId": query_id}).status == 200
    thread.join(10)
    assert answers[0].ended
    assert_nothing_is_left(stage)
    assert (
        send(app, "POST", "/close-query", {"queryId": query_id}).json()["message"].startswith("No query with")
    )
    assert "required creator property 'queryId'" in send(app, "POST", "/close-query", {}).json()["message"]


PUSH, PRINT = "SELECT * FROM orders EMIT CHANGES;", "PRINT orders;"


def stage_for(pushes: int) -> Stage:
    stage = joined_shop()
    stage.queries = QueryService(stage.world, stage.queries.runner, pushes)
    return stage


def started(stage: Stage, text: str, properties: Mapping[str, str] | None = None) -> Any:
    statement = stage.queries.prepare(text, {}, with_cause=False)
    if isinstance(statement, Print):
        return stage.queries.printed(statement)
    return stage.queries.run(statement, properties or {})


def test_no_more_queries_run_at_once_than_may() -> None:
    stage = stage_for(pushes=2)
    running = [started(stage, PUSH), started(stage, PRINT)]
    for path, body in (
        ("/query", {"ksql": PUSH}),
        ("/query", {"ksql": PRINT}),
        ("/query-stream", {"sql": PUSH}),
    ):
        answer = ask(stage, path, body)
        refusal = {"error_code": 40003, "message": "Maximum number of push queries exceeded"}
        assert (answer.status, answer.json()) == (400, {"@type": "generic_error", **refusal})
    for query in running:
        query.close()
        query.close()  # a place is given back once
    again = [started(stage, PRINT), started(stage, PUSH)]
    with pytest.raises(TooManyQueries):
        started(stage, PUSH)
    for query in again:
        query.close()


def test_a_query_that_does_not_start_takes_no_place() -> None:
    stage = stage_for(pushes=1)
    for text in ("SELECT nothing FROM orders EMIT CHANGES;", "PRINT nothing;"):
        assert ask(stage, "/query", {"ksql": text}).json()["error_code"] != TooManyQueries.code
    started(stage, PUSH).close()


def test_a_push_query_is_terminated_by_a_statement() -> None:
    stage = joined_shop()
    results = stage.queries.run(
        stage.queries.prepare("SELECT * FROM orders EMIT CHANGES;", {}, with_cause=False),  # type: ignore[arg-type]
        {},
    )
    query_id = results.header.query_id
    (ended,) = stage.run(f"TERMINATE {query_id};")
    assert (ended["@type"], ended["queryId"]) == ("terminate_query", query_id)
    assert list(results.rows()) == []
    results.close()
    with pytest.raises(BadStatement, match="Unknown queryId"):
        stage.run(f"TERMINATE {query_id};")


@pytest.mark.parametrize(
    ("path", "accept", "body"),
    [
        ("/query-stream", "*/*", '{H}\n["CARD",2]\n'),
        ("/query-stream", DELIMITED, '{H}\n["CARD",2]\n'),
        ("/query-stream", "application/json", '[{H},["CARD",2]]'),
        ("/query-stream", "application/vnd.ksql.v1+json", '[{O},\n{"row":{"columns":["CARD",2]}}]'),
        ("/query", "*/*", '[{O},\n{"row":{"columns":["CARD",2]}}]'),
    ],
)
def test_shapes_of_an_answer(path: str, accept: str, body: str) -> None:
    text = "SELECT * FROM totals WHERE method = 'CARD';"
    answer = ask(shop_with_totals(), path, {"sql": text, "ksql": text}, accept)
    query_id = answer.body.split('"queryId":"')[1].split('"')[0]
    new = f'{{"queryId":"{query_id}","columnNames":["METHOD","N"],"columnTypes":["STRING","BIGINT"]}}'
    old = f'{{"header":{{"queryId":"{query_id}","schema":"`METHOD` STRING KEY, `N` BIGINT"}}}}'
    assert answer.body == body.replace("{H}", new).replace("{O}", old)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SHOW STREAMS; SHOW TABLES;", "found 2 instead"),
        ("", "found 0 instead"),
        ("SELECT x", "Syntax Error"),
    ],
)
def test_texts_that_are_not_one_query(text: str, error: str) -> None:
    answer = ask(joined_shop(), "/query", {"ksql": text})
    assert answer.status == 400
    assert error in answer.json()["message"]


def test_a_query_may_wait_for_a_command() -> None:
    body = {"sql": "SELECT * FROM orders;", "commandSequenceNumber": 1000}
    assert ask(joined_shop(), "/query-stream", body).json()["error_code"] == 50301


# -- PRINT --------------------------------------------------------------------------------------------------


def printed(stage: Stage, text: str) -> list[str]:
    statement = stage.queries.prepare(text, {}, with_cause=False)
    lines = stage.queries.printed(statement)  # type: ignore[arg-type]
    found = [line for line in lines.lines() if line]
    lines.close()
    return found


def test_print_guesses_the_formats() -> None:
    stage = Stage()
    stage.topics.records = stage.records
    stage.topics.add("t")
    stage.records.topics["t"] = [
        Record(0, 0, b"\x00\x00\x00\x07", b'{"a": 1.50}', 1709287200001),
        Record(0, 1, None, None, 1709287200002),
        Record(0, 2, b"\x00\x00\x00\x08", b"{}", 1709287200003),
    ]
    lines = printed(stage, "PRINT t FROM BEGINNING INTERVAL 2 LIMIT 2;")
    assert lines[0] == "Key format: KAFKA_INT or KAFKA_STRING\nValue format: JSON or KAFKA_STRING\n"
    assert lines[1] == ('rowtime: 2024/03/01 10:00:00.001 Z, key: 7, value: {"a":1.50}, partition: 0\n')
    assert lines[2].endswith("key: 8, value: {}, partition: 0\n")
    assert printed(stage, "PRINT 't' FROM BEGINNING LIMIT 2;")[2].endswith(
        "key: <null>, value: <null>, partition: 0\n"
    )


def test_a_topic_that_is_not_there_is_not_printed() -> None:
    stage = joined_shop()
    with pytest.raises(BadRequest) as raised:
        printed(stage, "PRINT Orders;")
    assert raised.value.message.endswith("Topic names are case-sensitive.\nDid you mean:\n\tprint orders;")


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"abc", "KAFKA_STRING", "abc"),
        (b"12345678", "KAFKA_STRING", "12345678"),
        (b"\x00" * 7 + b"\x01", "KAFKA_BIGINT or KAFKA_DOUBLE or KAFKA_STRING", "1"),
        (b"\xff\xfe", "UNRECOGNIZED_BYTES", "ff fe"),
        (b"[1]", "JSON or KAFKA_STRING", "[1]"),
    ],
)
def test_formats_of_a_value(data: bytes, name: str, text: str) -> None:
    guess = Guess(Stage().world)
    assert guess.texts([Record(0, 0, None, data, 0)]) == [("<null>", text)]
    assert guess.shown().endswith(f"\nValue format: {name}\n")


def test_avro_values_are_shown_as_avro_shows_them() -> None:
    fields = [
        ("a", {"type": "array", "items": "double"}),
        ("b", "string"),
        ("d", "bytes"),
        ("n", ["null", "int"]),
    ]
    schema = {"type": "record", "name": "R", "fields": [{"name": n, "type": t} for n, t in fields]}
    world = Stage().world
    world.registry.register("x", json.dumps(schema))
    body = b"\x02" + struct.pack("<d", 1.5e-5) + b"\x00" + b'\x06x"y' + b"\x02\xff" + b"\x00"
    guess = Guess(world)
    (text,) = guess.texts([Record(0, 0, None, b"\x00\x00\x00\x00\x01" + body, 0)])
    assert json.loads(text[1]) == {"a": [1.5e-5], "b": 'x"y', "d": "\xff", "n": None}
    assert '"a": [1.5E-5]' in text[1]
    assert guess.values == ["AVRO"]


def test_a_plan_that_the_worker_refuses_leaves_nothing() -> None:
    stage = joined_shop()

    def refuses(*_: Any, **__: Any) -> Any:
        raise WorkerRefusal("refused", "no")

    stage.worker.calls["run.open"] = refuses
    with pytest.raises(KsqlError):
        stage.select("SELECT * FROM orders EMIT CHANGES;")
    assert_nothing_is_left(stage)


def test_tables_made_of_tables_can_be_pulled_from() -> None:
    stage = Stage()
    stage.topics.records = stage.records
    for name, column in (("l", "lv"), ("r", "rv")):
        stage.topics.add(name)
        columns = f"(id VARCHAR PRIMARY KEY, {column} INT)"
        stage.run(f"CREATE TABLE {name} {columns} WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');")
    stage.run("CREATE TABLE j AS SELECT l.id AS id, lv, rv FROM l LEFT JOIN r ON l.id = r.id;")
    stage.run("CREATE TABLE c AS SELECT id, lv + 1 AS lv1 FROM l WHERE lv > 1;")
    for key, value in (("a", {"LV": 1, "RV": None}), ("b", {"LV": 2, "RV": 20})):
        stage.records.write("J", key.encode(), json.dumps(value).encode(), 1)
    stage.records.write("C", b"b", b'{"LV1": 3}', 1)
    stage.records.write("C", b"a", None, 1)
    assert stage.select("SELECT * FROM j WHERE id = 'b';")[1] == [["b", 2, 20]]
    assert stage.select("SELECT id, rv FROM j;")[1] == [["a", None], ["b", 20]]
    assert stage.select("SELECT * FROM c;")[1] == [["b", 3]]


@pytest.mark.parametrize(
    ("path", "body", "status", "shown"),
    [
        ("/query", {"ksql": "SELECT * FROM s;"}, 200, '{"columns":["a","\\uD83D"]}'),
        ("/query-stream", {"sql": "SELECT v FROM s;"}, 200, '["\\uD83D"]'),
        ("/query", {"ksql": "PRINT t FROM BEGINNING LIMIT 1;"}, 200, '{"V":"\\ud83d"}'),
        ("/ksql", {"ksql": "SELEC '\ud83d';"}, 400, '"statementText":"SELEC \'\\ud83d\';"'),
        ("/query", {"ksql": "SELECT nobody AS `\ud83d` FROM s;"}, 400, "AS `\\ud83d`"),
        ("/query-stream", {"sql": "SELECT nobody AS `\ud83d` FROM s;"}, 400, "AS `\\ud83d`"),
    ],
)
def test_half_a_surrogate_pair_is_an_escape_and_cuts_no_answer_off(
    path: str, body: dict[str, str], status: int, shown: str
) -> None:
    stage = Stage()
    stage.topics.records = stage.records
    stage.topics.add("t")
    stage.run("CREATE STREAM s (k VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');")
    stage.records.write("t", b"a", b'{"V":"\\ud83d"}', 1)
    answer = send(create_app(Backend(stage)), "POST", path, body)
    assert answer.status == status
    assert shown in answer.body
