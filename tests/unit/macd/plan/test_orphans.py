"""What apply made and no file declares any more, on services in dictionaries."""

from __future__ import annotations

import pytest

from macd.clients.kafka import TopicState
from macd.clients.ksqldb import Source
from macd.errors import PlanBlocked
from macd.plan import (
    Blocked,
    Create,
    Delete,
    NoOp,
    Orphan,
    Orphans,
    Part,
    find_orphans,
    plan_connector_removal,
    plan_orphan_connectors,
    plan_orphan_data,
    plan_schema_removal,
    plan_stream_removal,
    plan_streams,
    plan_topic_removal,
)
from macd.plan.changes import Forget
from tests.unit.macd.plan.test_streams import FakeKsqlDb

SINK = "CREATE STREAM {} WITH (KAFKA_TOPIC='{}', VALUE_FORMAT='AVRO') AS SELECT * FROM {} EMIT CHANGES;"
JOINED = "MACD_ORDERS_PAYMENTS_JOINED"


class Services:
    """All four; `asked` says which were needed."""

    def __init__(self) -> None:
        self.topic_states: dict[str, TopicState] = {}
        self.subject_names: list[str] = []
        self.connector_configs: dict[str, dict[str, str]] = {}
        self.server = FakeKsqlDb()
        self.asked: list[str] = []
        self.removed: list[str] = []

    kafka = property(lambda self: self._asked("kafka"))
    registry = property(lambda self: self._asked("registry"))
    connect = property(lambda self: self._asked("connect"))

    def _asked(self, name):
        self.asked.append(name)
        return self

    @property
    def ksqldb(self):
        self.asked.append("ksqldb")
        self.server.source_topics = lambda: {name: each.topic for name, each in self.server.sources.items()}
        return self.server

    def topics(self, names):
        return {name: self.topic_states[name] for name in names if name in self.topic_states}

    def subjects(self):
        return self.subject_names

    def connectors(self):
        return list(self.connector_configs)

    def config(self, name):
        return self.connector_configs.get(name)

    def delete(self, name):
        self.removed.append(name)


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def old(services):
    """A pipeline of its own that no file declares any more, beside things of others."""
    for name in ("old_topic", "theirs"):
        services.topic_states[name] = TopicState(name, 1, 1, {})
    services.subject_names = ["old_topic-value", "old_topic-key", "theirs-value", "old_topic-theirs"]
    services.connector_configs = {"old-sink": {"topics": "old_topic"}, "their-sink": {"topics": "theirs"}}
    return services


OWNED = [
    Part("connector", "gone-sink"),
    Part("connector", "old-sink"),
    Part("subject", "old_topic-value"),
    Part("topic", "gone_topic"),
    Part("topic", "old_topic"),
]


def _plan(pipeline, services, *, prune=False):
    orphans = find_orphans(OWNED, services)
    connectors = plan_orphan_connectors(orphans, services, prune=prune)
    return connectors + plan_orphan_data(pipeline, orphans, services, prune=prune)


def test_a_service_without_an_orphan_is_not_asked(services):
    assert find_orphans([], services) == Orphans()
    assert services.asked == []


def test_what_is_still_there_is_shown_and_what_is_gone_is_forgotten(pipeline, old):
    changes = _plan(pipeline, old).changes
    assert [(type(change), change.resource) for change in changes] == [
        (Orphan, "connector old-sink"),
        (Orphan, "subject old_topic-key"),
        (Orphan, "subject old_topic-value"),
        (Orphan, "topic old_topic"),
        (Forget, "connector gone-sink"),
        (Forget, "topic gone_topic"),
    ]


def test_orphans_differ_but_stay_without_prune(pipeline, old):
    plan = _plan(pipeline, old)
    assert len(plan.pending) == len(plan.orphans) == 4
    assert plan.orphans[0].render() == (
        "- orphan  connector old-sink (not declared any more; `--prune` removes it)"
    )
    done = []
    plan.apply(done.append)
    assert (old.removed, done) == ([], [])


def test_prune_removes_them_and_nothing_of_others(pipeline, old):
    plan = _plan(pipeline, old, prune=True)
    assert {type(change) for change in plan.pending} == {Delete}
    plan.apply()
    assert old.removed == ["old-sink", "old_topic-key", "old_topic-value", "old_topic"]


def test_a_topic_that_a_strangers_stream_or_connector_reads_is_not_pruned(pipeline, old):
    old.server.sources["THEIRS"] = Source("THEIRS", "STREAM", "old_topic", "", (), ())
    old.connector_configs["their-sink"] = {"topics": "theirs, old_topic"}
    [blocked] = _plan(pipeline, old, prune=True).blocked
    assert blocked.resource == "topic old_topic"
    assert "ksqlDB's THEIRS, connector their-sink still reads it" in blocked.reason
    with pytest.raises(PlanBlocked, match="old_topic"):
        _plan(pipeline, old, prune=True).apply()
    assert old.removed == []


def test_a_subject_that_include_still_reads_is_not_pruned(pipeline, old):
    old.subject_names = ["macd_orders-key"]
    orphans = find_orphans([Part("subject", "macd_orders-key")], old)
    [shown] = plan_orphan_data(pipeline, orphans, old, prune=False).changes
    [blocked] = plan_orphan_data(pipeline, orphans, old, prune=True).changes
    assert isinstance(shown, Orphan)
    assert isinstance(blocked, Blocked)
    assert "include/schemas/macd_orders-key.avsc" in blocked.remedy


def test_a_removal_takes_the_orphans_along(pipeline, old):
    parts = find_orphans(OWNED, old).parts
    for plan in (plan_connector_removal, plan_schema_removal, plan_topic_removal):
        plan(pipeline, old, parts).apply()
    assert old.removed == ["old-sink", "old_topic-value", "old_topic-key", "old_topic"]


ADOPTED = [
    Part("connector", "their-sink", "adopted"),
    Part("subject", "old_topic-key", "adopted"),
    Part("topic", "gone_before", "adopted"),
    Part("topic", "theirs", "adopted"),
]


def test_what_was_there_before_is_shown_and_only_forgotten(pipeline, old):
    orphans = find_orphans([*OWNED, *ADOPTED], old)
    shown = plan_orphan_data(pipeline, orphans, old, prune=False)
    pruned = plan_orphan_data(pipeline, orphans, old, prune=True)
    lines = shown.render().splitlines()
    for resource in ("connector their-sink", "subject old_topic-key", "topic theirs"):
        assert (
            f"- orphan  {resource} (not declared any more, but apply did not make it: `--prune` leaves it, "
            "and forgets it)"
        ) in lines
        assert f"= forget  {resource} (was there before apply: it stays)" in pruned.render().splitlines()
    assert "= forget  topic gone_before (not declared, and not there any more)" in lines
    plan_orphan_connectors(orphans, old, prune=True).apply()
    pruned.apply()
    assert old.removed == ["old-sink", "old_topic-value", "old_topic"]


def test_a_subject_of_a_topic_that_was_there_before_is_nobodys_orphan(pipeline, old):
    orphans = find_orphans([Part("topic", "theirs", "adopted")], old)
    assert orphans.parts == (Part("topic", "theirs"),)


def test_a_removal_leaves_what_was_there_before(pipeline, old):
    old.topic_states["macd_orders"] = TopicState("macd_orders", 1, 1, {})
    old.subject_names += ["macd_orders-key", "macd_orders-value"]
    before = [*ADOPTED, Part("subject", "macd_orders-key", "adopted")]
    for plan in (plan_connector_removal, plan_schema_removal, plan_topic_removal):
        plan(pipeline, old, [*OWNED, *before]).apply()
    assert old.removed == ["old-sink", "old_topic-value", "macd_orders-value", "macd_orders", "old_topic"]


def test_a_removal_takes_no_subject_that_only_begins_like_a_topic(pipeline, services):
    services.subject_names = ["macd_orders-value", "macd_orders-com.acme.Order", "macd_orders-audit"]
    plan_schema_removal(pipeline, services).apply()
    assert services.removed == ["macd_orders-value"]


# -- streams ------------------------------------------------------------------------------------------------


@pytest.fixture
def deployed(pipeline):
    ksqldb = FakeKsqlDb()
    plan_streams(pipeline, ksqldb, ksqldb).apply()
    ksqldb.execute(SINK.format("old_one", "old_one", JOINED), {})
    ksqldb.execute(SINK.format("old_two", "old_two", "old_one"), {})
    ksqldb.log.clear()
    return ksqldb


def _orphans(ksqldb, *names):
    return [ksqldb.sources[name] for name in names]


def test_orphaned_streams_are_shown(pipeline, deployed):
    orphans = _orphans(deployed, "OLD_ONE", "OLD_TWO")
    plan = plan_streams(pipeline, deployed, deployed, orphans=orphans)
    assert [change.resource for change in plan.orphans] == ["stream OLD_ONE", "stream OLD_TWO"]
    assert {type(change) for change in plan.changes} == {Orphan, NoOp}
    plan.apply()
    assert deployed.log == []


def test_orphaned_streams_are_pruned_readers_first_with_queries_and_records(pipeline, deployed):
    orphans = _orphans(deployed, "OLD_ONE", "OLD_TWO")
    plan_streams(pipeline, deployed, deployed, orphans=orphans, prune=True).apply()
    assert deployed.log == [
        *("terminate CAS_OLD_TWO", "empty old_two", "drop OLD_TWO"),
        *("terminate CAS_OLD_ONE", "empty old_one", "drop OLD_ONE"),
    ]


def test_an_orphan_that_somebody_else_reads_is_not_pruned(pipeline, deployed):
    [blocked] = plan_streams(
        pipeline, deployed, deployed, orphans=_orphans(deployed, "OLD_ONE"), prune=True
    ).pending
    assert isinstance(blocked, Blocked)
    assert "CAS_OLD_TWO still reads it" in blocked.reason


def test_a_renamed_stream_is_not_made_beside_the_one_that_still_writes_to_its_topic(pipeline):
    ksqldb = FakeKsqlDb()
    plan_streams(pipeline, ksqldb, ksqldb).apply()
    del ksqldb.sources["MACD_PAYMENT_MISMATCHES"]
    ksqldb.execute(SINK.format("old_name", "macd_payment_mismatches", JOINED), {})
    ksqldb.log.clear()
    orphans = _orphans(ksqldb, "OLD_NAME")
    plan = plan_streams(pipeline, ksqldb, ksqldb, orphans=orphans)
    [blocked] = plan.blocked
    assert blocked.resource == "stream MACD_PAYMENT_MISMATCHES"
    assert "OLD_NAME" in blocked.reason
    assert "macd apply --prune" in blocked.remedy
    pruned = plan_streams(pipeline, ksqldb, ksqldb, orphans=orphans, prune=True)
    assert [type(change) for change in pruned.pending] == [Delete, Create]
    pruned.apply()
    assert ksqldb.log == [
        *("terminate CAS_OLD_NAME", "empty macd_payment_mismatches", "drop OLD_NAME"),
        "create MACD_PAYMENT_MISMATCHES",
    ]


def test_a_stream_that_was_there_before_is_shown_and_only_forgotten(pipeline, deployed):
    arguments = {"orphans": _orphans(deployed, "OLD_TWO"), "adopted": [Part("stream", "OLD_TWO", "adopted")]}
    [shown] = plan_streams(pipeline, deployed, deployed, **arguments).pending
    assert isinstance(shown, Orphan)
    assert "apply did not make it" in shown.render()
    pruned = plan_streams(pipeline, deployed, deployed, **arguments, prune=True)
    assert [change.resource for change in pruned.changes if isinstance(change, Forget)] == ["stream OLD_TWO"]
    pruned.apply()
    plan_stream_removal(pipeline, deployed, deployed, arguments["adopted"]).apply()
    assert "OLD_TWO" in deployed.sources


def test_a_stream_is_not_made_beside_one_that_was_there_before_and_writes_the_same(pipeline):
    ksqldb = FakeKsqlDb()
    plan_streams(pipeline, ksqldb, ksqldb).apply()
    del ksqldb.sources["MACD_PAYMENT_MISMATCHES"]
    ksqldb.execute(SINK.format("old_name", "macd_payment_mismatches", JOINED), {})
    orphans, adopted = _orphans(ksqldb, "OLD_NAME"), [Part("stream", "OLD_NAME", "adopted")]
    plan = plan_streams(pipeline, ksqldb, ksqldb, orphans=orphans, adopted=adopted, prune=True)
    [blocked] = plan.blocked
    assert blocked.resource == "stream MACD_PAYMENT_MISMATCHES"
    assert "drop it by hand if apply did not make it" in blocked.remedy


def test_records_of_a_topic_that_was_there_before_stay(pipeline, deployed):
    orphans, adopted = _orphans(deployed, "OLD_TWO"), [Part("topic", "old_two", "adopted")]
    plan_streams(pipeline, deployed, deployed, orphans=orphans, adopted=adopted, prune=True).apply()
    assert deployed.log == ["terminate CAS_OLD_TWO", "drop OLD_TWO"]
    deployed.execute(SINK.format("old_two", "old_two", "old_one"), {})
    plan_stream_removal(pipeline, deployed, deployed, [Part("stream", "OLD_TWO"), *adopted]).apply()
    assert "drop OLD_TWO" in deployed.log[3:]
    assert "empty old_two" not in deployed.log


def test_records_that_a_declared_query_wrote_as_well_stay(pipeline, deployed):
    deployed.execute(SINK.format("old_name", "macd_payment_mismatches", JOINED), {})
    deployed.log.clear()
    orphans = _orphans(deployed, "OLD_NAME")
    plan_streams(pipeline, deployed, deployed, orphans=orphans, prune=True).apply()
    assert deployed.log == ["terminate CAS_OLD_NAME", "drop OLD_NAME"]


def test_an_orphan_between_two_declared_streams_goes_in_its_place(pipeline, deployed):
    """The joined stream changed; what read it is declared no more, except what is still in the files."""
    changed = deployed.sources[JOINED].statement.replace("24 HOURS", "1 HOUR")
    deployed.sources[JOINED] = _with_statement(deployed.sources[JOINED], changed)
    orphans = _orphans(deployed, "OLD_ONE", "OLD_TWO")
    arguments = {"replace": True, "orphans": orphans}
    assert "CAS_OLD_ONE" in plan_streams(pipeline, deployed, deployed, **arguments).blocked[0].remedy
    plan_streams(pipeline, deployed, deployed, **arguments, prune=True).apply()
    drops = [line for line in deployed.log if line.startswith(("drop", "create"))]
    assert drops.index("drop OLD_TWO") < drops.index("drop OLD_ONE") < drops.index(f"drop {JOINED}")
    assert drops.index(f"drop {JOINED}") < drops.index(f"create {JOINED}")


def _with_statement(source, statement):
    return Source(source.name, source.kind, source.topic, statement, source.writers, source.readers)


def test_a_removal_drops_orphans_before_what_they_read(pipeline, deployed):
    parts = [Part("stream", "OLD_ONE"), Part("stream", "OLD_TWO"), Part("topic", "old_one")]
    plan_stream_removal(pipeline, deployed, deployed, parts).apply()
    drops = [line for line in deployed.log if line.startswith("drop")]
    assert drops[:1] == ["drop OLD_TWO"]
    assert drops.index("drop OLD_ONE") < drops.index(f"drop {JOINED}")
    assert deployed.sources == {}
