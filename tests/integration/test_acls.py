"""The rules of include/acls on a broker that enforces them: each account can do its work, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from macd.acls import Grant, grants
from macd.clients.groups import ConsumerGroups
from macd.clients.kafka import KafkaAdmin, TopicState, client_config
from macd.clients.records import RecordReader, begin_offsets
from macd.errors import MacdError
from macd.local.config import LocalConfig
from macd.producer.delivery import Delivery
from macd.repair.transactions import Outgoing, ReaderGroup, Transactions
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from macd.specs.acls import load_acls
from tests.secured_kafka import ADMIN, USER, SecuredKafka, secured_kafka
from tests.stack import until

pytestmark = pytest.mark.integration
ACCOUNTS = {spec.name: spec for spec in load_acls(REPOSITORY / "include")}
PIPELINE = load_pipeline(REPOSITORY / "include", "local")
JOINED, DEAD = "macd_orders_payments_joined", "dlq.macd_orders_payments_joined"
KINDS = {"topic": "TOPIC", "group": "GROUP", "transactional_id": "TRANSACTIONAL_ID", "cluster": "BROKER"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(LocalConfig.load(), tmp_path_factory.mktemp("acls")) as kafka:
        yield kafka


@pytest.fixture
def admin(broker: SecuredKafka) -> Iterator[AdminClient]:
    """The administrator; every rule is gone afterwards."""
    client = AdminClient(client_config(broker.service(ADMIN)))
    yield client
    everything = AclBindingFilter(
        *(ResourceType.ANY, None, ResourcePatternType.ANY, None, None),
        *(AclOperation.ANY, AclPermissionType.ANY),
    )
    for done in client.delete_acls([everything]).values():
        done.result()


def bindings(grant: Grant) -> Iterable[AclBinding]:
    for operation in grant.operations:
        yield AclBinding(
            *(ResourceType[KINDS[grant.resource]], grant.name, ResourcePatternType[grant.pattern.upper()]),
            *(f"User:{USER}", "*", AclOperation[operation.upper()], AclPermissionType.ALLOW),
        )


def allow(admin: AdminClient, account: str, without: tuple[str, str, str] = ("", "", "")) -> None:
    """Gives the user the account's rules, `without` one operation of one resource."""
    resource, name, operation = without
    found = [
        grant._replace(operations=tuple(o for o in grant.operations if o != operation))
        if grant[:2] == (resource, name)
        else grant
        for grant in grants(ACCOUNTS[account], PIPELINE, "macd_")
    ]
    for done in admin.create_acls([each for grant in found for each in bindings(grant)]).values():
        done.result()


def make_topics(broker: SecuredKafka) -> None:
    client = KafkaAdmin(broker.service())
    for topic in PIPELINE.topics:
        client.create(TopicState(topic.name, 1, 1, topic.targets["local"].config))
    assert set(client.topics([topic.name for topic in PIPELINE.topics])) == {t.name for t in PIPELINE.topics}
    client.set_config(JOINED, {"retention.ms": "604800000"})


def seed(broker: SecuredKafka) -> None:
    delivery = Delivery(broker.service())
    for topic in ("macd_orders", "macd_payments"):
        delivery.send(topic, "key", b"value", 1_700_000_000_000, [])
    delivery.finish()


def repair(broker: SecuredKafka) -> None:
    record = Outgoing(JOINED, 0, b"key", b"value", 1_700_000_000_000, [])
    Transactions(broker.service(), "macd-repair-manual__2026-01-01T00:00:00+00:00").write([record])


def replay(broker: SecuredKafka) -> None:
    name = f"macd-replay-{DEAD}"
    record = Outgoing(JOINED, 0, b"key", b"value", 1_700_000_000_000, [])
    with ReaderGroup(broker.service(), name) as group:
        at = begin_offsets(broker.service(), [DEAD])
        Transactions(broker.service(), name).write([record], at, group.member, "note")
        assert group.committed(at)


def reconcile(broker: SecuredKafka) -> None:
    with RecordReader(broker.service(), begin_offsets(broker.service(), ["macd_orders", JOINED])) as reader:
        list(reader.drain())


def watch(broker: SecuredKafka) -> None:
    ConsumerGroups(broker.service()).progress("connect-macd-orders-payments-mongodb-sink", [JOINED])


def empty(broker: SecuredKafka) -> None:
    KafkaAdmin(broker.service()).empty(JOINED)


def remove(broker: SecuredKafka) -> None:
    for topic in PIPELINE.topics:
        KafkaAdmin(broker.service()).delete(topic.name)


def test_airflows_rules_suffice_for_all_that_it_does(broker, admin):
    allow(admin, "airflow")
    until(lambda: succeeds(make_topics, broker), 20)
    for work in (seed, repair, replay, reconcile, watch, empty, remove):
        work(broker)


def succeeds(work, broker) -> bool:
    """Rules reach the broker a moment after they are acknowledged."""
    try:
        work(broker)
    except MacdError:
        return False
    return True


@pytest.fixture
def topics(broker: SecuredKafka) -> None:
    """The topics, as the administrator made them, with a record each."""
    there = broker.topics()
    for topic in PIPELINE.topics:
        if topic.name not in there:
            broker.create(topic.name)


@pytest.mark.parametrize(
    ("work", "missing"),
    [
        (seed, ("topic", "macd_payments", "write")),
        (repair, ("transactional_id", "macd-repair-", "write")),
        (repair, ("topic", JOINED, "write")),
        (replay, ("transactional_id", "macd-replay-", "write")),
        (replay, ("group", "macd-replay-", "read")),
        (empty, ("topic", JOINED, "delete")),
        (remove, ("topic", JOINED, "delete")),
        (watch, ("group", "connect-macd-orders-payments-mongodb-sink", "describe")),
    ],
)
def test_without_one_rule_its_work_fails(broker, admin, topics, work, missing):
    allow(admin, "airflow", without=missing)
    with pytest.raises(MacdError) as refused:
        work(broker)
    assert "canary" not in str(refused.value)


def test_the_reader_reads_and_changes_nothing(broker, admin, topics):
    allow(admin, "reader")
    until(lambda: succeeds(reconcile, broker), 20)
    watch(broker)
    assert JOINED in KafkaAdmin(broker.service()).topics([JOINED])
    for work in (seed, repair, replay, empty, remove):
        with pytest.raises(MacdError):
            work(broker)
    with pytest.raises(MacdError):
        KafkaAdmin(broker.service()).create(TopicState("macd_more", 1, 1, {}))


def compare(broker: SecuredKafka) -> None:
    """What ksqlDB does before it starts a query: it reads the settings of the topics on both sides."""
    names = {name for query in PIPELINE.queries for name in (*PIPELINE.topics_read(query), query.topic)}
    assert set(KafkaAdmin(broker.service()).topics(sorted(names))) == names


def test_ksqldb_sees_how_its_topics_are_kept(broker, admin, topics):
    allow(admin, "ksqldb")
    until(lambda: succeeds(compare, broker), 20)


def test_connect_and_ksqldb_may_not_write_orders(broker, admin, topics):
    for account in ("connect", "ksqldb"):
        allow(admin, account)
    with pytest.raises(MacdError):
        seed(broker)
