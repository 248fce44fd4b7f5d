"""What has to hold for every service of docker-compose.yaml."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from macd.compose.env import values
from macd.compose.room import NEWEST
from tests.unit.compose.files import (
    COMPOSE,
    DEVELOPMENT,
    EXAMPLE,
    REFERENCE,
    SECRETS,
    SMALL,
    config,
    raw_services,
    services,
)

SERVICES = raw_services()
ONE_SHOT = {"airflow-init"}
OWN_IMAGES = {"macd-airflow:0.1.0", "macd-connect:0.1.0"}
# Settings that are no secrets although their names say so.
NOT_SECRET = re.compile(r"PASSWORDS_FILE$|LOAD_DEFAULT_CONNECTIONS$")


def each_service():
    return pytest.mark.parametrize("name", sorted(SERVICES))


@pytest.mark.parametrize("file", [COMPOSE, DEVELOPMENT, SMALL], ids=lambda file: file.name)
def test_the_file_follows_the_compose_specification(file):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_of_the_pipeline_is_there():
    airflow = {f"airflow-{part}" for part in ("init", "api", "scheduler", "dag-processor", "triggerer")}
    core = {"kafka", "schema-registry", "ksqldb", "connect", "mongodb"}
    assert set(SERVICES) == core | airflow | {"postgres", "mailpit"}
    by_profile = {name: tuple(service["profiles"]) for name, service in SERVICES.items()}
    assert {name for name, profiles in by_profile.items() if profiles == ("core",)} == core
    assert {name for name, profiles in by_profile.items() if profiles == ("airflow",)} == airflow | {
        "postgres"
    }
    assert by_profile["mailpit"] == ("tools",)


@each_service()
def test_ports_are_published_on_this_machine_only(name):
    for port in SERVICES[name].get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{MACD_COMPOSE_[A-Z]+_PORT:-\d+\}:\d+", port)
    assert "network_mode" not in SERVICES[name]


def test_no_two_services_share_a_port():
    published = [
        port.rsplit(":", 1)[0] for service in services().values() for port in service.get("ports", ())
    ]
    assert len(published) == len(set(published)) == 7


@each_service()
def test_the_image_is_pinned_to_a_release(name):
    image = SERVICES[name]["image"]
    assert image in OWN_IMAGES or re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image)


def test_confluents_images_are_of_one_release():
    dockerfile = (COMPOSE.parent / "docker" / "connect" / "Dockerfile").read_text()
    text = COMPOSE.read_text() + dockerfile
    assert set(re.findall(r"confluentinc/[\w-]+:(\S+)", text)) == {str(NEWEST)}
    assert len(re.findall(r"confluentinc/[\w-]+:", text)) == 3


def test_the_broker_is_the_local_stacks_release():
    pom = (COMPOSE.parent / "local" / "maven" / "kafka" / "pom.xml").read_text()
    assert f"<version>{SERVICES['kafka']['image'].partition(':')[2]}</version>" in pom


@each_service()
def test_no_secret_stands_in_the_file(name):
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|FERNET|JAAS|_AUTH$|CONN_MACD_(KAFKA|MONGODB|SMTP)$|URI$", key):
            assert NOT_SECRET.search(key) or REFERENCE.search(value), key


def test_every_secret_has_to_be_set_and_is_in_the_example():
    text = COMPOSE.read_text()
    required = {found["name"] for found in REFERENCE.finditer(text) if found["rule"] == ":?"}
    assert required == set(values(EXAMPLE))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == {
        found["name"] for found in REFERENCE.finditer(text)
    } | {"env"}
    assert not any(values(EXAMPLE).values())


def test_every_optional_variable_is_in_the_example_as_a_comment():
    optional = {found["name"] for found in REFERENCE.finditer(COMPOSE.read_text()) if found["rule"] == ":-"}
    for service in SERVICES.values():
        optional |= {name for name, value in service.get("environment", {}).items() if value is None}
    # Compose's own.
    optional.add("COMPOSE_FILE")
    assert optional == set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))


@each_service()
def test_no_secret_is_in_a_command_line(name):
    service = services()[name]
    line = str([service.get("command"), service.get("entrypoint"), service.get("healthcheck")])
    assert not [secret for secret in SECRETS.values() if secret in line]


@each_service()
def test_every_service_has_limits_and_says_when_it_is_healthy(name):
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    check = service["healthcheck"]
    if name in ONE_SHOT:
        assert check == {"disable": True}
        assert service["restart"] == "no"
    else:
        assert {"test", "interval", "timeout", "retries", "start_period"} == set(check)
        assert service["restart"] == "unless-stopped"


@each_service()
def test_dependencies_wait_for_health(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how == {"condition": wanted}
        # A service of another profile may be left out, and nothing may wait for it then.
        assert SERVICES[other]["profiles"] == SERVICES[name]["profiles"]


def test_volumes_are_named_and_all_used():
    declared = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount.partition(":")[0] for mount in mounts} == declared


def test_development_mounts_this_folder_and_read_only():
    mounts = [
        mount.split(":") for mount in yaml.safe_load(DEVELOPMENT.read_text())["x-development"]["volumes"]
    ]
    # z: SELinux would otherwise keep the containers out.
    assert {mode for *_, mode in mounts} == {"ro,z"}
    assert all((COMPOSE.parent / source).is_dir() for source, *_ in mounts)


def test_kafka_asks_every_client_to_log_in():
    kafka = services()["kafka"]["environment"]
    protocols = dict(pair.split(":") for pair in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert protocols.pop("CONTROLLER") == "PLAINTEXT"
    assert "CONTROLLER://127.0.0.1:" in kafka["KAFKA_LISTENERS"]
    assert set(protocols.values()) == {"SASL_PLAINTEXT"}
    for listener in protocols:
        jaas = kafka[f"KAFKA_LISTENER_NAME_{listener}_PLAIN_SASL_JAAS_CONFIG"]
        assert f'user_pipeline="{SECRETS["MACD_KAFKA_PASSWORD"]}"' in jaas


@pytest.mark.parametrize(
    ("service", "prefixes"),
    [
        ("schema-registry", ["SCHEMA_REGISTRY_KAFKASTORE_"]),
        ("ksqldb", ["KSQL_"]),
        ("connect", ["CONNECT_", "CONNECT_PRODUCER_", "CONNECT_CONSUMER_", "CONNECT_ADMIN_"]),
    ],
)
def test_every_client_in_a_container_logs_in(service, prefixes):
    environment = services()[service]["environment"]
    for prefix in prefixes:
        assert environment[f"{prefix}SECURITY_PROTOCOL"] == "SASL_PLAINTEXT"
        assert environment[f"{prefix}SASL_MECHANISM"] == "PLAIN"
        assert environment[f"{prefix}SASL_JAAS_CONFIG"] == (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="pipeline" password="{SECRETS["MACD_KAFKA_PASSWORD"]}";'
        )


def test_one_broker_keeps_one_copy_of_everything():
    for service in services().values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"REPLICATION_FACTOR$|MIN_ISR$|TOPIC_REPLICAS$", key):
                assert value == "1", key


def test_no_service_reads_a_file_of_this_folder():
    """Its mode would be this machine's umask's, and its label SELinux's."""
    for service in SERVICES.values():
        assert not [mount for mount in service.get("volumes", ()) if mount.startswith((".", "/", "~"))]
    configs = yaml.safe_load(COMPOSE.read_text())["configs"]
    assert all(set(each) == {"content"} for each in configs.values())
    used = [each for service in SERVICES.values() for each in service.get("configs", ())]
    assert {each["source"] for each in used} == set(configs)
    assert {each["mode"] for each in used} == {0o444}


def test_connect_lets_nobody_in_without_a_login():
    connect = services()["connect"]
    assert connect["environment"]["CONNECT_REST_EXTENSION_CLASSES"] == (
        "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
    )
    mounted = {each["source"]: each["target"] for each in connect["configs"]}
    assert connect["environment"]["KAFKA_OPTS"] == (
        f"-Djava.security.auth.login.config={mounted['connect-jaas']}"
    )
    assert f'file="{mounted["connect-logins"]}"' in config("connect-jaas")
    password = SECRETS["MACD_CONNECT_PASSWORD"]
    assert config("connect-logins") == f"pipeline={password}"
    assert connect["environment"]["ANSWERS_LOGIN"] == f"pipeline:{password}"


def test_connectors_may_name_one_variable_and_no_other_here_and_on_the_local_stack():
    line = "config.providers.env.param.allowlist.pattern=MACD_MONGODB_URI"
    template = COMPOSE.parent / "local" / "templates" / "connect-worker.properties"
    assert line in template.read_text().splitlines()
    environment = services()["connect"]["environment"]
    assert environment["CONNECT_CONFIG_PROVIDERS_ENV_PARAM_ALLOWLIST_PATTERN"] == "MACD_MONGODB_URI"
