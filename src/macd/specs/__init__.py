"""Desired state: the files under include/ as validated, frozen models."""

from macd.specs.endpoints import ConnectService, HttpService, KafkaService, MongoService, Services
from macd.specs.load import load_pipeline, load_target
from macd.specs.models import (
    CheckSpec,
    ConnectorSpec,
    PipelineSpec,
    SchemaSpec,
    StatementSpec,
    TargetSpec,
    TopicSettings,
    TopicSpec,
)
from macd.specs.services import (
    require_variables,
    resolve_connector_config,
    resolve_services,
    with_sink_variables,
)

__all__ = [
    "CheckSpec",
    "ConnectService",
    "ConnectorSpec",
    "HttpService",
    "KafkaService",
    "MongoService",
    "PipelineSpec",
    "SchemaSpec",
    "Services",
    "StatementSpec",
    "TargetSpec",
    "TopicSettings",
    "TopicSpec",
    "load_pipeline",
    "load_target",
    "require_variables",
    "resolve_connector_config",
    "resolve_services",
    "with_sink_variables",
]
