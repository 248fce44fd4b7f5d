"""Plans the index of the collection, which the sink itself does not make."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from macd.clients.mongodb import connected
from macd.plan.changes import Change, Create, NoOp, Plan
from macd.specs.models import ConnectorSpec, MongoService, PipelineSpec

# The range first, then all that the charts add up: such a query never has to read a document.
NAME = "macd_sales"
FIELDS = ("order_time", "order_total", "payment_method", "payment_amount")


def plan_indexes(pipeline: PipelineSpec, service: MongoService) -> Plan:
    """One index on the collection of each connector; one that is there is left alone."""
    return Plan.of(_changes(pipeline, service))


def _changes(pipeline: PipelineSpec, service: MongoService) -> Iterator[Change]:
    with connected(service) as database:
        for spec in pipeline.connectors:
            found = database.client[spec.database][spec.collection].index_information()
            resource = f"index {spec.collection}.{NAME}"
            if NAME in found:
                yield NoOp(resource)
            else:
                yield Create(resource, (", ".join(FIELDS),), partial(_create, spec, service))


def _create(spec: ConnectorSpec, service: MongoService) -> None:
    with connected(service) as database:
        keys = [(field, 1) for field in FIELDS]
        database.client[spec.database][spec.collection].create_index(keys, name=NAME)
