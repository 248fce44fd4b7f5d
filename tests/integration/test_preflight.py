"""The preflight on the real stack: what it finds, what it says of a service that is down, and no change."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import certifi
import pytest
from confluent_kafka.admin import AclOperation, AdminClient, ResourceType

from macd.pipeline import Pipeline
from macd.preflight import cluster, kafka
from macd.preflight.report import PreflightReport
from macd.preflight.rules import load_rules
from macd.preflight.run import run_preflight
from macd.settings import REPOSITORY
from macd.specs import KafkaService
from tests.secured_kafka import USER, SecuredKafka, secured_kafka
from tests.stack import Stack, macd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
SERVICES = ["Kafka", "Schema Registry", "ksqlDB", "Kafka Connect", "MongoDB"]


def preflight() -> tuple[int, dict[str, Any], str]:
    """`macd preflight --json`: exit code, report, what it says on stderr."""
    done = macd("preflight", "--json")
    return done.returncode, json.loads(done.stdout), done.stderr


def outcomes(report: dict[str, Any], service: str) -> dict[str, str]:
    return {check["check"]: check["outcome"] for check in report["checks"] if check["service"] == service}


def everything(stack: Stack) -> dict[str, Any]:
    """All that a preflight could have made or changed, on every service."""
    pipeline = Pipeline(stack.pipeline, stack.services, os.environ)
    address = stack.services.kafka.config["bootstrap.servers"].get_secret_value()
    admin = AdminClient({"bootstrap.servers": address})
    topics = admin.list_topics(timeout=10).topics
    return {
        # Kafka makes its own (__consumer_offsets) when a reader comes, which may be while we look.
        "topics": {name: len(found.partitions) for name, found in topics.items() if name[:2] != "__"},
        "topic settings": pipeline.kafka.topics([topic.name for topic in stack.pipeline.topics]),
        "subjects": {name: pipeline.registry.latest(name) for name in pipeline.registry.subjects()},
        "sources": pipeline.ksqldb.source_names(),
        "queries": {query.query_id for query in pipeline.ksqldb.queries()},
        "connectors": {name: pipeline.connect.config(name) for name in pipeline.connect.connectors()},
        # Counts of the sinks only: a checkup that runs on a schedule may add its report meanwhile.
        "collections": stack.in_collection(lambda database: set(database.list_collection_names())),
        "documents": stack.in_collection(
            lambda database: {
                sink.collection: database[sink.collection].estimated_document_count()
                for sink in stack.pipeline.connectors
            }
        ),
    }


def test_a_stack_that_is_well_passes_and_nothing_is_changed(stack: Stack) -> None:
    assert macd("apply").returncode == 0
    before = everything(stack)
    code, report, _ = preflight()
    assert (code, report["passed"]) == (0, True)
    assert list(dict.fromkeys(check["service"] for check in report["checks"])) == SERVICES
    assert "FAILED" not in {check["outcome"] for check in report["checks"]}
    for check in ("access", "create topics", "use topics"):
        assert outcomes(report, "Kafka")[check] == "ok"
    assert outcomes(report, "Kafka Connect")["create connectors"] == "ok"
    assert outcomes(report, "ksqlDB")["same Kafka"] == "ok"
    assert outcomes(report, "ksqlDB")["settings"] == "ok"
    # The stand-in for MongoDB does not tell privileges; a real server does.
    if stack.config.mongod is None:
        assert outcomes(report, "MongoDB")["permissions"] == "cannot tell"
    assert everything(stack) == before


def test_an_emptied_stack_passes_and_stays_empty(stack: Stack) -> None:
    assert macd("destroy", "--yes").returncode == 0
    try:
        before = everything(stack)
        code, report, _ = preflight()
        assert code == 0, report
        assert everything(stack) == before
        found = next(check["detail"] for check in report["checks"] if check["check"] == "create topics")
        assert found == f"{len(stack.pipeline.topics)} could be created, 0 exist"
    finally:
        assert macd("apply").returncode == 0


@pytest.mark.parametrize(
    ("variable", "service", "says"),
    [
        ("MACD_LOCAL_KAFKA_PORT", "Kafka", "nobody listens there"),
        ("MACD_LOCAL_REGISTRY_PORT", "Schema Registry", "nobody listens there"),
        ("MACD_LOCAL_MONGODB_PORT", "MongoDB", "Connection refused"),
    ],
)
def test_a_wrong_port_is_named_and_the_other_services_are_still_looked_at(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, variable: str, service: str, says: str
) -> None:
    monkeypatch.setenv(variable, "9")
    code, report, said = preflight()
    assert code == 11
    assert outcomes(report, service) == {"access": "FAILED"}
    [failure] = [check for check in report["checks"] if check["outcome"] == "FAILED"]
    assert says in failure["detail"]
    assert failure["remedy"]
    assert f"{service} access: " in said
    assert list(dict.fromkeys(check["service"] for check in report["checks"])) == SERVICES


def test_another_services_port_is_not_taken_for_the_right_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACD_LOCAL_REGISTRY_PORT", str(stack.config.connect_port))
    code, report, _ = preflight()
    [failure] = [check for check in report["checks"] if check["outcome"] == "FAILED"]
    assert (code, failure["service"], failure["check"]) == (11, "Schema Registry", "access")
    assert "not as Schema Registry" in failure["remedy"]


@pytest.fixture(scope="module")
def secured(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(stack.config, tmp_path_factory.mktemp("secured-kafka")) as broker:
        yield broker


def look_at_kafka(stack: Stack, service: KafkaService) -> PreflightReport:
    services = stack.services.model_copy(update={"kafka": service})
    rules = load_rules(REPOSITORY / "include")
    return run_preflight(Pipeline(stack.pipeline, services, {}), rules, services={"Kafka": kafka.checks})


def test_missing_acls_are_found_without_creating_a_topic(stack: Stack, secured: SecuredKafka) -> None:
    found = {check.check: check for check in look_at_kafka(stack, secured.service()).failures}
    assert set(found) == {"create topics", "use topics"}

    secured.allow(ResourceType.BROKER, "kafka-cluster", [AclOperation.CREATE])
    secured.create("macd_orders")
    secured.allow(ResourceType.TOPIC, "macd_orders", [AclOperation.READ, AclOperation.DESCRIBE_CONFIGS])
    [lacking] = look_at_kafka(stack, secured.service()).failures
    assert lacking.check == "use topics"
    assert "ALTER_CONFIGS, WRITE on macd_orders;" in lacking.detail

    secured.allow(ResourceType.TOPIC, "*", [AclOperation.ALL])
    assert look_at_kafka(stack, secured.service()).passed
    assert secured.topics() == {"macd_orders"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sasl_password": "wrong-canary"}, "Invalid username or password"),
        ({"sasl_mechanisms": "SCRAM-SHA-256"}, "supported mechanisms: PLAIN"),
        ({"sasl_mechanisms": "NONSENSE"}, "Unsupported SASL mechanism"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "it accepts connections, but not ours"),
        ({"ssl_ca_location": certifi.where()}, "certificate verify failed"),
        ({"security_protocol": "PLAINTEXT"}, "it accepts connections, but not ours"),
    ],
)
def test_credentials_and_protocol_are_told_from_a_broker_that_is_down(
    stack: Stack, secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], says: str
) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT_S", 3.0)
    report = look_at_kafka(stack, secured.service(USER, **changes))
    [failure] = report.failures
    assert says in failure.detail
    assert "macd_kafka" in failure.remedy
    assert "canary" not in report.render_text()
