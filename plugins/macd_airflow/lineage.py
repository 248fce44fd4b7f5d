"""What OpenLineage is told of a task: its assets under the hosts that the Connections name.

The provider drops an asset for whose scheme no installed provider has a converter, kafka:// for instance.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import Asset

from macd.specs import Services

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


def lineage_of(
    inlets: Iterable[Any], outlets: Iterable[Any], services: Services
) -> OperatorLineage[Any, Any]:
    """Inputs and outputs as OpenLineage names them; to be called by its provider only."""
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    hosts = {"kafka": _broker(services), "mongodb": _server(services)}

    def datasets(assets: Iterable[Any]) -> list[Dataset]:
        named = (_name(asset, hosts) for asset in assets if isinstance(asset, Asset))
        return [Dataset(namespace=namespace, name=name) for namespace, name in named]

    return OperatorLineage(inputs=datasets(inlets), outputs=datasets(outlets))


def _name(asset: Asset, hosts: dict[str, str]) -> tuple[str, str]:
    """Namespace and name: a topic by its name, a collection as database.collection."""
    parts = urlsplit(asset.uri)
    path = parts.path.strip("/")
    return f"{parts.scheme}://{hosts[parts.scheme]}", path.replace("/", ".")


def _broker(services: Services) -> str:
    brokers: str = services.kafka.config["bootstrap.servers"].get_secret_value()
    return brokers.split(",")[0].strip()


def _server(services: Services) -> str:
    # The part behind user and password.
    return urlsplit(services.mongodb.uri.get_secret_value()).netloc.rpartition("@")[2].split(",")[0]
