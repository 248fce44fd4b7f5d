"""A topic that ksqlDB would refuse is found in the files, before any server is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from macd.errors import SpecError
from macd.specs import load_pipeline
from tests.unit.macd.specs.files import edit

TARGETS = ("local", "compose", "cloud")
JOIN = "ksql/03_macd_orders_payments_joined.sql"
PAID = "ksql/05_macd_paid_orders.sql"
HOURLY = "ksql/07_macd_hourly_revenue.sql"
JOINED_TOPIC = "KAFKA_TOPIC = 'macd_orders_payments_joined',"
WINDOW = "WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 8 DAYS, GRACE PERIOD 7 DAYS)"


def setting(include: Path, topic: str, target: str, field: str, value: object) -> None:
    path = include / "topics" / f"{topic}.yaml"
    text = path.read_text()
    changed = re.sub(rf"(?m)(^  {target}: .*\b{field}: )\w+", rf"\g<1>{value}", text)
    assert changed != text
    path.write_text(changed)


def refusal(include: Path, target: str = "local") -> SpecError:
    with pytest.raises(SpecError) as caught:
        load_pipeline(include, target)
    return caught.value


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("topic", "retention", "file", "wanted", "because"),
    [
        ("macd_paid_orders", "P7D", PAID, "P8D", "it is the RETENTION of the query's window"),
        ("macd_hourly_revenue", "P9D", HOURLY, "P8D", "it is that of macd_paid_orders, which is read"),
        ("macd_orders_payments_joined", "PT1H30M", JOIN, "P7D", "it is that of macd_orders, which is read"),
        ("macd_orders", "P30D", JOIN, "P30D", "it is that of macd_orders, which is read"),
        ("macd_orders_payments_joined", "P8D", JOIN, "P7D", "it is that of macd_orders, which is read"),
    ],
)  # fmt: skip
def test_a_querys_topic_is_kept_as_long_as_ksqldb_says(
    include, target, topic, retention, file, wanted, because
):
    setting(include, topic, target, "retention", retention)
    error = refusal(include, target)
    sink = "macd_orders_payments_joined" if topic == "macd_orders" else topic
    found = "P7D" if topic == "macd_orders" else retention
    assert error.message == (
        f"{include}/topics/{sink}.yaml: field 'targets.{target}.retention' is {found}, but ksqlDB refuses "
        f"{include}/{file} unless it is {wanted}: {because}."
    )
    assert error.remedy == f"Set it to {wanted}, or change what that comes from."


def test_topics_follow_their_sources_and_windows(include):
    for topic in ("macd_orders", "macd_payments", "macd_orders_payments_joined", "macd_payment_mismatches"):
        setting(include, topic, "cloud", "retention", "P30D")
    for topic in ("macd_paid_orders", "macd_hourly_revenue"):
        setting(include, topic, "cloud", "retention", "P30D")
    assert load_pipeline(include, "cloud").statements
    setting(include, "macd_payments", "cloud", "retention", "P1D")
    assert load_pipeline(include, "cloud").statements, "the left source's retention is the one that counts"


@pytest.mark.parametrize(
    ("said", "field", "value", "wanted"),
    [
        ("RETENTION_MS = 86400000", "retention", "P1D", "P1D"),
        ("RETENTION_MS = '86400000'", "retention", "P1D", "P1D"),
        ("PARTITIONS = 4", "partitions", 4, "4"),
        ("REPLICAS = 3", "replication_factor", 3, "3"),
        ("RETENTION_MS = -1", "retention", None, "without end"),
    ],
)
def test_what_with_says_counts_before_the_source(include, said, field, value, wanted):
    edit(include / JOIN, JOINED_TOPIC, f"{JOINED_TOPIC} {said},")
    error = refusal(include)
    assert f"'targets.local.{field}'" in error.message
    assert f"unless it is {wanted}: WITH says {said.partition(' ')[0]}." in error.message
    if value is not None:
        setting(include, "macd_orders_payments_joined", "local", field, value)
        assert "macd_payment_mismatches.yaml" in refusal(include).message


def test_a_window_counts_where_it_keeps_longer_than_with(include):
    edit(
        include / PAID,
        "KAFKA_TOPIC = 'macd_paid_orders',",
        "KAFKA_TOPIC = 'macd_paid_orders', RETENTION_MS = 777600000,",
    )
    assert "unless it is P9D: WITH says RETENTION_MS" in refusal(include).message
    edit(include / PAID, "777600000", "604800000")
    assert load_pipeline(include, "local").statements
    edit(include / PAID, "RETENTION 8 DAYS", "RETENTION 10 DAYS")
    assert "unless it is P10D: it is the RETENTION of the query's window" in refusal(include).message


def test_a_window_without_retention_keeps_what_the_source_keeps(include):
    edit(include / PAID, WINDOW, "WINDOW SESSION (1 HOUR)")
    assert "unless it is P7D: it is that of macd_orders_payments_joined" in refusal(include).message


def test_a_table_without_a_window_is_not_asked_how_long_it_keeps(include):
    edit(include / PAID, WINDOW, "")
    setting(include, "macd_paid_orders", "local", "retention", "P90D")
    setting(include, "macd_hourly_revenue", "local", "retention", "P90D")
    assert load_pipeline(include, "local").statements
    edit(
        include / PAID,
        "KAFKA_TOPIC = 'macd_paid_orders',",
        "KAFKA_TOPIC = 'macd_paid_orders', RETENTION_MS = 1,",
    )
    error = refusal(include)
    assert error.message == (
        f"{include}/{PAID}: WITH names RETENTION_MS, which ksqlDB refuses for a table without a window."
    )
    assert error.remedy == "Remove RETENTION_MS."


@pytest.mark.parametrize("target", TARGETS)
def test_a_querys_topic_has_as_many_partitions_as_the_one_it_reads(include, target):
    setting(include, "macd_payment_mismatches", target, "partitions", 5)
    error = refusal(include, target)
    assert f"macd_payment_mismatches.yaml: field 'targets.{target}.partitions' is 5" in error.message
    assert "04_macd_payment_mismatches.sql unless it is" in error.message
    assert "that of macd_orders_payments_joined, which is read" in error.message


def test_streams_that_are_joined_have_equally_many_partitions(include):
    setting(include, "macd_payments", "local", "partitions", 3)
    error = refusal(include)
    assert error.message == (
        f"{include}/topics/macd_payments.yaml: field 'targets.local.partitions' is 3, but ksqlDB refuses "
        f"{include}/{JOIN} unless it is 2: it is joined with macd_orders."
    )


def test_fewer_replicas_than_the_source_are_refused_and_more_are_not(include):
    setting(include, "macd_orders_payments_joined", "local", "replication_factor", 3)
    assert (
        "macd_payment_mismatches.yaml: field 'targets.local.replication_factor' is 1"
        in refusal(include).message
    )
    for topic in ("macd_payment_mismatches", "macd_paid_orders", "macd_hourly_revenue"):
        setting(include, topic, "local", "replication_factor", 3)
    assert load_pipeline(include, "local").statements


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("PARTITIONS = 3", "'targets.local.partitions' is 2"),
        ("RETENTION_MS = 1000", "unless it is PT1S: WITH says RETENTION_MS"),
        ("REPLICAS = 2", "'targets.local.replication_factor' is 1"),
    ],
)
def test_a_topic_that_is_described_has_what_with_names(include, said, words):
    path = include / "ksql" / "01_macd_orders_stream.sql"
    edit(path, "KAFKA_TOPIC = 'macd_orders',", f"KAFKA_TOPIC = 'macd_orders', {said},")
    error = refusal(include)
    assert words in error.message
    assert str(path) in error.message


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        ("CLEANUP_POLICY = 'compact'", "WITH names CLEANUP_POLICY, which ksqlDB refuses.", "cleanup_policy"),
        (
            "PARTITIONS = 'four'",
            "PARTITIONS in WITH is 'four', which is no whole number.",
            "Correct PARTITIONS",
        ),
        (
            "RETENTION_MS = 1.5",
            "RETENTION_MS in WITH is '1.5', which is no whole number.",
            "Correct RETENTION_MS",
        ),
    ],
)
def test_what_with_may_not_say_is_refused(include, said, message, remedy):
    edit(include / JOIN, JOINED_TOPIC, f"{JOINED_TOPIC} {said},")
    error = refusal(include)
    assert error.message == f"{include}/{JOIN}: {message}"
    assert remedy in error.remedy


def test_a_topics_file_says_how_it_is_cleaned_up(include):
    path = include / "topics" / "macd_hourly_revenue.yaml"
    edit(path, "local: {", "local: {cleanup_policy: 'compact,delete', ")
    configs = {topic.name: topic.targets["local"].config for topic in load_pipeline(include, "local").topics}
    assert configs["macd_hourly_revenue"] == {"retention.ms": "691200000", "cleanup.policy": "compact,delete"}
    assert configs["macd_orders"] == {"retention.ms": "604800000", "cleanup.policy": "delete"}
    edit(path, "'compact,delete'", "compact")
    error = refusal(include)
    assert f"{path}: field 'targets.local.cleanup_policy' is 'compact'" in error.message
    assert f"{include}/{HOURLY}" in error.message
    assert error.remedy == "Set it to 'compact,delete' or 'delete'."
    edit(path, "cleanup_policy: compact", "cleanup_policy: 'delete,compact'")
    error = refusal(include)
    assert "field 'targets.local.cleanup_policy'" in error.message
    assert "'compact,delete'" in error.message
