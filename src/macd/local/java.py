"""How the Java components are started, and the work before their first start."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

from macd.errors import ServiceError
from macd.local import probes
from macd.local.component import Component
from macd.local.config import HOST, LocalConfig
from macd.local.files import render_to

# What Flink's own start scripts open for Java 17.
_OPENED_PACKAGES = (
    "java.lang java.net java.io java.nio sun.nio.ch java.lang.reflect java.text java.time java.util "
    "java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks"
)
ADD_OPENS = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES.split())
CONNECTOR_CLASS = "com.mongodb.kafka.connect.MongoSinkConnector"


def java_program() -> str:
    """The java of JAVA_HOME, or else of the PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else shutil.which("java") or "java"


class JavaComponents:
    """Descriptions of the components that run on the JVM."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._conf = config.run / "conf"

    def all(self) -> list[Component]:
        """In the order in which they are listed to users."""
        return [self.kafka(), self.registry(), self.mongodb(), *self.flink(), self.connect()]

    def _java(self, jars: str, main: tuple[str, ...], *flags: str) -> tuple[str, ...]:
        logging = f"-Dlog4j2.configurationFile={self._conf / 'log4j2.properties'}"
        path = ("-cp", str(self._config.cache / jars / "*"))
        return (java_program(), *flags, logging, *path, *main)

    def _url(self, port: str) -> str:
        return f"http://{HOST}:{self._config.port(port)}"

    def kafka(self) -> Component:
        """The broker, which is its own KRaft controller."""
        properties = self._conf / "kafka-server.properties"
        return Component(
            name="kafka",
            title="Apache Kafka",
            command=self._java("kafka", ("kafka.Kafka", str(properties)), "-Xmx512m"),
            ports=("kafka", "kafka_controller"),
            probe=probes.kafka(self._config.kafka_port),
            jars=("kafka",),
            memory_mb=600,
            stop_seconds=30,
            prepare=self._prepare_kafka,
        )

    def _prepare_kafka(self) -> None:
        properties = self._conf / "kafka-server.properties"
        render_to(properties, "kafka-server.properties", self._config)
        self._render_logging()
        data, marker = self._config.data / "kafka", self._config.data / "kafka.formatted"
        if marker.is_file():
            return
        # Without the marker an earlier attempt was interrupted, and half a storage does not start.
        shutil.rmtree(data, ignore_errors=True)
        main = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _cluster_id())
        command = self._java("kafka", (*main, "-c", str(properties)), "-Xmx128m", "-XX:TieredStopAtLevel=1")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            remedy = "Run `macd local reset` if the data folder is damaged."
            raise ServiceError("Apache Kafka", f"could not format its storage: {done.stderr}", remedy=remedy)
        marker.touch()

    def _render_logging(self) -> None:
        render_to(self._conf / "log4j2.properties", "log4j2.properties", self._config)

    def registry(self) -> Component:
        """Apicurio Registry with the Confluent API under /apis/ccompat/v7."""
        database = self._config.data / "registry" / "db"
        jar = self._config.cache / "registry" / "registry-1-runner.jar"
        return Component(
            name="registry",
            title="Schema Registry",
            command=(java_program(), "-Xmx256m", "-jar", str(jar)),
            ports=("registry",),
            environment=lambda: {
                "QUARKUS_HTTP_HOST": HOST,
                "HTTP_PORT": str(self._config.registry_port),
                "REGISTRY_DATASOURCE_URL": f"jdbc:h2:file:{database}",
                "QUARKUS_DATASOURCE_JDBC_MIN_SIZE": "1",
                "QUARKUS_DATASOURCE_JDBC_INITIAL_SIZE": "1",
                "QUARKUS_DATASOURCE_JDBC_MAX_SIZE": "10",
            },
            probe=probes.http(self._config.registry_port, "/health/ready"),
            settle=lambda: probes.require_compatibility(f"{self._url('registry')}/apis/ccompat/v7"),
            jars=("registry",),
            memory_mb=350,
        )

    def mongodb(self) -> Component:
        """A real mongod where there is one, and otherwise the stand-in on an H2 file."""
        data = self._config.data / ("mongod" if self._config.mongod else "mongodb")
        port = str(self._config.mongodb_port)
        launcher = str(self._config.cache / "mongodb" / "MongoServerLauncher.java")
        command = self._java("mongodb", (launcher, str(data / "macd.h2"), port), "-Xmx512m")
        if self._config.mongod:
            command = (self._config.mongod, "--dbpath", str(data), "--port", port, "--bind_ip", HOST)
        return Component(
            name="mongodb",
            title="MongoDB" if self._config.mongod else "MongoDB-wire server",
            command=command,
            ports=("mongodb",),
            probe=probes.mongodb(self._config.mongodb_port),
            jars=() if self._config.mongod else ("mongodb",),
            memory_mb=300,
            prepare=lambda: data.mkdir(parents=True, exist_ok=True),
        )

    def flink(self) -> list[Component]:
        """Job manager, one task manager and the SQL gateway."""
        config = self._config
        package = "org.apache.flink"
        manager = (f"{package}.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "--configDir")
        tasks = (f"{package}.runtime.taskexecutor.TaskManagerRunner", "--configDir")
        return [
            self._flink(
                "flink-jobmanager", "Flink job manager", (*manager, str(self._conf / "flink")), "-Xmx448m",
                ports=("flink", "flink_rpc"), memory_mb=450, prepare=self._prepare_flink,
                probe=probes.http(config.flink_port, "/overview"),
            ),
            self._flink(
                "flink-taskmanager", "Flink task manager", (*tasks, str(self._conf / "flink")), "-Xmx1028m",
                "-XX:MaxDirectMemorySize=320m", memory_mb=900, probe=probes.flink(config.flink_port),
                needs=("flink-jobmanager",),
            ),
            self._flink(
                "flink-gateway", "Flink SQL gateway", (f"{package}.table.gateway.SqlGateway",), "-Xmx512m",
                ports=("flink_gateway",), memory_mb=400, needs=("flink-jobmanager",),
                probe=probes.http(config.flink_gateway_port, "/v1/info"),
            ),
        ]  # fmt: skip

    def _flink(self, name: str, title: str, main: tuple[str, ...], *flags: str, **rest: Any) -> Component:
        folders = {
            "FLINK_CONF_DIR": self._conf / "flink",
            "FLINK_LIB_DIR": self._config.cache / "flink",
            "FLINK_PLUGINS_DIR": self._config.run / "flink-plugins",
            "FLINK_OPT_DIR": self._config.run / "flink-opt",
        }
        environment = {variable: str(folder) for variable, folder in folders.items()}
        command = self._java("flink", main, *flags, *ADD_OPENS)
        return Component(name, title, command, environment=lambda: environment, jars=("flink",), **rest)

    def _prepare_flink(self) -> None:
        render_to(self._conf / "flink" / "config.yaml", "flink-config.yaml", self._config)
        self._render_logging()
        for folder in ("data/flink/tmp", "run/flink-plugins", "run/flink-opt"):
            (self._config.home / folder).mkdir(parents=True, exist_ok=True)

    def connect(self) -> Component:
        """The Kafka Connect worker with the MongoDB sink and the Avro converter."""
        properties = self._conf / "connect-worker.properties"
        main = ("org.apache.kafka.connect.cli.ConnectDistributed", str(properties))
        return Component(
            name="connect",
            title="Kafka Connect",
            command=self._java("kafka", main, "-Xmx512m"),
            ports=("connect",),
            environment=lambda: {
                "MACD_MONGODB_URI": f"mongodb://{HOST}:{self._config.mongodb_port}/?retryWrites=false",
            },
            probe=probes.connect(self._config.connect_port, (CONNECTOR_CLASS,)),
            needs=("kafka",),
            jars=("kafka", "connect-plugins/avro", "connect-plugins/mongodb"),
            memory_mb=500,
            prepare=lambda: render_to(properties, "connect-worker.properties", self._config),
        )


def _cluster_id() -> str:
    """Kafka's own notation for a random UUID; a leading dash would look like an option."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
