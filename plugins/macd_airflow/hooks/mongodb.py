"""MongoDB through an Airflow connection of the mongo provider."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode, urlsplit

from airflow.exceptions import AirflowConfigException
from airflow.providers.mongo.hooks.mongo import MongoHook
from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.errors import SpecError
from macd.specs import MongoService
from macd_airflow.hooks.base import ServiceHook, described, secret

DEFAULT_DATABASE = "macd"


class MongoDbHook(ServiceHook[AbstractContextManager[Database[Document]]]):
    """The pipeline's database.

    The connection is one of the mongo provider: its schema is the database (macd when it is empty), its
    extra holds MongoDB's options. Where users are kept in another database, extra has to name it as
    authSource; Atlas announces that by itself.
    """

    conn_name_attr = "mongodb_conn_id"
    default_conn_name = "macd_mongodb"
    conn_type = "mongo"
    hook_name = "MongoDB (MACD pipeline)"

    def __init__(self, mongodb_conn_id: str = default_conn_name) -> None:
        super().__init__(mongodb_conn_id)

    def service(self) -> MongoService:
        """URI, options included, and database."""
        try:
            provider = MongoHook(self.conn_id)
        except AirflowConfigException as error:
            raise SpecError(
                f"The connection {self.conn_id} is not one of MongoDB: {error}.",
                remedy='Use the type mongo, and {"srv": true} in its extra for an Atlas address.',
            ) from error
        if "@" in (provider.connection.host or ""):
            raise SpecError(
                f"The host of the connection {self.conn_id} holds a login, and Airflow shows hosts.",
                remedy="Put user and password into its fields login and password, and change the password.",
            )
        options = dict(provider.extras)
        if provider.allow_insecure:
            options["tlsAllowInvalidCertificates"] = True
        uri = secret(_with_options(provider.uri, options))
        database = provider.connection.schema or DEFAULT_DATABASE
        remedy = "Correct its host, login and extra."
        return described(MongoService, self.conn_id, remedy, uri=uri, database=database)

    def get_conn(self) -> AbstractContextManager[Database[Document]]:
        """The database, in a context that closes the client."""
        return connected(self.service())

    def probe(self, client: AbstractContextManager[Database[Document]]) -> str:
        """Pings the server."""
        with client as database:
            database.command("ping")
            return f"MongoDB answers; the pipeline's database is {database.name}."


def _with_options(uri: str, options: dict[str, Any]) -> str:
    if not options:
        return uri
    query = urlencode({key: _text(value) for key, value in options.items()})
    return f"{uri}{'' if urlsplit(uri).path else '/'}?{query}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
