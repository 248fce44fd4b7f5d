"""The target `cloud`: its variables, and what becomes of its connectors."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

from macd.errors import SpecError
from macd.pipeline import Pipeline
from macd.settings import REPOSITORY, Settings
from macd.specs import load_pipeline
from macd.specs.endpoints import MongoService
from macd.specs.services import with_sink_variables
from tests.cloud.connect import complaints
from tests.cloud.target import ENVIRONMENT

INCLUDE = REPOSITORY / "include"


@pytest.fixture
def pipeline():
    return Pipeline.load(Settings(target="cloud"), ENVIRONMENT)


def test_every_missing_variable_is_named_at_once():
    given = {name: value for name, value in ENVIRONMENT.items() if name.startswith("MACD_CLOUD_MONGODB")}
    with pytest.raises(SpecError) as caught:
        Pipeline.load(Settings(target="cloud"), given)
    missing = set(ENVIRONMENT) - set(given) - {"MACD_CLOUD_API_URL"}
    named = caught.value.remedy.removeprefix("Set the environment variables ").removesuffix(".").split(", ")
    assert set(named) == missing
    assert (
        "cloud.yaml: services.kafka.config.bootstrap.servers refers to ${MACD_CLOUD_KAFKA_BOOTSTRAP}"
        in str(caught.value)
    )
    assert "connector_config.kafka.service.account.id" in str(caught.value)


def test_kafka_is_reached_with_an_api_key_over_tls(pipeline):
    config = {key: value.get_secret_value() for key, value in pipeline.services.kafka.config.items()}
    assert (config["security.protocol"], config["sasl.mechanisms"]) == ("SASL_SSL", "PLAIN")
    assert config["sasl.username"] == ENVIRONMENT["MACD_CLOUD_KAFKA_API_KEY"]


def test_a_password_is_encoded_for_the_uri_and_sent_to_the_connector_as_it_is():
    pipeline = Pipeline.load(
        Settings(target="cloud"), {**ENVIRONMENT, "MACD_CLOUD_MONGODB_PASSWORD": "canary/mongo@pw"}
    )
    uri = pipeline.services.mongodb.uri.get_secret_value()
    assert uri.startswith("mongodb+srv://sink:canary%2Fmongo%40pw@macd.fake.mongodb.net/?")
    assert pipeline.environment["MACD_SINK_HOST"] == "macd.fake.mongodb.net"
    assert pipeline.environment["MACD_SINK_PASSWORD"] == "canary/mongo@pw"


def test_a_uri_without_a_login_leaves_it_empty():
    found = with_sink_variables({"A": "b"}, MongoService(uri="mongodb://h1:1,h2:2/db", database="macd"))
    assert found == {"A": "b", "MACD_SINK_HOST": "h1:1,h2:2", "MACD_SINK_USER": "", "MACD_SINK_PASSWORD": ""}


def test_no_secret_shows_when_the_pipeline_is_printed(pipeline):
    assert "canary" not in repr(pipeline)


def test_every_topic_is_kept_three_times(pipeline):
    assert {topic.targets["cloud"].replication_factor for topic in pipeline.spec.topics} == {3}


def test_each_connector_has_both_protocols_and_does_the_same_in_both():
    """_id from the key or from the value, and replacing: what makes a record written twice one document."""
    local, cloud = (load_pipeline(INCLUDE, target).connectors for target in ("local", "cloud"))
    for own, managed in zip(local, cloud, strict=True):
        assert managed.config["connector.class"] == "MongoDbAtlasSink"
        assert own.config["document.id.strategy"].endswith(f".{managed.config['doc.id.strategy']}")
        assert own.config["writemodel.strategy"].endswith(f".{managed.config['write.strategy']}")
        overwrite = "id.strategy.overwrite.existing"
        assert own.config.get(f"document.{overwrite}") == managed.config.get(f"doc.{overwrite}")
        shared = {"topics", "database", "collection", "errors.tolerance", "transforms"}
        assert [own.config.get(key) for key in shared] == [managed.config.get(key) for key in shared]
        assert own.dead_letter_topic == managed.dead_letter_topic


def test_keys_are_read_as_they_were_written(pipeline):
    """Order ids as strings, which become _id; a windowed key holds bytes that are no string."""
    assert {spec.name: spec.config["input.key.format"] for spec in pipeline.spec.connectors} == {
        "macd-orders-payments-mongodb-sink": "STRING",
        "macd-payment-mismatches-mongodb-sink": "STRING",
        "macd-hourly-revenue-mongodb-sink": "BYTES",
    }


def test_the_fakes_plugin_accepts_each_connector(pipeline):
    extra = {"connection.host": "h", "connection.user": "u", "connection.password": "p"}
    account = {"kafka.service.account.id": "sa-1"}
    for spec in pipeline.spec.connectors:
        assert complaints({"name": spec.name, **spec.config, **extra, **account}) == {}


def test_a_connector_without_the_targets_protocol_is_refused(tmp_path):
    for path in INCLUDE.rglob("*.*"):
        copy = tmp_path / path.relative_to(INCLUDE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text().replace('"confluent_cloud": {', '"kafka_connect": {'))
    with pytest.raises(SpecError, match=r"'apis' has no 'confluent_cloud'.*one of: kafka_connect"):
        load_pipeline(tmp_path, "cloud")


def test_the_sink_gets_the_password_that_mongodbs_clients_read_from_the_uri():
    """Airflow's MongoDB provider writes a space as + into it."""
    uri = f"mongodb+srv://{quote_plus('a b')}:{quote_plus('p+ w/@')}@c.example.net/?w=1"
    found = with_sink_variables({}, MongoService(uri=uri, database="macd"))
    assert found == {
        "MACD_SINK_HOST": "c.example.net",
        "MACD_SINK_USER": "a b",
        "MACD_SINK_PASSWORD": "p+ w/@",
    }
