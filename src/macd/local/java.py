"""How the Java components are started, and the work before their first start."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from macd.errors import ServiceError
from macd.local import probes
from macd.local.component import Component
from macd.local.config import HOST, LocalConfig
from macd.local.files import render_to
from macd.local.jvm import QUICK_START, Jvm, java_program

# What Flink's own start scripts open for Java 17.
_OPENED_PACKAGES = (
    "java.lang java.net java.io java.nio sun.nio.ch java.lang.reflect java.text java.time java.util "
    "java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks"
)
ADD_OPENS = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES.split())
# Flink gives its network layer 10 s to start and has no setting for it that works (pekko.startup-timeout).
SLOW_MACHINE = "-Dpekko.remote.classic.startup-timeout=120s"
# An ending JVM may have a class-data archive to write.
JVM_STOP_SECONDS = 60
# Flink itself, the functions that ksqlflink's queries call, and what keeps pages in a browser away.
FLINK_JARS = ("flink", "ksqlflink", "guard")
CONNECT_JARS = ("kafka", "guard")
CONNECTOR_CLASS = "com.mongodb.kafka.connect.MongoSinkConnector"


class JavaComponents:
    """Descriptions of the components that run on the JVM."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._conf = config.run / "conf"

    def all(self) -> list[Component]:
        """In the order in which they are listed to users."""
        return [self.kafka(), self.registry(), self.mongodb(), *self.flink(), self.connect()]

    def _jvm(self, name: str, jars: tuple[str, ...], *flags: str) -> Jvm:
        jvm = Jvm(self._config, name, jars, flags)
        return replace(jvm, flags=(*flags, "-cp", jvm.class_path))

    def _url(self, port: str) -> str:
        return f"http://{HOST}:{self._config.port(port)}"

    def kafka(self) -> Component:
        """The broker, which is its own KRaft controller."""
        properties = self._conf / "kafka-server.properties"
        jvm = self._jvm("kafka", ("kafka",), "-Xmx512m", *QUICK_START)
        return Component(
            name="kafka",
            title="Apache Kafka",
            command=jvm.command("kafka.Kafka", str(properties)),
            ports=("kafka", "kafka_controller"),
            probe=probes.kafka(self._config.kafka_port),
            jars=("kafka",),
            memory_mb=600,
            stop_seconds=JVM_STOP_SECONDS,
            prepare=lambda: self._prepare_kafka(jvm, properties),
        )

    def _prepare_kafka(self, jvm: Jvm, properties: Path) -> None:
        render_to(properties, "kafka-server.properties", self._config)
        jvm.prepare()
        data, marker = self._config.data / "kafka", self._config.data / "kafka.formatted"
        if marker.is_file():
            return
        # Without the marker an earlier attempt was interrupted, and half a storage does not start.
        shutil.rmtree(data, ignore_errors=True)
        main = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _cluster_id())
        command = (
            java_program(),
            *QUICK_START,
            "-Xmx128m",
            "-cp",
            jvm.class_path,
            *main,
            "-c",
            str(properties),
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            remedy = "Run `macd local reset` if the data folder is damaged."
            raise ServiceError("Apache Kafka", f"could not format its storage: {done.stderr}", remedy=remedy)
        marker.touch()

    def registry(self) -> Component:
        """Apicurio Registry with the Confluent API under /apis/ccompat/v7."""
        database = self._config.data / "registry" / "db"
        jar = self._config.cache / "registry" / "registry-1-runner.jar"
        jvm = Jvm(self._config, "registry", ("registry",), ("-Xmx256m", *QUICK_START))
        return Component(
            name="registry",
            title="Schema Registry",
            command=jvm.command("-jar", str(jar)),
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
            stop_seconds=JVM_STOP_SECONDS,
            prepare=jvm.prepare,
        )

    def mongodb(self) -> Component:
        """A real mongod where there is one, and otherwise the stand-in on an H2 file."""
        return self._mongod(self._config.mongod) if self._config.mongod else self._mongodb_stand_in()

    def _mongod(self, program: str) -> Component:
        data = self._config.data / "mongod"
        port = str(self._config.mongodb_port)
        return Component(
            name="mongodb",
            title="MongoDB",
            command=(program, "--dbpath", str(data), "--port", port, "--bind_ip", HOST),
            ports=("mongodb",),
            probe=probes.mongodb(self._config.mongodb_port),
            memory_mb=300,
            stop_seconds=JVM_STOP_SECONDS,
            prepare=lambda: data.mkdir(parents=True, exist_ok=True),
        )

    def _mongodb_stand_in(self) -> Component:
        launcher = str(self._config.cache / "mongodb" / "MongoServerLauncher.java")
        # Out of memory it would go on without answering; its supervisor starts it again, and nothing is lost.
        limits = ("-Xmx768m", "-XX:+ExitOnOutOfMemoryError")
        jvm = self._jvm("mongodb", ("mongodb",), *limits, *QUICK_START)
        file, port = str(self._config.data / "mongodb" / "macd.h2"), str(self._config.mongodb_port)
        return Component(
            name="mongodb",
            title="MongoDB-wire server",
            command=jvm.command(launcher, file, port),
            ports=("mongodb",),
            probe=probes.mongodb(self._config.mongodb_port),
            jars=("mongodb",),
            memory_mb=300,
            stop_seconds=JVM_STOP_SECONDS,
            prepare=lambda: _prepare_in(Path(file).parent, jvm),
        )

    def flink(self) -> list[Component]:
        """Job manager, one task manager and the SQL gateway."""
        config = self._config
        package = "org.apache.flink"
        manager = (f"{package}.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "--configDir")
        tasks = (f"{package}.runtime.taskexecutor.TaskManagerRunner", "--configDir")
        quick = QUICK_START
        return [
            self._flink(
                "flink-jobmanager", "Flink job manager", (*manager, str(self._conf / "flink")),
                "-Xmx448m", *quick, ports=("flink", "flink_rpc"), memory_mb=450,
                probe=probes.http(config.flink_port, "/overview"),
            ),
            self._flink(
                "flink-taskmanager", "Flink task manager", (*tasks, str(self._conf / "flink")),
                "-Xmx1028m", "-XX:MaxDirectMemorySize=320m", memory_mb=900, joins=("flink-jobmanager",),
                probe=probes.flink(config.flink_port),
            ),
            self._flink(
                "flink-gateway", "Flink SQL gateway", (f"{package}.table.gateway.SqlGateway",),
                "-Xmx512m", *quick, ports=("flink_gateway",), memory_mb=400, joins=("flink-jobmanager",),
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
        jvm = self._jvm(name, FLINK_JARS, *flags, *ADD_OPENS, SLOW_MACHINE)
        return Component(
            name,
            title,
            jvm.command(*main),
            environment=lambda: environment,
            jars=FLINK_JARS,
            stop_seconds=JVM_STOP_SECONDS,
            prepare=lambda: self._prepare_flink(jvm),
            **rest,
        )

    def _prepare_flink(self, jvm: Jvm) -> None:
        render_to(self._conf / "flink" / "config.yaml", "flink-config.yaml", self._config)
        for folder in ("data/flink/tmp", "run/flink-plugins", "run/flink-opt"):
            (self._config.home / folder).mkdir(parents=True, exist_ok=True)
        jvm.prepare()

    def connect(self) -> Component:
        """The Kafka Connect worker with the MongoDB sink and the Avro converter."""
        properties = self._conf / "connect-worker.properties"
        jvm = self._jvm("connect", CONNECT_JARS, "-Xmx512m", *QUICK_START)
        mongodb_uri = f"mongodb://{HOST}:{self._config.mongodb_port}/?retryWrites=false"
        return Component(
            name="connect",
            title="Kafka Connect",
            command=jvm.command("org.apache.kafka.connect.cli.ConnectDistributed", str(properties)),
            ports=("connect",),
            environment=lambda: {"MACD_MONGODB_URI": mongodb_uri},
            probe=probes.connect(self._config.connect_port, (CONNECTOR_CLASS,)),
            needs=("kafka",),
            jars=(*CONNECT_JARS, "connect-plugins/avro", "connect-plugins/mongodb"),
            memory_mb=600,
            stop_seconds=JVM_STOP_SECONDS,
            prepare=lambda: self._prepare_connect(jvm, properties),
        )

    def _prepare_connect(self, jvm: Jvm, properties: Path) -> None:
        render_to(properties, "connect-worker.properties", self._config)
        jvm.prepare()


def _prepare_in(folder: Path, jvm: Jvm) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    jvm.prepare()


def _cluster_id() -> str:
    """Kafka's own notation for a random UUID; a leading dash would look like an option."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
