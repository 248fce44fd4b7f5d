"""The pipeline's data as Airflow assets: what a run updates, and what other DAGs can be scheduled by.

An address names the Airflow Connection, not the host behind it: the same on every target, no secret in it.
The names are written down here because DAG files read nothing while they are parsed; a test holds them
against include/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import Asset, Context

from macd_airflow.hooks.services import ConnectionIds

_IDS = ConnectionIds()


def _topic(name: str) -> Asset:
    return Asset(name=name, uri=f"kafka://{_IDS.kafka}/{name}", group="macd")


def _collection(database: str, name: str) -> Asset:
    return Asset(name=name, uri=f"mongodb://{_IDS.mongodb}/{database}/{name}", group="macd")


ORDERS = _topic("macd_orders")
PAYMENTS = _topic("macd_payments")
JOINED_ORDERS = _collection("macd", "orders_payments_joined")
PAYMENT_MISMATCHES = _collection("macd", "payment_mismatches")
HOURLY_REVENUE = _collection("macd", "hourly_revenue")
COLLECTIONS = (JOINED_ORDERS, PAYMENT_MISMATCHES, HOURLY_REVENUE)


def announce(context: Context, outlets: Iterable[Any], news: Mapping[str, Mapping[str, Any]]) -> None:
    """Adds what is known (by asset name) to the events of those outlets that the task really has.

    Airflow emits an event for each outlet when the task succeeds; this only gives it its metadata.
    """
    for asset in outlets:
        if isinstance(asset, Asset) and asset.name in news:
            context["outlet_events"][asset].extra.update(news[asset.name])
