"""Desired state: the files under include/ as validated, frozen models."""

from macd.specs.load import load_pipeline, load_target
from macd.specs.models import (
    CheckSpec,
    ConnectorSpec,
    HttpService,
    KafkaService,
    MongoService,
    PipelineSpec,
    SchemaSpec,
    Services,
    StatementSpec,
    TargetSpec,
    TopicSettings,
    TopicSpec,
)
from macd.specs.services import resolve_connector_config, resolve_services

__all__ = [
    "CheckSpec",
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
    "resolve_connector_config",
    "resolve_services",
]
