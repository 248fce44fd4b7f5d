from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

from macd.producer.route import route_of
from macd.settings import Settings
from macd.specs import load_pipeline
from macd_airflow.assets import COLLECTIONS, JOINED_ORDERS, ORDERS, PAYMENTS, announce


def test_the_names_are_those_of_include() -> None:
    settings = Settings()
    pipeline = load_pipeline(settings.include_dir, settings.target)
    route = route_of(pipeline)
    assert (ORDERS.name, PAYMENTS.name) == route.sources
    assert JOINED_ORDERS.name == route.collection
    collections = {(sink.collection, sink.database) for sink in pipeline.connectors}
    assert {(each.name, each.uri.split("/")[-2]) for each in COLLECTIONS} == collections
    assert JOINED_ORDERS.uri == f"mongodb://macd_mongodb:27017/{route.database}/{route.collection}"


def test_only_a_tasks_own_outlets_get_the_news() -> None:
    events = defaultdict(lambda: SimpleNamespace(extra={}))
    news = {"macd_orders": {"run_id": "r", "messages": 5}, "macd_payments": {"run_id": "r", "messages": 4}}
    announce({"outlet_events": events}, [ORDERS], news)
    assert {asset.name: event.extra for asset, event in events.items()} == {
        "macd_orders": {"run_id": "r", "messages": 5}
    }


def test_openlineage_names_the_collection() -> None:
    from airflow.providers.openlineage.utils.utils import translate_airflow_asset

    named = translate_airflow_asset(JOINED_ORDERS, None)  # type: ignore[arg-type]
    assert named is not None
    assert (named.namespace, named.name) == (
        "mongodb://macd_mongodb:27017",
        "macd.orders_payments_joined",
    )
