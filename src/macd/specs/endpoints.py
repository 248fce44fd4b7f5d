"""Where a target's services are and how to log in there, with every secret filled in."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import unquote_plus

from pydantic import Field, SecretStr, field_validator, model_validator

from macd.redaction import SECRET_NAME
from macd.specs.kafka_settings import refused
from macd.specs.logins import split_login
from macd.specs.models import ConnectApi, Spec


class KafkaService(Spec):
    """How to reach Kafka; `config` is librdkafka's, secrets included, and never printed."""

    config: dict[str, SecretStr]

    @field_validator("config")
    @classmethod
    def _stays_in_the_client(cls, config: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if found := refused(config):
            raise ValueError("; ".join(found))
        return config

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat."""
        found = (value for key, value in self.config.items() if SECRET_NAME.search(key))
        return tuple(value.get_secret_value() for value in found)


class HttpService(Spec):
    """How to reach a REST service; `kept_in` says where its credentials are kept, for messages.

    A login in the URL is taken out of it, because messages quote the URL.
    """

    url: str = Field(pattern=r"^https?://[^\s@]+$")
    username: str | None = None
    password: SecretStr | None = None
    kept_in: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_credentials(cls, data: Any) -> Any:
        """Moves user and password of https://user:password@host to their own fields, unless these are set."""
        if not isinstance(data, dict) or not isinstance(data.get("url"), str):
            return data
        url, login = split_login(data["url"])
        given = {key: value for key, value in data.items() if value is not None}
        return login | given | {"url": url}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat: the password, and the login as HTTP sends it."""
        if self.password is None:
            return ()
        password = self.password.get_secret_value()
        return password, b64encode(f"{self.username}:{password}".encode()).decode()


class ConnectService(HttpService):
    """How to reach Kafka Connect; Confluent Cloud's needs environment (env-...) and cluster (lkc-...)."""

    api: ConnectApi = "kafka_connect"
    environment: str | None = None
    cluster: str | None = None

    @model_validator(mode="after")
    def _cloud_needs_a_place(self) -> ConnectService:
        if self.api == "confluent_cloud" and not (self.environment and self.cluster):
            raise ValueError("confluent_cloud needs environment (env-...) and cluster (lkc-...)")
        return self


class MongoService(Spec):
    """How to reach MongoDB; the URI may hold a password."""

    uri: SecretStr
    database: str = Field(min_length=1)

    @field_validator("uri")
    @classmethod
    def _login_is_encoded(cls, uri: SecretStr) -> SecretStr:
        split_login(uri.get_secret_value())
        return uri

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may repeat."""
        _, login = split_login(self.uri.get_secret_value(), unquote_plus)
        return (login["password"],) if "password" in login else ()


class Services(Spec):
    """The five services of a target, with secrets filled in."""

    kafka: KafkaService
    schema_registry: HttpService
    ksqldb: HttpService
    kafka_connect: ConnectService
    mongodb: MongoService
