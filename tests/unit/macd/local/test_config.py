from __future__ import annotations

from pathlib import Path

import pytest

from macd.errors import SpecError
from macd.local.config import PORT_NAMES, REPOSITORY, LocalConfig


def test_defaults_are_the_services_usual_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PORT_NAMES:
        monkeypatch.delenv(f"MACD_LOCAL_{name.upper()}_PORT", raising=False)
    config = LocalConfig.load()
    assert (config.kafka_port, config.ksqldb_port, config.mongodb_port) == (9092, 8088, 27017)


def test_the_environment_moves_a_port_and_the_folders(config: LocalConfig, tmp_path: Path) -> None:
    assert config.home == tmp_path / "home"
    assert config.variables()["kafka_port"] == str(config.kafka_port)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_LOCAL_HOME", "")
    monkeypatch.setenv("MACD_LOCAL_KAFKA_PORT", "")
    config = LocalConfig.load()
    assert config.home == REPOSITORY / ".local"
    assert config.kafka_port == 9092


def test_a_bad_port_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_LOCAL_KAFKA_PORT", "70000")
    with pytest.raises(SpecError, match="MACD_LOCAL_KAFKA_PORT") as caught:
        LocalConfig.load()
    assert "MACD_LOCAL_KAFKA_PORT" in caught.value.remedy


def test_two_services_cannot_share_a_port(config: LocalConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_LOCAL_CONNECT_PORT", str(config.registry_port))
    with pytest.raises(SpecError, match="MACD_LOCAL_REGISTRY_PORT and MACD_LOCAL_CONNECT_PORT are both"):
        LocalConfig.load()


def test_processes_of_the_stack_see_the_same_settings(config: LocalConfig) -> None:
    assert config.environment()["MACD_LOCAL_HOME"] == str(config.home)
    assert config.environment()["MACD_LOCAL_AIRFLOW_PORT"] == str(config.airflow_port)
