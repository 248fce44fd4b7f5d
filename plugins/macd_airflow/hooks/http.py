"""REST services through Airflow connections."""

from __future__ import annotations

import re
from typing import ClassVar, Generic, TypeVar
from urllib.parse import urlsplit

from airflow.sdk import Connection

from macd.clients.http import HttpClient
from macd.errors import SpecError
from macd.specs import HttpService
from macd_airflow.hooks.base import ServiceHook, described, secret

Rest = TypeVar("Rest", bound=HttpClient)
_PROTOCOLS = ("http", "https")
_PORT = re.compile(r":[^:\]]*$")


class HttpServiceHook(ServiceHook[Rest], Generic[Rest]):
    """A REST service; host may be a host name or a whole URL with a path."""

    conn_type = "http"
    client_class: ClassVar[type[HttpClient]]

    def service(self) -> HttpService:
        """URL and credentials of the service."""
        return http_service(self.get_connection(self.conn_id))

    def get_conn(self) -> Rest:
        """The service's REST client."""
        return self.client_class(self.service())  # type: ignore[return-value]


def http_service(connection: Connection) -> HttpService:
    """URL and credentials that a connection holds; the password is masked in logs."""
    return described(
        HttpService,
        connection.conn_id,
        "Set its host to the service's URL, for example https://host.example:443/path.",
        url=_url(connection),
        username=connection.login or None,
        password=secret(connection.password) if connection.password else None,
        kept_in=f"the connection {connection.conn_id}",
    )


def _url(connection: Connection) -> str:
    """The base URL. `schema` is the protocol, as in Airflow's own http connections; in a connection that
    was written as a URI it is the path."""
    if not connection.host:
        raise SpecError(
            f"The connection {connection.conn_id} has no host.",
            remedy="Set its host to the service's URL, for example https://host.example:443/path.",
        )
    schema = (connection.schema or "").strip("/")
    protocol = schema if schema in _PROTOCOLS else "http"
    host = connection.host if "://" in connection.host else f"{protocol}://{connection.host}"
    # Anywhere: a password with a / in it would end the host before its @.
    if "@" in host:
        raise SpecError(
            f"The host of the connection {connection.conn_id} holds a login, and Airflow shows hosts.",
            remedy="Put user and password into its fields login and password, and change the password.",
        )
    parts = urlsplit(host)
    port = f":{connection.port}" if connection.port and not _PORT.search(parts.netloc) else ""
    path = parts.path if schema in ("", *_PROTOCOLS) else f"{parts.path.rstrip('/')}/{schema}"
    return f"{parts.scheme}://{parts.netloc}{port}{path}".rstrip("/")
