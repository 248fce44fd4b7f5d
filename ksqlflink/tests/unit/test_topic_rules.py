"""ksqlDB's rules about topics where the recordings do not reach; worded after ksqlDB's own code."""

from __future__ import annotations

from typing import Any

import pytest

from ksqlflink.errors import BadRequest, KsqlError, ServerProblem
from ksqlflink.services.topics import Topic
from unit.fakes import Stage, topics_shop

DAY_MS = 86_400_000
COPY = "CREATE STREAM x WITH (KAFKA_TOPIC='x') AS SELECT * FROM m_in EMIT CHANGES;"


@pytest.fixture
def stage() -> Stage:
    return topics_shop()


def have(stage: Stage, name: str, days: int = 7, partitions: int = 2, replicas: int = 1) -> None:
    retention = days * DAY_MS if days > 0 else -1
    stage.topics.topics[name] = Topic(name, partitions, replicas, retention)


def source(stage: Stage, name: str, days: int) -> None:
    have(stage, name, days)
    stage.run(
        f"CREATE STREAM {name} (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON');"
    )


def refusal(stage: Stage, text: str) -> KsqlError:
    with pytest.raises(KsqlError) as caught:
        stage.run(text)
    return caught.value


@pytest.mark.parametrize(
    ("order", "kept"), [("a JOIN b", 3 * DAY_MS), ("b JOIN a", 30 * DAY_MS)], ids=["a first", "b first"]
)
def test_a_joined_topic_is_kept_as_long_as_the_left_one(stage: Stage, order: str, kept: int) -> None:
    source(stage, "a", 3)
    source(stage, "b", 30)
    join = (
        f"SELECT a.k AS k, b.v AS v FROM {order} WITHIN 1 DAY GRACE PERIOD 1 DAY ON a.k = b.k EMIT CHANGES;"
    )
    stage.run(f"CREATE STREAM joined AS {join}")
    assert stage.topics.topics["JOINED"] == Topic("JOINED", 2, 1, kept)


def test_a_source_that_is_kept_for_ever_hands_that_on_until_a_window_says_how_long(stage: Stage) -> None:
    source(stage, "a", 0)
    count = "AS SELECT k, COUNT(*) AS n FROM a WINDOW TUMBLING (SIZE 1 HOUR{}) GROUP BY k EMIT CHANGES;"
    stage.run("CREATE STREAM s AS SELECT * FROM a EMIT CHANGES;")
    stage.run(f"CREATE TABLE u {count.format('')}")
    stage.run(f"CREATE TABLE w {count.format(', RETENTION 2 DAYS, GRACE PERIOD 1 DAY')}")
    found = stage.topics.topics
    assert [found[name].retention_ms for name in ("S", "U", "W")] == [-1, -1, 2 * DAY_MS]


def test_more_replicas_than_needed_do_no_harm(stage: Stage) -> None:
    have(stage, "x", replicas=3)
    assert stage.run(COPY)[0]["commandStatus"]["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE STREAM x WITH (CLEANUP_POLICY='delete') AS SELECT * FROM m_in EMIT CHANGES;",
        "CREATE STREAM x (k VARCHAR KEY) WITH (KAFKA_TOPIC='m_in', VALUE_FORMAT='JSON', CLEANUP_POLICY='x');",
    ],
)
def test_nobody_chooses_a_cleanup_policy(stage: Stage, text: str) -> None:
    error = refusal(stage, text)
    assert error.message == (
        "Invalid config variable in the WITH clause: CLEANUP_POLICY.\nThe CLEANUP_POLICY config is "
        "automatically inferred based on the type of source (STREAM or TABLE).\nUsers can't set the "
        "CLEANUP_POLICY config manually."
    )
    assert (type(error), error.status, error.code) == (BadRequest, 400, 40000)


def test_a_windowed_source_table_is_compacted_only_and_has_no_retention_of_its_own(stage: Stage) -> None:
    wanted = "KAFKA_TOPIC='w', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION', PARTITIONS=2"
    columns = "(k VARCHAR PRIMARY KEY, n INT)"
    error = refusal(stage, f"CREATE TABLE w {columns} WITH ({wanted}, RETENTION_MS=1000);")
    assert error.message == (
        "Invalid config variable in the WITH clause: RETENTION_MS. Non-windowed tables do not support "
        "retention."
    )
    stage.run(f"CREATE TABLE w {columns} WITH ({wanted});")
    assert stage.topics.topics["w"] == Topic("w", 2, 1, -1, "compact")


STATEMENTS = {
    "a stream": (
        "x",
        "CREATE STREAM IF NOT EXISTS x WITH (KAFKA_TOPIC='x') AS SELECT * FROM m_in EMIT CHANGES;",
    ),
    "a source": (
        "m_in",
        "CREATE STREAM IF NOT EXISTS m_in (k VARCHAR KEY, v INT) "
        "WITH (KAFKA_TOPIC='m_in', VALUE_FORMAT='JSON', PARTITIONS=2, RETENTION_MS=604800000);",
    ),
}


@pytest.mark.parametrize(("topic", "text"), STATEMENTS.values(), ids=STATEMENTS)
def test_the_topic_is_compared_although_the_name_is_taken(stage: Stage, topic: str, text: str) -> None:
    stage.run(COPY)
    assert stage.run(text)[0]["@type"] == "warning_entity"
    have(stage, topic, days=3)
    error = refusal(stage, text)
    assert "and 604800000 retention (topic has 259200000)" in error.message
    assert (type(error), error.status, error.code, error.statement_text) == (ServerProblem, 500, 50000, text)


def test_if_not_exists_of_a_name_that_is_taken_makes_the_topic_it_names(stage: Stage) -> None:
    stage.run(COPY)
    (answer,) = stage.run("CREATE STREAM IF NOT EXISTS x AS SELECT * FROM m_in EMIT CHANGES;")
    assert answer["@type"] == "warning_entity"
    assert stage.topics.topics["X"] == Topic("X", 2, 1, 7 * DAY_MS)
    assert [query.sink_topic for query in stage.catalogue.queries()] == ["x"]


def test_or_replace_compares_the_topic_too(stage: Stage) -> None:
    stage.run(COPY)
    have(stage, "x", days=3)
    error = refusal(stage, COPY.replace("CREATE", "CREATE OR REPLACE"))
    assert (
        "expects 2 partitions (topic has 2), 1 replication factor (topic has 1), and 604800000"
        in error.message
    )


def test_insert_into_takes_the_topic_as_it_is(stage: Stage) -> None:
    have(stage, "x", days=3, partitions=5)
    stage.run("CREATE STREAM x (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='x', VALUE_FORMAT='JSON');")
    stage.run("INSERT INTO x SELECT * FROM m_in EMIT CHANGES;")
    assert [query.sink for query in stage.catalogue.queries()] == ["X"]


def everything(stage: Stage) -> tuple[Any, ...]:
    listed = [source.name for source in stage.catalogue.sources()]
    return sorted(stage.topics.topics), listed, dict(stage.registry.subjects), list(stage.jobs.started)


def test_nothing_of_a_request_is_made_when_one_topic_does_not_fit(stage: Stage) -> None:
    have(stage, "x", days=3)
    before = everything(stage)
    avro = "CREATE STREAM fine WITH (VALUE_FORMAT='AVRO') AS SELECT * FROM m_in EMIT CHANGES;"
    error = refusal(stage, f"{avro} {COPY}")
    assert (error.status, error.statement_text) == (500, COPY)
    assert everything(stage) == before


def test_a_topic_made_earlier_in_the_request_is_compared_as_one_that_exists(stage: Stage) -> None:
    first = "CREATE STREAM one WITH (KAFKA_TOPIC='t', PARTITIONS=3) AS SELECT * FROM m_in EMIT CHANGES;"
    second = "CREATE STREAM two WITH (KAFKA_TOPIC='t') AS SELECT * FROM m_in EMIT CHANGES;"
    error = refusal(stage, f"{first} {second}")
    assert "KSQL expects 2 partitions (topic has 3)" in error.message
    assert "t" not in stage.topics.topics


@pytest.mark.parametrize(
    "text",
    [
        COPY,
        "CREATE STREAM x (k INT) WITH (KAFKA_TOPIC='x', VALUE_FORMAT='JSON', PARTITIONS=1);",
    ],
)
def test_a_topic_that_the_brokers_refuse_is_refused_with_the_statement(stage: Stage, text: str) -> None:
    def refuse(topic: Topic) -> None:
        raise ServerProblem(
            f"Failed to guarantee existence of topic {topic.name}\nCaused by: too many replicas"
        )

    before = everything(stage)
    stage.topics.create = refuse  # type: ignore[method-assign]
    error = refusal(stage, text)
    assert error.message == "Failed to guarantee existence of topic x\nCaused by: too many replicas"
    assert (error.status, error.code, error.statement_text) == (500, 50000, text)
    assert everything(stage) == before


@pytest.mark.parametrize(
    "text",
    [
        "CREATE STREAM x WITH (KAFKA_TOPIC='x', FORMAT='AVRO') AS SELECT * FROM m_in EMIT CHANGES;",
        "CREATE STREAM x (k INT KEY, v INT) WITH (KAFKA_TOPIC='x', FORMAT='AVRO', PARTITIONS=1);",
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_schema_that_is_refused_leaves_nothing_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, text: str, is_new: bool
) -> None:
    register = stage.registry.register

    def refusing(subject: str, schema: str) -> int:
        if subject.endswith("-value"):
            raise BadRequest(f"Could not register schema for subject '{subject}': incompatible")
        return register(subject, schema)

    monkeypatch.setattr(stage.registry, "register", refusing)
    if not is_new:
        have(stage, "x", partitions=1 if "PARTITIONS" in text else 2)
    assert "'x-value': incompatible" in refusal(stage, text).message
    assert (stage.topics.find("x") is None) == is_new
    assert stage.registry.subjects == {}
    assert stage.catalogue.source("X") is None
    assert stage.jobs.started == []
