"""What queries mean: types, names, keys, and the plan's expressions."""

from __future__ import annotations

from typing import Any

import pytest

from ksqlflink.catalogue.codec import type_to_json
from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import KsqlError
from unit.fakes import Stage, plan_of

COLUMNS = (
    "k1 INT KEY, k2 VARCHAR KEY, a INT, b BIGINT, d DECIMAL(9, 2), f DOUBLE, ts TIMESTAMP, dt DATE, "
    "s STRUCT<a INT, city VARCHAR>, arr ARRAY<INT>, m MAP<VARCHAR, INT>, name VARCHAR, flag BOOLEAN"
)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for topic in ("ev", "menu", "win", "orders", "payments"):
        stage.topics.add(topic, partitions=2)
    stage.run(f"CREATE STREAM ev ({COLUMNS}) WITH (KAFKA_TOPIC='ev', FORMAT='JSON');")
    stage.run(
        "CREATE TABLE menu (sku VARCHAR PRIMARY KEY, price DOUBLE) "
        "WITH (KAFKA_TOPIC='menu', VALUE_FORMAT='JSON');"
    )
    stage.run(
        "CREATE STREAM win (id VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='win', VALUE_FORMAT='JSON', "
        "WINDOW_TYPE='TUMBLING', WINDOW_SIZE='10 MINUTES');"
    )
    for name in ("orders", "payments"):
        stage.run(
            f"CREATE STREAM {name} (id VARCHAR KEY, order_id VARCHAR, n INT) "
            f"WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');"
        )
    return stage


def sink(stage: Stage, select: str, kind: str = "STREAM", with_: str = "") -> DataSource:
    stage.run(f"CREATE {kind} x {with_} AS SELECT {select};")
    source = stage.catalogue.source("X")
    assert source is not None
    return source


def names(source: DataSource) -> list[str]:
    return [f"*{column.name}" if column.key else column.name for column in source.columns]


def expression(stage: Stage, text: str) -> Any:
    sink(stage, f"k1, k2, {text} AS v FROM ev")
    return plan_of(stage)["select"][-1]["expr"]


def refusal(stage: Stage, statement: str) -> str:
    with pytest.raises(KsqlError) as raised:
        stage.run(statement)
    return raised.value.message


# -- types --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a + 1", "INTEGER"),
        ("a * b", "BIGINT"),
        ("a / f", "DOUBLE"),
        ("d + 1.5", {"decimal": [10, 2]}),
        ("d * 2", {"decimal": [20, 2]}),
        ("d / 3", {"decimal": [20, 13]}),
        ("d % 1.1", {"decimal": [3, 2]}),
        ("d * f", "DOUBLE"),
        ("0.05", {"decimal": [3, 2]}),
        ("12.30", {"decimal": [4, 2]}),
        ("1e3", "DOUBLE"),
        ("2147483648", "BIGINT"),
        ("-2147483648", "INTEGER"),
        ("name + '!'", "STRING"),
        ("a > 1.5 AND NOT flag", "BOOLEAN"),
        ("arr[1]", "INTEGER"),
        ("m['k']", "INTEGER"),
        ("s->city", "STRING"),
        ("ARRAY[a, b]", {"array": "BIGINT"}),
        ("MAP('x' := 1, 'y' := a)", {"map": ["STRING", "INTEGER"]}),
        ("STRUCT(a := name, b := 1)", {"struct": [["A", "STRING"], ["B", "INTEGER"]]}),
        ("CASE WHEN flag THEN NULL ELSE name END", "STRING"),
        ("CAST(a AS DECIMAL(5, 1))", {"decimal": [5, 1]}),
        ("CAST(NULL AS DATE)", "DATE"),
        ("AS_VALUE(d)", {"decimal": [9, 2]}),
        ("COALESCE(name, 'x')", "STRING"),
        ("ROUND(d)", {"decimal": [7, 0]}),
        ("GREATEST(b, b)", "BIGINT"),
        ("POWER(a, f)", "DOUBLE"),
        ("TIMESTAMPADD(DAYS, 1, ts)", "TIMESTAMP"),
        ("AS_MAP(ARRAY['x'], arr)", {"map": ["STRING", "INTEGER"]}),
        ("ROWTIME", "BIGINT"),
        ("ROWPARTITION", "INTEGER"),
    ],
)
def test_types_of_expressions(stage: Stage, text: str, kind: Any) -> None:
    source = sink(stage, f"k1, k2, {text} AS v FROM ev")
    assert type_to_json(source.columns[-1].type) == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a + name", "Error processing expression: (A + NAME). Unsupported arithmetic types. INTEGER STRING"),
        ("flag > true", "Cannot compare FLAG (BOOLEAN) to true (BOOLEAN) with GREATER_THAN."),
        ("a = NULL", "Comparison with NULL not supported: INTEGER = NULL"),
        ("CAST(flag AS INT)", "Cast of BOOLEAN to INTEGER is not supported"),
        ("s[1]", "Use the dereference operator for STRUCTS: S->1"),
        ("CASE WHEN a THEN 1 END", "WHEN operand type should be boolean.\nType for 'A' is INTEGER"),
        ("CASE WHEN flag THEN 1 ELSE 1.5 END", "THEN type: INTEGER.\nDEFAULT type: DECIMAL(2, 1)."),
        ("CASE WHEN flag THEN 1 WHEN flag THEN b END", "Type for all 'THEN' clauses should be the same."),
        ("IFNULL(b, 0)", "Function 'IFNULL' does not accept parameters (BIGINT, INTEGER)."),
        ("GREATEST(a, b)", "cannot be resolved due to ambiguous method parameters (INTEGER, BIGINT)."),
        ("LEN(NULL)", "cannot be resolved due to ambiguous method parameters (null)."),
        ("a IN (1, '2', flag)", "operator does not exist: INTEGER = BOOLEAN (FLAG)"),
        ("a IN (1, 'x')", 'invalid input syntax for type INTEGER: "x".'),
        ("name LIKE 1", "LIKE takes STRING, got INTEGER."),
        ("SUM(a) + name", "Non-aggregate SELECT expression(s) not part of GROUP BY"),
        ("ARRAY[]", "Array constructor cannot be empty."),
        ("ARRAY[NULL]", "Cannot construct an array with all NULL elements"),
        ("EXPLODE(EXPLODE(arr))", "Table functions cannot be nested"),
        ("EXPLODE(name)", "Function 'EXPLODE' does not accept parameters (STRING)."),
        ("nothing->here", "Line: 1, Col: 35: SELECT column 'NOTHING' cannot be resolved."),
    ],
)
def test_ill_typed_expressions(stage: Stage, text: str, message: str) -> None:
    assert message in refusal(stage, f"CREATE STREAM x AS SELECT k1, k2, {text} AS v FROM ev;")


def test_an_argument_is_widened_to_what_the_function_takes(stage: Stage) -> None:
    call = expression(stage, "TIMESTAMPTOSTRING(a, 'yyyy')")
    assert call["args"][0] == {
        "op": "cast",
        "type": "BIGINT",
        "args": [{"op": "column", "type": "INTEGER", "name": "EV.A"}],
    }


def test_dates_are_compared_with_timestamps_as_timestamps(stage: Stage) -> None:
    left, right = expression(stage, "ts > dt")["args"]
    assert (left["op"], right["op"], right["type"]) == ("column", "cast", "TIMESTAMP")


def test_the_runtime_reads_text_that_is_compared_with_a_time(stage: Stage) -> None:
    left, right = expression(stage, "ts > '2024-03-01'")["args"]
    assert (left["op"], right["op"], right["type"]) == ("column", "literal", "STRING")


def test_row_times_are_compared_with_texts_as_numbers(stage: Stage) -> None:
    sink(stage, "k1, k2, a FROM ev WHERE ROWTIME BETWEEN '2024-03-01T10' AND '2024-03-01T10:00:00.5+0100'")
    low, high = plan_of(stage)["where"]["args"][1:]
    assert (low["value"], high["value"]) == ("1709287200000", "1709283600500")
    assert "Failed to parse timestamp 'soon'" in refusal(
        stage, "CREATE STREAM y AS SELECT k1, k2, a FROM ev WHERE ROWTIME > 'soon';"
    )


def test_negated_predicates_are_wrapped(stage: Stage) -> None:
    negated = expression(stage, "name NOT LIKE '%!%%' ESCAPE '!'")
    assert negated["op"] == "NOT"
    assert (negated["args"][0]["op"], negated["args"][0]["escape"]) == ("LIKE", "!")


# -- names and keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("k2, k1, a FROM ev", ["*K1", "*K2", "A"]),
        ("k1 AS x1, k2 AS y, AS_VALUE(k1) AS k1 FROM ev", ["*X1", "*Y", "K1"]),
        ("k1, k2, s->city, s->a, s->city, a + 1, b + 1 FROM ev",
         ["*K1", "*K2", "CITY", "A_1", "CITY_1", "KSQL_COL_0", "KSQL_COL_1"]),
        ("* FROM ev PARTITION BY NULL",
         ["A", "B", "D", "F", "TS", "DT", "S", "ARR", "M", "NAME", "FLAG", "K1", "K2"]),
        ("k1, a FROM ev PARTITION BY a", ["*A", "K1"]),
        ("a + 1 AS k, name FROM ev PARTITION BY a + 1", ["*K", "NAME"]),
        ("k1, k2, s->* FROM ev", ["*K1", "*K2", "A", "CITY"]),
        ("* FROM win", ["*ID", "V"]),
        ("id, WINDOWSTART AS ws, v FROM win", ["*ID", "WS", "V"]),
        ("k1, k2, EXPLODE(arr) AS e FROM ev", ["*K1", "*K2", "E"]),
    ],
)  # fmt: skip
def test_columns_of_a_projection(stage: Stage, select: str, expected: list[str]) -> None:
    assert names(sink(stage, select)) == expected


WITHIN = "WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON o.order_id = p.order_id"


@pytest.mark.parametrize(
    ("select", "expected", "key"),
    [
        ("o.order_id, p.n FROM orders o LEFT JOIN payments p", ["*O_ORDER_ID", "P_N"], "O.ORDER_ID"),
        ("p.order_id, p.n FROM orders o LEFT JOIN payments p", ["*P_ORDER_ID", "P_N"], "O.ORDER_ID"),
        ("p.order_id, p.n FROM orders o RIGHT JOIN payments p", ["*P_ORDER_ID", "P_N"], "P.ORDER_ID"),
        ("o.rowtime, p.order_id k FROM orders o JOIN payments p", ["*K", "O_ROWTIME"], "O.ORDER_ID"),
        ("p.* FROM orders o JOIN payments p", ["*P_ORDER_ID", "P_ID", "P_N"], "O.ORDER_ID"),
    ],
)
def test_columns_of_a_join(stage: Stage, select: str, expected: list[str], key: str) -> None:
    assert names(sink(stage, f"{select} {WITHIN}")) == expected
    assert plan_of(stage)["select"][0]["expr"]["name"] == key


def test_a_full_join_has_a_key_of_its_own(stage: Stage) -> None:
    source = sink(stage, f"* FROM orders o FULL JOIN payments p {WITHIN}")
    assert names(source)[0] == "*ROWKEY"
    key = plan_of(stage)["select"][0]["expr"]
    assert (key["op"], key["name"]) == ("call", "COALESCE")
    message = refusal(stage, f"CREATE STREAM y AS SELECT o.n FROM orders o FULL JOIN payments p {WITHIN};")
    assert "must include the join expression ROWKEY in its projection" in message
    assert message.endswith("This expression must be included in the projection and may be aliased. ")


def test_the_sides_of_a_join_stay_where_they_are_if_their_key_is_the_join_key(stage: Stage) -> None:
    sink(stage, "o.id, p.n FROM orders o JOIN payments p WITHIN (1 HOUR, 2 HOURS) ON o.id = p.order_id")
    plan = plan_of(stage)
    assert "by" not in plan["inputs"][0]
    assert plan["inputs"][1]["by"][0]["name"] == "P.ORDER_ID"
    assert plan["inputs"][1]["byFormat"] == "KAFKA"
    assert plan["operation"] == {
        "kind": "JOIN",
        "type": "INNER",
        "before": 3_600_000,
        "after": 7_200_000,
        "grace": None,
    }


def test_a_stream_joins_a_table_by_its_key(stage: Stage) -> None:
    source = sink(stage, "e.name, m.price FROM ev e LEFT JOIN menu m ON m.sku = e.name")
    assert names(source) == ["*NAME", "PRICE"]
    plan = plan_of(stage)
    assert plan["operation"] == {"kind": "TABLE_JOIN", "type": "LEFT"}
    assert [item["table"] for item in plan["inputs"]] == [False, True]


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (
            "e.name FROM ev e JOIN menu m ON e.f = m.price",
            "stream-table joins require to join on the table's",
        ),
        ("m.sku FROM menu m JOIN ev e ON e.name = m.sku", "Invalid join order: table-stream joins are not"),
        (
            "e.name FROM ev e FULL JOIN menu m ON e.name = m.sku",
            "full-outer join not supported for stream-table",
        ),
        (
            "e.name, m.price FROM ev e RIGHT JOIN menu m ON e.name = m.sku",
            "Invalid join type encountered: RIGHT",
        ),
        ("e.name, m.price FROM ev e JOIN menu m WITHIN 1 HOUR ON e.name = m.sku", "Please drop the window"),
        ("e.name FROM ev e JOIN ev g WITHIN 1 HOUR ON e.name = g.name", "self joins are not yet supported."),
        ("w.id, e.a FROM win w JOIN ev e WITHIN 1 HOUR ON e.name = w.id", "`W` is TUMBLING windowed"),
        (
            "o.n FROM orders o JOIN payments p WITHIN 1 HOUR ON o.id = p.id AND o.n = p.n",
            "multiple conditions",
        ),
        ("o.n FROM orders o JOIN payments p WITHIN 1 HOUR ON o.id = o.n", "not the same source."),
        (
            "o.n FROM orders o JOIN payments p WITHIN 1 HOUR ON o.id = 'x'",
            "references from exactly one source.",
        ),
    ],
)
def test_joins_that_are_refused(stage: Stage, select: str, message: str) -> None:
    assert message in refusal(stage, f"CREATE STREAM x AS SELECT {select};")


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (
            "m.sku, t.n FROM menu m JOIN tally t ON m.sku = t.n",
            "table-table joins require to join on the primary key of the right input table. Got M.SKU = T.N.",
        ),
        (
            "m.sku, t.n FROM menu m JOIN tally t ON t.id = m.sku",
            "Invalid join condition: types don't match. Got T.ID{INTEGER} = M.SKU{STRING}.",
        ),
        ("t.id, s.n FROM tally t JOIN stock s ON t.n = s.id", "Joining two tables by a foreign key is not"),
        (
            "t.id, s.n FROM tally t JOIN stock s WITHIN 1 HOUR ON t.id = s.id",
            "execute your Table-Table",
        ),
    ],
)
def test_joins_of_tables_that_are_refused(stage: Stage, select: str, message: str) -> None:
    for name in ("tally", "stock"):
        stage.topics.add(name, partitions=2)
        stage.run(
            f"CREATE TABLE {name} (id INT PRIMARY KEY, n INT) "
            f"WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');"
        )
    assert message in refusal(stage, f"CREATE TABLE x AS SELECT {select};")


# -- tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("a, COUNT(*) AS n FROM ev GROUP BY a", ["*A", "N"]),
        ("COUNT(*) AS n, name, a FROM ev GROUP BY a, name", ["*A", "*NAME", "N"]),
        ("UCASE(name) AS k, LCASE(UCASE(name)) AS l, MAX(b) FROM ev GROUP BY UCASE(name)",
         ["*K", "L", "KSQL_COL_0"]),
        ("a, WINDOWSTART AS ws, SUM(a) * 2 AS n FROM ev WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY a",
         ["*A", "WS", "N"]),
        ("* FROM menu WHERE price > 1", ["*SKU", "PRICE"]),
    ],
)  # fmt: skip
def test_columns_of_a_table(stage: Stage, select: str, expected: list[str]) -> None:
    assert names(sink(stage, select, "TABLE")) == expected


def test_an_aggregation_is_planned_with_its_aggregates_in_order_and_once_each(stage: Stage) -> None:
    sink(
        stage,
        "a, SUM(b) AS s, SUM(b) / COUNT(*) AS mean FROM ev WINDOW SESSION (5 MINUTES, GRACE PERIOD 1 HOURS) "
        "GROUP BY a HAVING COUNT(name) > 1 EMIT FINAL",
        "TABLE",
    )
    operation = plan_of(stage)["operation"]
    assert [item["function"] for item in operation["aggregates"]] == ["SUM", "COUNT", "COUNT"]
    assert operation["having"]["args"][0]["name"] == "$agg2"
    assert (operation["window"]["type"], operation["window"]["gap"]) == ("SESSION", 300_000)
    assert (operation["window"]["grace"], operation["final"]) == (3_600_000, True)
    assert plan_of(stage)["sink"]["key"]["window"] == "SESSION"


@pytest.mark.parametrize(
    ("select", "policy"),
    [
        ("a, COUNT(*) FROM ev GROUP BY a", "compact"),
        ("a, COUNT(*) FROM ev WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY a", "compact,delete"),
    ],
)
def test_cleanup_of_a_table_s_topic(stage: Stage, select: str, policy: str) -> None:
    sink(stage, select, "TABLE")
    assert stage.topics.topics["X"].cleanup_policy == policy


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("a, SUM(SUM(b)) FROM ev GROUP BY a", "Aggregate functions can not be nested: SUM(SUM())"),
        (
            "a FROM ev GROUP BY a",
            "GROUP BY requires aggregate functions in either the SELECT or HAVING clause.",
        ),
        (
            "COUNT(*) FROM ev",
            "does not support aggregate function [COUNT(ROWTIME)] without a GROUP BY clause.",
        ),
        ("a, a AS b, COUNT(*) FROM ev GROUP BY a", "contains a key column more than once: `A` and `B`."),
        (
            "a, COUNT(*) FROM ev GROUP BY a HAVING b > 1",
            "Non-aggregate HAVING expression not part of GROUP BY: B",
        ),
        ("COUNT(*) FROM ev GROUP BY a, name", "must include the grouping expressions A and NAME in its"),
        (
            "a, COUNT(*) FROM ev GROUP BY a, COUNT(*)",
            "GROUP BY does not support aggregate functions: COUNT is",
        ),
        (
            "a, TOPK(b, a) FROM ev GROUP BY a",
            "Parameter 2 passed to function TOPK must be a literal constant",
        ),
        (
            "a, MAX(WINDOWSTART) FROM ev WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY a",
            "Window bounds column WINDOWSTART can only be used in the SELECT clause",
        ),
        ("a, AVG(d) FROM ev GROUP BY a", "Function 'AVG' does not accept parameters (DECIMAL(9, 2))."),
        (
            "price, MIN(sku), MAX(sku), COUNT(*) FROM menu GROUP BY price",
            "The aggregation functions MIN and MAX cannot be applied to a table source, only to a stream",
        ),
        (
            "o.n, COUNT(*) FROM orders o JOIN payments p WITHIN 1 HOUR ON o.id = p.id GROUP BY o.n",
            "GROUP BY of a join of topics with several partitions is not supported by ksqlflink",
        ),
        ("sku, HISTOGRAM(sku) FROM menu GROUP BY sku", "HISTOGRAM of a table is not supported by ksqlflink"),
        (
            "sku, COUNT(*) FROM menu WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY sku",
            "Windowing not supported for table aggregations.",
        ),
        ("id, COUNT(*) FROM win GROUP BY id", "GROUP BY of a windowed stream is not supported by ksqlflink"),
    ],
)
def test_tables_that_are_refused(stage: Stage, select: str, message: str) -> None:
    assert message in refusal(stage, f"CREATE TABLE x AS SELECT {select};")


# -- formats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "with_", "formats"),
    [
        ("* FROM ev", "", ("JSON", "JSON")),
        ("* FROM ev", "WITH (FORMAT='AVRO')", ("AVRO", "AVRO")),
        ("* FROM ev PARTITION BY NULL", "", ("NONE", "JSON")),
        (
            "k1, k2, a FROM ev",
            "WITH (VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='TAB')",
            ("JSON", "DELIMITED"),
        ),
        ("* FROM ev PARTITION BY a", "WITH (KEY_FORMAT='KAFKA')", ("KAFKA", "JSON")),
    ],
)
def test_formats_of_a_sink(stage: Stage, select: str, with_: str, formats: tuple[str, str]) -> None:
    source = sink(stage, select, with_=with_)
    assert (source.key_format, source.value_format) == formats


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE STREAM x WITH (KEY_FORMAT='KAFKA') AS SELECT * FROM ev;", "only supports a single field."),
        (
            "CREATE STREAM x WITH (VALUE_FORMAT='DELIMITED') AS SELECT * FROM ev;",
            "does not support type 'STRUCT'",
        ),
        (
            "CREATE STREAM x WITH (KEY_FORMAT='JSON') AS SELECT * FROM ev PARTITION BY NULL;",
            "Key format specified for stream without key columns.",
        ),
        (
            "CREATE STREAM x (k INT KEY) WITH (KAFKA_TOPIC='ev', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');",
            "The 'NONE' format can only be used when no columns are defined. Got: [`K`]",
        ),
        (
            "CREATE STREAM x (a INT) WITH (KAFKA_TOPIC='ev', FORMAT='JSON', VALUE_FORMAT='JSON');",
            "Cannot supply both 'VALUE_FORMAT' and 'FORMAT' properties",
        ),
        (
            "CREATE STREAM x (k MAP<VARCHAR, INT> KEY) WITH (KAFKA_TOPIC='ev', FORMAT='JSON');",
            "Map keys, including types that contain maps, are not supported",
        ),
        (
            "CREATE STREAM x (a INT) WITH (KAFKA_TOPIC='ev', VALUE_FORMAT='JSON', PARTITIONS=7);",
            "KSQL expects 7 partitions (topic has 2)",
        ),
        (
            "CREATE STREAM x (a INT) WITH (KAFKA_TOPIC='ev', VALUE_FORMAT='JSON', WINDOW_TYPE='HOPPING');",
            "HOPPING windows require 'WINDOW_SIZE' to be provided in the WITH clause.",
        ),
        (
            "CREATE STREAM x (t VARCHAR) WITH (KAFKA_TOPIC='ev', VALUE_FORMAT='JSON', TIMESTAMP='t');",
            "A String timestamp field has been specified without also specifying the timestamp_format",
        ),
        (
            "CREATE STREAM x WITH (WRAP_SINGLE_VALUE=false) AS SELECT * FROM ev;",
            "'WRAP_SINGLE_VALUE' is only valid for single-field value schemas",
        ),
        (
            "CREATE STREAM x AS SELECT y.n FROM orders y JOIN payments y WITHIN 1 HOUR ON y.id = y.id;",
            "Y names two sources.",
        ),
        (
            "CREATE TABLE x (k INT KEY) WITH (KAFKA_TOPIC='ev', VALUE_FORMAT='JSON');",
            "Column `K` is a 'KEY' column: please use 'PRIMARY KEY' for tables.",
        ),
    ],
)
def test_formats_and_topics_that_do_not_fit(stage: Stage, statement: str, message: str) -> None:
    assert message in refusal(stage, statement)


def test_a_windowed_key_is_described_to_the_reader(stage: Stage) -> None:
    sink(stage, "id, v FROM win")
    assert plan_of(stage)["inputs"][0]["key"]["window"] == "TIME"
    assert plan_of(stage)["inputs"][0]["key"]["windowSize"] == 600_000


def test_columns_are_inferred_for_keys_and_for_values_that_are_no_records() -> None:
    stage = Stage()
    stage.topics.add("t")
    stage.registry.register("t-key", '"int"')
    stage.registry.register("t-value", '"string"')
    stage.run("CREATE STREAM t WITH (KAFKA_TOPIC='t', FORMAT='AVRO', WRAP_SINGLE_VALUE=false);")
    source = stage.catalogue.source("T")
    assert source is not None
    assert (names(source), source.wrap_value) == (["*ROWKEY", "ROWVAL"], False)


def test_declared_avro_keys_are_registered() -> None:
    stage = Stage()
    stage.topics.add("t")
    stage.run("CREATE STREAM t (a INT KEY, b INT KEY, c INT) WITH (KAFKA_TOPIC='t', FORMAT='AVRO');")
    assert '"name":"TKey"' in (stage.registry.latest("t-key") or "")


def test_a_string_column_may_hold_the_time() -> None:
    stage = Stage()
    stage.topics.add("t")
    stage.run(
        "CREATE STREAM t (a INT, w VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='w', "
        "TIMESTAMP_FORMAT='yyyy-MM-dd');"
    )
    stage.run("CREATE STREAM x AS SELECT a FROM t;")
    assert plan_of(stage)["inputs"][0]["timestamp"] == {"column": "W", "pattern": "yyyy-MM-dd"}


# -- CREATE OR REPLACE and INSERT INTO ----------------------------------------------------------------------


def test_inserted_columns_become_those_of_the_stream(stage: Stage) -> None:
    stage.run("CREATE STREAM x AS SELECT b FROM ev PARTITION BY NULL;")
    stage.run("INSERT INTO x SELECT a AS b FROM ev PARTITION BY NULL;")
    (column,) = plan_of(stage)["select"]
    assert (column["expr"]["op"], column["type"]) == ("cast", "BIGINT")


def test_an_aggregation_may_be_filtered_otherwise_but_not_aggregated_otherwise(stage: Stage) -> None:
    table = "TABLE x AS SELECT a, COUNT(*) AS n FROM ev {} GROUP BY a"
    stage.run(f"CREATE {table.format('')};")
    stage.run(f"CREATE OR REPLACE {table.format('WHERE b > 1')} HAVING COUNT(*) > 1;")
    changed = table.replace("COUNT(*)", "SUM(b)").format("")
    assert "CREATE OR REPLACE that changes what is read, aggregated or written to" in refusal(
        stage, f"CREATE OR REPLACE {changed};"
    )


def test_a_join_with_a_table_is_not_replaced(stage: Stage) -> None:
    select = "STREAM x AS SELECT e.name, m.price FROM ev e JOIN menu m ON e.name = m.sku;"
    stage.run(f"CREATE {select}")
    assert refusal(stage, f"CREATE OR REPLACE {select}") == "Upgrades not yet supported for StreamTableJoin"
