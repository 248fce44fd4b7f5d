"""The client for the protocol that a Connect service speaks."""

from __future__ import annotations

import requests

from macd.clients.confluent_connect import ConfluentConnect
from macd.clients.connect import Connect, KafkaConnect
from macd.specs.endpoints import ConnectService
from macd.specs.models import ConnectApi

_CLIENTS: dict[ConnectApi, type[KafkaConnect] | type[ConfluentConnect]] = {
    "kafka_connect": KafkaConnect,
    "confluent_cloud": ConfluentConnect,
}


def connect_client(service: ConnectService, session: requests.Session | None = None) -> Connect:
    """A client of `service`; nothing is sent yet."""
    return _CLIENTS[service.api](service, session)
