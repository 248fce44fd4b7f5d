"""Where the local stack lives: its ports, its state folder and its cache of jars."""

from __future__ import annotations

import itertools
import shutil
from functools import cached_property
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from macd.errors import SpecError

HOST = "127.0.0.1"
REPOSITORY = Path(__file__).resolve().parents[3]
TEMPLATES = REPOSITORY / "local" / "templates"
MAVEN_PROJECTS = REPOSITORY / "local" / "maven"
ENGINE = REPOSITORY / "ksqlflink" / "java"


class LocalConfig(BaseSettings):
    """Read from MACD_LOCAL_<FIELD>; every port is a TCP port on 127.0.0.1."""

    model_config = SettingsConfigDict(
        env_prefix="MACD_LOCAL_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = REPOSITORY / ".local"
    cache: Path = REPOSITORY / ".local-cache"
    kafka_port: int = Field(9092, gt=0, lt=65536)
    kafka_controller_port: int = Field(9093, gt=0, lt=65536)
    registry_port: int = Field(8081, gt=0, lt=65536)
    connect_port: int = Field(8083, gt=0, lt=65536)
    ksqldb_port: int = Field(8088, gt=0, lt=65536)
    mongodb_port: int = Field(27017, gt=0, lt=65536)
    flink_port: int = Field(8082, gt=0, lt=65536)
    flink_rpc_port: int = Field(6123, gt=0, lt=65536)
    flink_gateway_port: int = Field(8084, gt=0, lt=65536)
    smtp_port: int = Field(1025, gt=0, lt=65536)
    airflow_port: int = Field(8080, gt=0, lt=65536)
    airflow_tasks_port: int = Field(8085, gt=0, lt=65536)

    @classmethod
    def load(cls) -> LocalConfig:
        """Read the environment; a value that is no port is a SpecError naming its variable."""
        try:
            config = cls()
        except ValidationError as error:
            first = error.errors()[0]
            variable = f"MACD_LOCAL_{str(first['loc'][0]).upper()}"
            raise SpecError(
                f"{variable}: {first['msg']}.", remedy=f"Set {variable} to a valid value or unset it."
            ) from error
        _refuse_shared_ports(config)
        return config.model_copy(update={"home": config.home.resolve(), "cache": config.cache.resolve()})

    @property
    def data(self) -> Path:
        """What survives down and up."""
        return self.home / "data"

    @property
    def logs(self) -> Path:
        """One log file a component."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Pid files, the lock, and the rendered configuration."""
        return self.home / "run"

    @cached_property
    def mongod(self) -> str | None:
        """A real MongoDB server, where one is on the PATH."""
        return shutil.which("mongod")

    def port(self, name: str) -> int:
        """The value of the field `<name>_port`."""
        value = getattr(self, f"{name}_port")
        assert isinstance(value, int)  # noqa: S101
        return value

    def variables(self) -> dict[str, str]:
        """What the templates under local/templates may name."""
        ports = {f"{name}_port": str(self.port(name)) for name in PORT_NAMES}
        folders = {"home": self.home, "data": self.data, "run": self.run, "cache": self.cache}
        return ports | {name: str(path) for name, path in folders.items()} | {"repository": str(REPOSITORY)}

    def environment(self) -> dict[str, str]:
        """The same settings as environment variables, for the processes of the stack."""
        return {f"MACD_LOCAL_{name.upper()}": str(getattr(self, name)) for name in type(self).model_fields}


def port_variable(name: str) -> str:
    """The environment variable that moves the port called `name`."""
    return f"MACD_LOCAL_{name.upper()}_PORT"


PORT_NAMES = tuple(name.removesuffix("_port") for name in LocalConfig.model_fields if name.endswith("_port"))


def _refuse_shared_ports(config: LocalConfig) -> None:
    for first, second in itertools.combinations(PORT_NAMES, 2):
        if config.port(first) == config.port(second):
            variables = f"{port_variable(first)} and {port_variable(second)}"
            message = f"{variables} are both {config.port(first)}."
            raise SpecError(message, remedy="Give each service a port of its own.")
