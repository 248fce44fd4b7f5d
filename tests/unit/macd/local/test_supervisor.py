from __future__ import annotations

import configparser
from collections.abc import Callable
from pathlib import Path

from macd.local.catalog import catalog
from macd.local.component import Component
from macd.local.config import LocalConfig
from macd.local.supervisor import ProcessState, render_config, socket_path


def rendered(config: LocalConfig, components: list[Component]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(render_config(config, components))
    return parser


def test_every_component_is_a_program_that_only_starts_when_asked(config: LocalConfig) -> None:
    components = catalog(config)
    parser = rendered(config, list(components.values()))
    for name in components:
        program = parser[f"program:{name}"]
        assert program["autostart"] == "false"
        assert program["stdout_logfile"] == str(config.logs / f"{name}.log")


def test_what_rests_on_others_stops_first(config: LocalConfig) -> None:
    parser = rendered(config, list(catalog(config).values()))
    priority = {name: int(parser[f"program:{name}"]["priority"]) for name in ("kafka", "connect", "ksqldb")}
    assert priority["kafka"] < priority["connect"]
    assert priority["kafka"] < priority["ksqldb"]


def test_percent_signs_and_quotes_survive(config: LocalConfig, component: Callable[..., Component]) -> None:
    odd = component("odd", "echo", '50% "of it"', environment=lambda: {"A": "100%"})
    program = rendered(config, [odd])["program:odd"]
    assert program["command"] == r'"echo" "50%% \"of it\""'
    assert program["environment"] == 'A="100%%"'


def test_no_secret_is_on_a_command_line(config: LocalConfig) -> None:
    parser = rendered(config, list(catalog(config).values()))
    secrets = [path.read_text() for path in (config.data / "secrets").iterdir()]
    assert secrets
    commands = " ".join(parser[section].get("command", "") for section in parser.sections())
    assert not [secret for secret in secrets if secret in commands]


def test_a_deep_state_folder_gets_its_socket_elsewhere(config: LocalConfig) -> None:
    deep = config.model_copy(update={"home": Path("/" + "x" * 120)})
    assert len(str(socket_path(deep))) < 100
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep).parent.stat().st_mode & 0o777 == 0o700
    socket_path(deep).parent.rmdir()


def test_states_tell_running_from_ended() -> None:
    def state(name: str) -> ProcessState:
        return ProcessState("kafka", name, 1, 0, "")

    assert state("BACKOFF").is_alive
    assert not state("BACKOFF").is_down
    assert state("FATAL").is_down
    assert state("FATAL").has_given_up
    assert not state("EXITED").has_given_up
    assert not state("STOPPING").is_alive
