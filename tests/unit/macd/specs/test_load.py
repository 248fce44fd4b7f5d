"""A bad file is refused with its name, the field, and what to do."""

from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd.specs import load_pipeline
from tests.unit.macd.specs.files import edit

BAD_FILES = [
    ("topics/macd_orders.yaml", "partitions: 2", "partitons: 2", ["partitons", "is missing"], "partitions"),
    (
        "topics/macd_orders.yaml",
        "partitions: 2",
        "partitions: 0",
        ["targets.local.partitions", "0"],
        "Correct",
    ),
    (
        "topics/macd_orders.yaml",
        "P7D}\n  compose",
        "seven days}\n  compose",
        ["retention", "seven days"],
        "Correct",
    ),
    (
        "topics/macd_orders.yaml",
        "name: macd_orders",
        "name: macd_order",
        ["'name' is 'macd_order'"],
        "same name",
    ),
    ("topics/macd_orders.yaml", "name: macd_orders", "name: [", ["not YAML"], "syntax"),
    ("topics/macd_orders.yaml", "  local:", "  lokal:", ["'targets'", "'local'"], "target's settings"),
    ("schemas/macd_orders-value.avsc", '"type": "string"', '"type": "text"', ["not an Avro schema"], "field"),
    ("schemas/macd_orders-value.avsc", '"Order",', '"Order"', [":4:3 is not JSON"], "syntax"),
    ("ksql/01_macd_orders_stream.sql", "VARCHAR KEY", "VARCHAR KEYS", ["line 4:"], "place"),
    (
        "ksql/01_macd_orders_stream.sql",
        "'macd_orders'",
        "'orders'",
        ["KAFKA_TOPIC", "'orders'"],
        "topics/orders.yaml",
    ),
    ("ksql/01_macd_orders_stream.sql", "macd_orders_stream (", "other (", ["creates OTHER"], "name"),
    (
        "connectors/macd-orders-payments-mongodb-sink.json",
        '"topics": "m',
        '"topics": "n',
        ["config.topics"],
        "Add",
    ),
    (
        "connectors/macd-orders-payments-mongodb-sink.json",
        '"description"',
        '"descr"',
        ["'descr'"],
        "description",
    ),
    (
        "targets/local.yaml",
        "compatibility: BACKWARD",
        "compatibility: BACK",
        ["compatibility", "BACK"],
        "Correct",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "said", "remedy"), BAD_FILES)
def test_a_bad_file_is_named_with_field_and_remedy(include, file, old, new, said, remedy):
    edit(include / file, old, new)
    with pytest.raises(SpecError) as caught:
        load_pipeline(include, "local")
    for words in (file, *said):
        assert words in caught.value.message
    assert remedy in caught.value.remedy


def test_an_unknown_target_lists_the_known_ones(include):
    with pytest.raises(SpecError, match="no target 'prod'") as caught:
        load_pipeline(include, "prod")
    assert "local" in caught.value.remedy


@pytest.mark.parametrize(
    ("check", "known"),
    [("no_order_missing", "Figures of scope run: documents_unordered"), ("queries_moving", "consumer_lag")],
)
def test_a_check_of_an_unknown_figure_lists_the_known_ones(include, check, known):
    path = include / "checks" / f"{check}.yaml"
    lines = [
        "figure: nonsense" if line.startswith("figure:") else line for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(SpecError, match="'figure' refers to 'nonsense'") as caught:
        load_pipeline(include, "local")
    assert known in caught.value.remedy


@pytest.mark.parametrize("scope", ["run", "pipeline"])
@pytest.mark.parametrize("left", ["none", "warnings"])
def test_checks_that_cannot_fail_are_refused(include, scope, left):
    for check in load_pipeline(include, "local").checks_of(scope):
        path = include / "checks" / f"{check.name}.yaml"
        if check.severity == "fail" and left == "warnings":
            path.write_text(f"{path.read_text()}\nseverity: warn\n")
        elif check.severity == "fail" or left == "none":
            path.unlink()
    with pytest.raises(SpecError, match=f"checks holds no check of scope '{scope}'.*'fail'") as caught:
        load_pipeline(include, "local")
    assert "Add one" in caught.value.remedy


def test_an_expectation_has_exactly_one_comparison(include):
    path = next((include / "checks").glob("*.yaml"))
    path.write_text(path.read_text() + "\n")
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("expect:"))
    lines[start] = "expect: {equals: 0, at_most: 1}"
    while start + 1 < len(lines) and lines[start + 1].startswith(" "):
        del lines[start + 1]
    path.write_text("\n".join(lines))
    with pytest.raises(SpecError, match="exactly one of"):
        load_pipeline(include, "local")


def test_a_statement_file_needs_its_number(include):
    (include / "ksql" / "01_macd_orders_stream.sql").rename(include / "ksql" / "orders.sql")
    with pytest.raises(SpecError, match=r"NN_name\.sql"):
        load_pipeline(include, "local")


@pytest.mark.parametrize(
    "line", ["password: *canary", "password: !canary", "password: [canary", "password: @canary"]
)
def test_what_is_not_yaml_is_named_by_its_place_and_not_quoted(include, line):
    path = include / "targets" / "local.yaml"
    path.write_text(f"{path.read_text()}x:\n  {line}\n")
    with pytest.raises(SpecError, match=r"local\.yaml:\d+:\d+ is not YAML") as caught:
        load_pipeline(include, "local")
    assert "canary" not in f"{caught.value}{caught.value.__cause__}"


def test_a_secret_of_the_wrong_type_in_connector_config_is_not_quoted(include):
    path = include / "targets" / "local.yaml"
    edit(path, "connector_config:\n", "connector_config:\n  connection.password: 47110815\n")
    with pytest.raises(SpecError, match=r"connector_config\.connection\.password") as caught:
        load_pipeline(include, "local")
    assert "47110815" not in f"{caught.value}{caught.value.__cause__}"
