"""Whether Docker has what the containers may take, and whether their images will do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version
from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationError

from macd.errors import EnvironmentNotReady, SpecError
from macd.settings import REPOSITORY

# The newest of Confluent's releases whose settings docker-compose.yaml was written by.
NEWEST = Version("7.9.1")
# Made of Kafka Streams 4.0.0, which may push a repartition topic to where the values are of another type.
_UNSAFE = {("cp-ksqldb-server", Version("8.0.0")): "https://issues.apache.org/jira/browse/KAFKA-19668"}
_IMAGE = re.compile(r"(?:^|/)confluentinc/(?P<name>[\w-]+):(?P<tag>\d+(\.\d+)+)")
_BASE = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)
_SMALLER = "put COMPOSE_FILE=docker-compose.yaml:docker-compose.small.yaml into .env"


class Container(BaseModel):
    """What one service may take, as `docker compose config --format json` says it."""

    image: str = ""
    mem_limit: ByteSize = ByteSize(0)
    cpus: float = 0
    restart: str = ""


class Model(BaseModel):
    """The services that would be started. The document holds passwords, so no error quotes it."""

    model_config = ConfigDict(hide_input_in_errors=True)
    services: dict[str, Container] = Field(min_length=1)

    @property
    def memory(self) -> ByteSize:
        """What all that stay may take together; airflow-init has ended before Airflow begins."""
        return ByteSize(sum(each.mem_limit for each in self.services.values() if each.restart != "no"))


def read_model(text: str) -> Model:
    """The model that `docker compose config --format json` prints."""
    try:
        return Model.model_validate_json(text)
    except ValidationError as error:
        found = [(".".join(map(str, each["loc"])) or "all of it", each["msg"]) for each in error.errors()]
        wrong = "; ".join(f"{field}: {message}" for field, message in found)
        raise SpecError(
            f"What should be the output of `docker compose config --format json` is not: {wrong}",
            remedy="Pipe that command into this one, as `make compose-check` does.",
        ) from error


def check_room(model: Model, cpus: int, memory: int) -> str:
    """One line about what Docker has and what may be taken; EnvironmentNotReady where that cannot work."""
    if not cpus or not memory:
        raise EnvironmentNotReady("Docker does not answer.", remedy="Start it; `docker info` says more.")
    large = [f"{name} ({each.cpus:g})" for name, each in model.services.items() if each.cpus > cpus]
    if large:
        raise EnvironmentNotReady(
            f"Docker has {cpus} CPU and refuses containers with more: {', '.join(large)}.",
            remedy=f"Give Docker more CPUs, or {_SMALLER}.",
        )
    has = f"Docker has {_gib(memory)} and {cpus} CPU."
    told = f"The containers may take {_gib(model.memory)} of memory; {has}"
    if model.memory > memory:
        raise EnvironmentNotReady(
            told, remedy=f"Give Docker more memory, or {_SMALLER}; `docker compose up` itself does not ask."
        )
    return told


def check_images(model: Model, docker: Path = REPOSITORY / "docker") -> Iterator[str]:
    """A warning for each of Confluent's images that is newer; SpecError for one that is not safe."""
    for where, image in _images(model, docker):
        found = _IMAGE.search(image)
        if found is None:
            continue
        tag = Version(found["tag"])
        if why := _UNSAFE.get((found["name"], tag)):
            raise SpecError(
                f"{where} {image} may join wrongly ({why}).",
                remedy=f"Take the tag that the file came with, {NEWEST}.",
            )
        if tag > NEWEST:
            yield f"{where} {image} is newer than {NEWEST}, by which docker-compose.yaml was written."


def _images(model: Model, docker: Path) -> Iterator[tuple[str, str]]:
    """Where each image is named, and its name: those of the services, and the bases of those built here."""
    for service, each in model.services.items():
        yield f"docker-compose.yaml: services.{service}.image", each.image
    for file in sorted(docker.glob("*/Dockerfile")):
        for base in _BASE.findall(file.read_text()):
            yield f"docker/{file.parent.name}/Dockerfile: FROM", base


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
