from __future__ import annotations

import re

import pytest

from macd.errors import SpecError
from macd.local.catalog import catalog, expand
from macd.local.component import levels, with_needs
from macd.local.config import MAVEN_PROJECTS, PORT_NAMES, TEMPLATES, LocalConfig
from macd.local.files import render
from macd.local.jars import projects


def test_groups_stand_for_their_parts() -> None:
    known = ["kafka", "flink-jobmanager", "flink-gateway", "airflow-api"]
    assert expand(["flink", "kafka", "kafka"], known) == ["flink-jobmanager", "flink-gateway", "kafka"]


def test_an_unknown_component_lists_the_known_ones() -> None:
    with pytest.raises(SpecError, match="'kafak'") as caught:
        expand(["kafak"], ["kafka"])
    assert "kafka" in caught.value.remedy


def test_ksqldb_rests_on_kafka_registry_and_flink(config: LocalConfig) -> None:
    names = [one.name for one in with_needs(["ksqldb"], catalog(config))]
    assert names == ["kafka", "registry", "flink-jobmanager", "flink-taskmanager", "flink-gateway", "ksqldb"]


def test_levels_follow_the_needs(config: LocalConfig) -> None:
    depth = levels(catalog(config).values())
    assert depth["kafka"] == 0
    assert depth["ksqldb"] > depth["flink-taskmanager"] > depth["flink-jobmanager"]
    assert depth["airflow-scheduler"] > depth["airflow-api"]


def test_every_port_belongs_to_one_component(config: LocalConfig) -> None:
    ports = [name for component in catalog(config).values() for name in component.ports]
    assert sorted(ports) == sorted(PORT_NAMES)


def test_every_jar_folder_has_its_maven_project(config: LocalConfig) -> None:
    needed = {jar for component in catalog(config).values() for jar in component.jars}
    assert needed <= set(projects(MAVEN_PROJECTS))


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_templates_render_and_listen_on_the_loopback_only(template: str, config: LocalConfig) -> None:
    secrets = {"fernet_key": "f", "jwt_secret": "j", "api_secret_key": "a"}
    text = render(template, config.variables() | secrets)
    assert not re.search(r"0\.0\.0\.0|//:\d", text)
    assert not re.search(r"\$\{(?!env:|names)", text)
