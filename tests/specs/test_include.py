"""Every file under include/ loads for every target, and what it refers to exists."""

from __future__ import annotations

import pytest

from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_services

INCLUDE = REPOSITORY / "include"
TARGETS = sorted(path.stem for path in (INCLUDE / "targets").glob("*.yaml"))


@pytest.mark.parametrize("target", TARGETS)
def test_the_pipeline_loads_and_its_references_resolve(target):
    pipeline = load_pipeline(INCLUDE, target)
    assert pipeline.topics
    assert pipeline.schemas
    assert pipeline.statements
    assert pipeline.connectors
    assert pipeline.checks


def test_every_file_in_include_belongs_to_a_kind_that_is_loaded():
    kinds = {"topics": ".yaml", "schemas": ".avsc", "ksql": ".sql", "connectors": ".json", "checks": ".yaml"}
    kinds["targets"] = kinds["preflight"] = kinds["acls"] = kinds["scale"] = ".yaml"
    strays = [
        path for path in INCLUDE.rglob("*") if path.is_file() and kinds.get(path.parent.name) != path.suffix
    ]
    assert strays == []


def test_the_local_target_needs_nothing_from_the_environment():
    services = resolve_services(load_pipeline(INCLUDE, "local").target, {})
    assert services.ksqldb.url == "http://127.0.0.1:8088"


def test_money_is_exact_to_the_cent_and_every_field_is_documented():
    def walk(schema):
        yield schema
        for field in schema.get("fields", ()):
            inner = field["type"]
            if isinstance(inner, dict) and inner.get("type") == "array":
                yield from walk(inner["items"])

    for schema in load_pipeline(INCLUDE, "local").schemas:
        for record in walk(schema.definition):
            assert record["doc"]
            for field in record["fields"]:
                assert field["doc"], field["name"]
                assert field["type"] not in ("double", "float")


@pytest.mark.parametrize("target", ["local", "compose"])
def test_sinks_tell_bad_data_from_a_server_that_is_away(target):
    pipeline = load_pipeline(INCLUDE, target)
    converter = pipeline.target.connector_config["value.converter"]
    assert converter.startswith("macd.connect.Patient"), "others make dead letters of what it waits for"
    for spec in pipeline.connectors:
        assert spec.config["errors.retry.timeout"] == "-1", "or Connect gives up and makes a dead letter"
        tolerance = {"all": "data", "none": None}[spec.config["errors.tolerance"]]
        assert spec.config.get("mongo.errors.tolerance") == tolerance
