"""docker-compose.yaml's settings of Kafka and Kafka Connect on the real programs, without Docker.

The broker's variables go through the very class that the image apache/kafka starts with; Connect's through
the rule of Confluent's images (CONNECT_SOME_NAME is some.name). Only addresses and folders are this
machine's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from pydantic import SecretStr
from tenacity import retry, stop_after_delay, wait_fixed

from macd.clients.connect import KafkaConnect
from macd.clients.kafka import KafkaAdmin, TopicState
from macd.clients.mongodb import connected
from macd.errors import AuthenticationFailed, MacdError, ServiceError
from macd.local.config import HOST, LocalConfig
from macd.local.jvm import java_program
from macd.settings import REPOSITORY
from macd.specs import HttpService, KafkaService, MongoService, load_pipeline, resolve_connector_config
from tests.stack import free_ports
from tests.unit.compose.files import SECRETS, services
from tests.unit.compose.files import config as config_file

pytestmark = pytest.mark.integration
PASSWORD = SECRETS["MACD_KAFKA_PASSWORD"]
SINK = "com.mongodb.kafka.connect.MongoSinkConnector"
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"


@dataclass(frozen=True)
class Machine:
    """The jars of the local stack, a folder, and the ports that stand for the containers' addresses."""

    folder: Path
    internal: int
    host: int
    controller: int
    connect: int
    mongodb: int

    def here(self, value: str) -> str:
        """A setting of a container with this machine's addresses."""
        addresses = {
            "INTERNAL://0.0.0.0:19092": f"INTERNAL://{HOST}:{self.internal}",
            "HOST://0.0.0.0:29092": f"HOST://{HOST}:{self.host}",
            f"{HOST}:29092": f"{HOST}:{self.host}",
            "kafka:19092": f"{HOST}:{self.internal}",
            f"{HOST}:9093": f"{HOST}:{self.controller}",
            "http://0.0.0.0:8083": f"http://{HOST}:{self.connect}",
            "/connect-jaas.conf": str(self.folder / "connect-jaas.conf"),
            "/connect-logins": str(self.folder / "connect-logins"),
            "/var/lib/kafka/data": str(self.folder / "data"),
            "/usr/share/java,/usr/share/confluent-hub-components": str(cache() / "connect-plugins"),
            SECRETS["KAFKA_CLUSTER_ID"]: CLUSTER_ID,
        }
        for there, here in addresses.items():
            value = value.replace(there, here)
        return value

    def environment(self, service: str) -> dict[str, str]:
        """What the container gets, for this machine; the stand-in for MongoDB knows no users."""
        found = {key: self.here(value) for key, value in services()[service]["environment"].items()}
        if "MACD_MONGODB_URI" in found:
            found["MACD_MONGODB_URI"] = f"mongodb://{HOST}:{self.mongodb}/?retryWrites=false"
        return found

    def rest(self) -> HttpService:
        """Kafka Connect, as the target says."""
        url = f"http://{HOST}:{self.connect}"
        return HttpService(url=url, username="pipeline", password=SECRETS["MACD_CONNECT_PASSWORD"])

    def kafka(self, **login: str) -> KafkaService:
        """The listener for this machine; as the target says unless `login` says otherwise."""
        config = {
            "bootstrap.servers": f"{HOST}:{self.host}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "pipeline",
            "sasl.password": PASSWORD,
        }
        return KafkaService.model_validate(
            {"config": config | {k.replace("_", "."): v for k, v in login.items()}}
        )


def cache() -> Path:
    return LocalConfig.load().cache


def java(folder: str, *arguments: str) -> list[str]:
    return [java_program(), "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{cache() / folder}/*", *arguments]


@contextmanager
def running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | environment
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A broker that docker-compose.yaml has configured."""
    # Until the generator is closed, it holds the ports itself.
    with closing(free_ports()) as ports:
        machine = Machine(tmp_path_factory.mktemp("compose"), *islice(ports, 5))
    folder = machine.folder
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    # The wrapper replaces this file by what the environment says, as in the image.
    (folder / "final" / "server.properties").touch()
    environment = machine.environment("kafka")
    folders = [f"--{name}-configs-dir={folder / name}" for name in ("default", "mounted", "final")]
    setup = java("kafka", "kafka.docker.KafkaDockerWrapper", "setup", *folders)
    done = subprocess.run(setup, env=os.environ | environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    properties = str(folder / "final" / "server.properties")
    with running(java("kafka", "kafka.Kafka", properties), folder / "kafka.log", environment):
        until_it_answers(KafkaAdmin(machine.kafka()))
        yield machine


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def until_it_answers(admin: KafkaAdmin) -> None:
    admin.topics([])


def properties_of(environment: dict[str, str], prefix: str) -> str:
    """Confluent's rule: the prefix off, lower case, underscores to dots."""
    names = {
        name.removeprefix(prefix): value for name, value in environment.items() if name.startswith(prefix)
    }
    return "".join(f"{name.lower().replace('_', '.')}={value}\n" for name, value in names.items())


def test_the_pipelines_login_may_make_topics(machine):
    admin = KafkaAdmin(machine.kafka())
    admin.create(TopicState("t", 3, 1, {"retention.ms": "60000"}))
    assert admin.topics(["t"])["t"].partitions == 3


@pytest.mark.parametrize(
    "login",
    [
        {"sasl_password": "wrong"},
        {"sasl_username": "somebody"},
        # Only the listener between the containers knows the broker's own login.
        {"sasl_username": "broker", "sasl_password": SECRETS["KAFKA_BROKER_PASSWORD"]},
        {"security_protocol": "PLAINTEXT"},
    ],
    ids=["another password", "another user", "the broker's login", "no login"],
)
def test_nobody_else_gets_in(machine, login, monkeypatch):
    monkeypatch.setattr("macd.clients.kafka.TIMEOUT_S", 3.0)
    with pytest.raises(ServiceError) as refused:
        KafkaAdmin(machine.kafka(**login)).topics([])
    assert PASSWORD not in str(refused.value)


def test_a_transaction_commits(machine):
    """The broker writes its markers through the listener between brokers, so its own login has to work."""
    KafkaAdmin(machine.kafka()).create(TopicState("committed", 1, 1, {}))
    config = {key: value.get_secret_value() for key, value in machine.kafka().config.items()}
    producer = Producer(config | {"transactional.id": "test"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("committed", b"once")
    producer.commit_transaction(30)


@pytest.fixture(scope="module")
def connect(machine) -> Iterator[KafkaConnect]:
    """A Connect worker that docker-compose.yaml has configured, and something for it to write to."""
    folder, environment = machine.folder, machine.environment("connect")
    worker = folder / "connect.properties"
    worker.write_text(properties_of(environment, "CONNECT_"))
    for name, content in {"connect-jaas.conf": "connect-jaas", "connect-logins": "connect-logins"}.items():
        (folder / name).write_text(machine.here(config_file(content)))
    launcher = str(cache() / "mongodb" / "MongoServerLauncher.java")
    mongodb = java("mongodb", launcher, str(folder / "mongodb.h2"), str(machine.mongodb))
    distributed = java("kafka", "org.apache.kafka.connect.cli.ConnectDistributed", str(worker))
    # Kafka's scripts pass this variable on to Java.
    distributed.insert(1, environment["KAFKA_OPTS"])
    client = KafkaConnect(machine.rest())
    with (
        running(mongodb, folder / "mongodb.log", {}),
        running(distributed, folder / "connect.log", environment),
    ):
        until_it_lists(client)
        yield client


@retry(stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True)
def until_it_lists(client: KafkaConnect) -> None:
    client.connectors()


def test_records_get_into_mongodb_and_bad_ones_into_the_dead_letter_topic(machine, connect):
    """With JSON for Avro, because Confluent's converter is in its image only; all else is the project's."""
    pipeline = load_pipeline(REPOSITORY / "include", "compose")
    [spec] = [each for each in pipeline.connectors if "orders_payments_joined" in each.topics[0]]
    config = spec.config | resolve_connector_config(pipeline.target, SECRETS)
    config = {key: value for key, value in config.items() if not key.startswith("value.converter")}
    config |= {
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
    }
    admin = KafkaAdmin(machine.kafka())
    for topic in (*spec.topics, spec.dead_letter_topic):
        admin.create(TopicState(topic, 1, 1, {}))
    plain = {key: value.get_secret_value() for key, value in machine.kafka().config.items()}
    producer = Producer(plain)
    producer.produce(spec.topics[0], json.dumps({"order_id": "a"}), "a")
    producer.produce(spec.topics[0], b"not JSON", "b")
    assert producer.flush(30) == 0
    assert connect.complaints({"name": spec.name, **config}) == ()
    connect.put_config(spec.name, config)
    assert stored(machine, spec.collection) == "a"
    assert records(plain, spec.dead_letter_topic) == 1
    assert connect.config(spec.name)["connection.uri"] == "${env:MACD_MONGODB_URI}"


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def stored(machine: Machine, collection: str) -> str:
    service = MongoService.model_validate({"uri": f"mongodb://{HOST}:{machine.mongodb}/", "database": "macd"})
    with connected(service) as database:
        document = database[collection].find_one()
    if document is None:
        raise AssertionError("nothing is stored")
    return str(document["_id"])


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def records(config: dict[str, str], topic: str) -> int:
    consumer = Consumer(config | {"group.id": "test", "enable.auto.commit": "false"})
    try:
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    finally:
        consumer.close()
    if not end:
        raise AssertionError("nothing is in the topic")
    return int(end)


def test_nobody_gets_at_connectors_without_the_login(machine, connect):
    assert isinstance(connect.connectors(), list)
    wrong = machine.rest().model_copy(update={"password": SecretStr("wrong-canary")})
    for service in (wrong, HttpService(url=wrong.url)):
        client = KafkaConnect(service)
        with pytest.raises(AuthenticationFailed, match="macd_kafka_connect") as refused:
            client.connectors()
        assert "canary" not in str(refused.value)
        # The answer would hold what ${env:MACD_MONGODB_URI} stands for.
        with pytest.raises(AuthenticationFailed):
            client.complaints({"name": "c", "connector.class": SINK})


def test_the_worker_is_healthy_by_its_containers_own_check(machine, connect):
    kind, shell, script, _, path = services()["connect"]["healthcheck"]["test"]
    assert (kind, shell, script) == ("CMD", "bash", "/answers.sh")
    command = [shell, "-c", config_file("answers"), script, str(machine.connect), path]
    login = {"ANSWERS_LOGIN": machine.environment("connect")["ANSWERS_LOGIN"]}
    for environment, code in ((login, 0), ({"ANSWERS_LOGIN": "pipeline:wrong"}, 1), ({}, 1)):
        done = subprocess.run(command, env=os.environ | environment, timeout=10, check=False)
        assert done.returncode == code, environment


def test_a_connector_may_read_no_other_variable(machine, connect):
    """The worker's environment holds Kafka's password as well."""
    config = {
        "connector.class": SINK,
        "topics": "t",
        "database": "macd",
        "collection": "c",
        "connection.uri": "mongodb://${env:CONNECT_SASL_JAAS_CONFIG}/",
    }
    try:
        complaints = connect.complaints({"name": "curious", **config})
    except MacdError as error:
        complaints = (str(error),)
    assert complaints
    assert not [text for text in complaints if PASSWORD in text]
