"""Plans the indexes of the collection, which the sink itself does not make, and of the incident book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from macd.clients.mongodb import connected
from macd.plan.changes import Change, Create, NoOp, Plan, Update
from macd.specs.endpoints import MongoService
from macd.specs.models import PipelineSpec, Stores

# By what a collection stores: names and fields. Of joined orders the range first, then all that the charts
# add up: such a query never has to read a document. The others are read by time. By order_id a run's orders
# are found under another _id.
NAME = "macd_sales"
FIELDS = ("order_time", "order_total", "payment_method", "payment_amount", "order_id")
_BY_ORDER = ("macd_order", ("order_id",))
SINK_INDEXES: dict[Stores, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "joined_orders": ((NAME, FIELDS), _BY_ORDER),
    "payment_mismatches": (("macd_time", ("order_time",)), _BY_ORDER),
    "hourly_revenue": (("macd_hour", ("hour", "payment_method")),),
}
# Every task that ends asks what is open about its subjects; the dashboard, what is open at all.
BOOK = "incidents"
BOOK_INDEXES = {"macd_subject": ("subject", "closed_at"), "macd_open": ("closed_at", "opened_at")}


class _Index(NamedTuple):
    database: str
    collection: str
    name: str
    fields: tuple[str, ...]


def plan_indexes(pipeline: PipelineSpec, service: MongoService) -> Plan:
    """Those of each connector's collection and two on the incidents; what is there is left alone."""
    return Plan.of(_changes(pipeline, service))


def _changes(pipeline: PipelineSpec, service: MongoService) -> Iterator[Change]:
    for index in _wanted(pipeline, service):
        with connected(service) as database:
            found = database.client[index.database][index.collection].index_information()
        yield _change(index, found.get(index.name), service)


def _change(index: _Index, found: Mapping[str, Any] | None, service: MongoService) -> Change:
    resource = f"index {index.collection}.{index.name}"
    if found is None:
        return Create(resource, (", ".join(index.fields),), partial(_create, index, service))
    if tuple(field for field, _ in found["key"]) == index.fields:
        return NoOp(resource)
    return Update(resource, (f"now over {', '.join(index.fields)}",), partial(_replace, index, service))


def _wanted(pipeline: PipelineSpec, service: MongoService) -> Iterator[_Index]:
    for sink in pipeline.connectors:
        for index in SINK_INDEXES[sink.stores]:
            yield _Index(sink.database, sink.collection, *index)
    for name, fields in BOOK_INDEXES.items():
        yield _Index(service.database, BOOK, name, fields)


def _create(index: _Index, service: MongoService) -> None:
    with connected(service) as database:
        keys = [(field, 1) for field in index.fields]
        database.client[index.database][index.collection].create_index(keys, name=index.name)


def _replace(index: _Index, service: MongoService) -> None:
    with connected(service) as database:
        database.client[index.database][index.collection].drop_index(index.name)
    _create(index, service)
