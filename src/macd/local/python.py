"""The components written in Python: the ksqlDB-compatible server and the mailbox."""

from __future__ import annotations

import sys

from macd.local import probes
from macd.local.component import Component
from macd.local.config import HOST, LocalConfig


def ksqldb(config: LocalConfig) -> Component:
    """The embedded server. Its queries run in Flink and go on without it; it takes them up again."""
    options = {
        "--host": HOST,
        "--port": str(config.ksqldb_port),
        "--bootstrap-servers": f"{HOST}:{config.kafka_port}",
        "--registry-url": f"http://{HOST}:{config.registry_port}/apis/ccompat/v7",
        "--flink-url": f"http://{HOST}:{config.flink_port}",
        "--gateway-url": f"http://{HOST}:{config.flink_gateway_port}",
        "--connect-url": f"http://{HOST}:{config.connect_port}",
        "--state-dir": str(config.data / "ksqlflink"),
    }
    return Component(
        name="ksqldb",
        title="ksqlDB-compatible server",
        command=(sys.executable, "-m", "ksqlflink", *(word for option in options.items() for word in option)),
        ports=("ksqldb",),
        probe=probes.ksqldb(config.ksqldb_port),
        environment=lambda: {"KSQLFLINK_JAR": str(config.cache / "ksqlflink" / "ksqlflink.jar")},
        needs=("kafka", "registry", "flink-taskmanager", "flink-gateway"),
        memory_mb=350,  # with the two workers beside it
        stop_seconds=30,
        prepare=lambda: (config.data / "ksqlflink").mkdir(parents=True, exist_ok=True),
    )


def smtp(config: LocalConfig) -> Component:
    """A mailbox: every mail sent to it lands in data/mail, a Maildir."""
    maildir = config.data / "mail"
    address = f"{HOST}:{config.smtp_port}"
    handler = ("aiosmtpd.handlers.Mailbox", str(maildir))
    return Component(
        name="smtp",
        title="Mailbox (SMTP)",
        command=(sys.executable, "-m", "aiosmtpd", "--nosetuid", "--listen", address, "--class", *handler),
        ports=("smtp",),
        probe=probes.smtp(config.smtp_port),
        memory_mb=40,
    )
