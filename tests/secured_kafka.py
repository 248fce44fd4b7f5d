"""A broker with TLS that asks for credentials and enforces ACLs, which the embedded stack does not."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from macd.clients.kafka import client_config
from macd.local.config import HOST, LocalConfig
from macd.local.jvm import java_program
from macd.specs import KafkaService
from tests.cloud.certificate import write_certificate
from tests.stack import free_ports, until

ADMIN, USER = "admin", "ada"
PASSWORDS = {ADMIN: "admin-canary", USER: "ada-canary"}
PROPERTIES = Template("""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@$host:$controller
listeners=SASL_SSL://$host:$port,CONTROLLER://$host:$controller
advertised.listeners=SASL_SSL://$host:$port
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=$folder/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/certificate.pem
controller.listener.names=CONTROLLER
log.dirs=$folder/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
username="admin" password="admin-canary" user_admin="admin-canary" user_ada="ada-canary";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
""")


class SecuredKafka:
    """The broker as its users see it."""

    def __init__(self, port: int, certificate: Path) -> None:
        self.address = f"{HOST}:{port}"
        self._certificate = certificate
        self._admin = AdminClient({**client_config(self.service(ADMIN)), "log_level": 0})

    def service(self, user: str = USER, **changes: str) -> KafkaService:
        """How `user` reaches it; `changes` name librdkafka's settings with _ for the dots."""
        config = {
            "bootstrap.servers": self.address,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self._certificate),
            "sasl.mechanisms": "PLAIN",
            "sasl.username": user,
            "sasl.password": PASSWORDS[user],
        }
        return KafkaService(config=config | {key.replace("_", "."): value for key, value in changes.items()})

    def topics(self) -> set[str]:
        """All topics."""
        return set(self._admin.list_topics(timeout=5).topics)

    def create(self, topic: str) -> None:
        """Creates a topic, as the administrator."""
        for done in self._admin.create_topics([NewTopic(topic, 1, 1)]).values():
            done.result()

    def allow(self, kind: ResourceType, name: str, operations: Iterable[AclOperation]) -> None:
        """Gives the user these rights."""
        rules = [
            AclBinding(
                *(kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*"),
                *(operation, AclPermissionType.ALLOW),
            )
            for operation in operations
        ]
        for done in self._admin.create_acls(rules).values():
            done.result()

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return self.topics() is not None
        except KafkaException:
            return False


@contextmanager
def secured_kafka(config: LocalConfig, folder: Path) -> Iterator[SecuredKafka]:
    """Starts the broker with the stack's own jars, and stops it again."""
    ports = free_ports()
    port, controller = next(ports), next(ports)
    ports.close()
    properties = folder / "server.properties"
    properties.write_text(PROPERTIES.substitute(host=HOST, port=port, controller=controller, folder=folder))
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    write_certificate(certificate, key)
    (folder / "server.pem").write_text(key.read_text() + certificate.read_text())
    java = [java_program(), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{config.cache}/kafka/*"]
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    formatting = [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)]
    subprocess.run(formatting, check=True, capture_output=True)
    with (folder / "kafka.log").open("w") as log:
        broker = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log)
    try:
        kafka = SecuredKafka(port, certificate)
        until(kafka.answers, deadline_s=60)
        yield kafka
    finally:
        broker.kill()
        broker.wait()
