"""What the books in MongoDB say about the pipeline: runs that were given up, and dead letters."""

from __future__ import annotations

from datetime import UTC, datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.clients.records import RecordReader, begin_offsets
from macd.errors import ServiceError
from macd.producer.route import Route, route_of
from macd.producer.store import COLLECTION as RUNS
from macd.producer.store import RunStore
from macd.quality.due import given_up
from macd.quality.watch import IDS_PER_QUERY, batched
from macd.repair.affected import KnownRuns, known_runs
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec


def unfinished_runs(database: Database[Document], now: datetime) -> list[str]:
    """The runs of the last week that have not come to their end, oldest first."""
    found = database[RUNS].find(given_up(now), {"_id": 1}).sort("started_at", ASCENDING)
    return [str(run["_id"]) for run in found]


def unreadable_runs(database: Database[Document]) -> list[str]:
    """The runs whose manifests somebody has damaged."""
    return [str(run["_id"]) for run in RunStore(database).unreadable()]


def minutes_since_last_run(database: Database[Document], now: datetime) -> int:
    """Since the completion of the latest run; 0 before the first."""
    # A comparison finds dates only, so that nothing else is taken for the latest.
    complete = {"status": "complete", "completed_at": {"$gt": datetime.fromtimestamp(0, UTC)}}
    latest = database[RUNS].find(complete).sort("completed_at", DESCENDING).limit(1)
    return next((int((now - run["completed_at"]).total_seconds() // 60) for run in latest), 0)


def unsettled_orders(pipeline: PipelineSpec, services: Services, database: Database[Document]) -> list[str]:
    """The orders in the dead-letter topic that have no document; none where Kafka cannot be asked."""
    route = route_of(pipeline)
    if route.dead_letter_topic is None:
        return []
    try:
        keys = _keys(services, route.dead_letter_topic)
    except ServiceError:
        return []  # parts_unknown tells of it
    return unsettled(keys, known_runs(RunStore(database)), database, route)


def unsettled(keys: set[bytes], known: KnownRuns, database: Database[Document], route: Route) -> list[str]:
    """Which of these keys are not stored; a run that retention has deleted is not asked about any more."""
    ids = sorted(key.decode(errors="replace") for key in keys if not known.forgot(key))
    collection = database.client[route.database][route.collection]
    stored = {
        str(document["_id"])
        for batch in batched(ids, IDS_PER_QUERY)
        for document in collection.find({"_id": {"$in": batch}}, {"_id": 1})
    }
    return [order_id for order_id in ids if order_id not in stored]


def _keys(services: Services, topic: str) -> set[bytes]:
    start = begin_offsets(services.kafka, [topic])
    with RecordReader(services.kafka, start) as reader:
        return {record.key() or b"" for batch in reader.drain() for record in batch}
