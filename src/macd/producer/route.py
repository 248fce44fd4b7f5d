"""Where a run's records go: topic, join, sink, collection, taken from the pipeline's own files."""

from __future__ import annotations

from typing import Any, NamedTuple

from macd.errors import SpecError
from macd.specs.models import ConnectorSpec, PipelineSpec, SchemaSpec


class Route(NamedTuple):
    """Names along the way; the schemas are include/'s definitions of the two record values.

    `by_order` are database and name of every collection whose documents have an order's id.
    """

    orders_topic: str
    payments_topic: str
    joined_topic: str
    dead_letter_topic: str | None
    database: str
    collection: str
    by_order: tuple[tuple[str, str], ...]
    order_schema: dict[str, Any]
    payment_schema: dict[str, Any]

    @property
    def sources(self) -> tuple[str, str]:
        """The topics that the producer writes."""
        return (self.orders_topic, self.payments_topic)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic along the way."""
        behind = (self.joined_topic, self.dead_letter_topic)
        return (*self.sources, *(topic for topic in behind if topic is not None))


def route_of(pipeline: PipelineSpec) -> Route:
    """The route of orders and payments through `pipeline`."""
    order, payment = _schema(pipeline, "Order"), _schema(pipeline, "Payment")
    sink = _sink(pipeline)
    return Route(
        orders_topic=_topic(order),
        payments_topic=_topic(payment),
        joined_topic=sink.topics[0],
        dead_letter_topic=sink.dead_letter_topic,
        database=sink.database,
        collection=sink.collection,
        by_order=tuple(
            (each.database, each.collection)
            for each in pipeline.connectors
            if each.stores in ("joined_orders", "payment_mismatches")
        ),
        order_schema=order.definition,
        payment_schema=payment.definition,
    )


def _topic(schema: SchemaSpec) -> str:
    return schema.subject.removesuffix("-value")


def _schema(pipeline: PipelineSpec, record: str) -> SchemaSpec:
    for schema in pipeline.schemas:
        if schema.subject.endswith("-value") and schema.definition.get("name") == record:
            return schema
    raise SpecError(
        f"include/schemas holds no value schema with the record name {record}.",
        remedy=f"Name the record of the topic's value schema {record}.",
    )


def _sink(pipeline: PipelineSpec) -> ConnectorSpec:
    sinks = [connector for connector in pipeline.connectors if connector.stores == "joined_orders"]
    if len(sinks) != 1:
        names = ", ".join(connector.name for connector in sinks) or "none"
        raise SpecError(
            f"include/connectors declares {len(sinks)} connectors that store joined_orders ({names}).",
            remedy="A run is verified in one collection; declare exactly one such sink connector.",
        )
    return sinks[0]
