"""What differs between registries, converters and ksqlDB versions is data; clients give the same answers."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
import requests_mock
import yaml

from macd.clients.ksqldb import KsqlDb
from macd.clients.registry import SchemaRegistry
from macd.errors import RequestRejected
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from macd.specs.endpoints import HttpService

URL = "http://service.test"
SCHEMA = {"type": "string"}
ASK = {
    "latest": lambda registry: registry.latest("s-value"),
    "find": lambda registry: registry.find("s-value", SCHEMA),
    "compatibility": lambda registry: registry.compatibility("s-value"),
    "register": lambda registry: registry.register("s-value", SCHEMA),
}


def exchanges(name):
    return yaml.safe_load((REPOSITORY / "tests" / "exchanges" / f"{name}.yaml").read_text())


def answering(**answer):
    session, transport = requests.Session(), requests_mock.Adapter()
    session.mount("http://", transport)
    transport.register_uri(requests_mock.ANY, requests_mock.ANY, **answer)
    return session


@pytest.mark.parametrize(
    "seen", exchanges("registry"), ids=lambda s: f"{s['registry']}-{s['ask']}-{s['body']['error_code']}"
)
def test_registries_refuse_each_in_its_way_and_mean_the_same(seen):
    session = answering(status_code=seen["status"], json=seen["body"])
    registry = SchemaRegistry(HttpService(url=URL), session)
    if seen["outcome"] == "none":
        assert ASK[seen["ask"]](registry) is None
    else:
        with pytest.raises(RequestRejected) as caught:
            ASK[seen["ask"]](registry)
        assert seen["outcome"] in caught.value.remedy


@pytest.mark.parametrize("seen", exchanges("ksqldb"), ids=lambda seen: seen["version"])
def test_a_server_of_either_way_of_counting_tells_its_version_and_state(seen):
    server = KsqlDb(HttpService(url=URL), answering(json=seen["body"])).server()
    assert (server.version, server.state) == (seen["version"], "RUNNING")


@pytest.mark.parametrize(
    ("target", "path", "converter"),
    [
        ("local", "/apis/ccompat/v7", "io.apicurio.registry.utils.converter.AvroConverter"),
        ("compose", "", "io.confluent.connect.avro.AvroConverter"),
        # Managed connectors have a format and no converter.
        ("cloud", "", None),
    ],
)
def test_base_path_converter_and_level_are_the_targets_data(target, path, converter):
    pipeline = load_pipeline(REPOSITORY / "include", target)
    url = pipeline.target.services["schema_registry"]["url"].rpartition("}")[2]
    assert urlsplit(url).path == path
    assert pipeline.target.compatibility == "BACKWARD"
    assert pipeline.target.connector_config.get("value.converter.delegate") == converter
    formats = {spec.config.get("input.data.format") for spec in pipeline.connectors}
    assert formats == ({None} if converter else {"AVRO"})
