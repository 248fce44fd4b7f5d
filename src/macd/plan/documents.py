"""Plans the removal of what the pipeline keeps in MongoDB."""

from __future__ import annotations

from functools import partial

from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.plan.changes import Delete, Plan
from macd.specs.models import PipelineSpec

# Beside the sink's collections: what the package keeps about runs. All are made again when they are needed.
BOOKS = (
    *("seeding_runs", "quality_reports", "runs_being_deleted", "runs_deleted", "incidents"),
    *("health_reports", "quality_rounds", "quality_tries", "run_takings", "deployed_parts"),
)


def plan_document_removal(pipeline: PipelineSpec, database: Database[Document]) -> Plan:
    """Drops the sinks' collections and the books about the runs; further collections are left alone."""
    return Plan.of(_drop(where, name, database) for where, name in existing_collections(pipeline, database))


def existing_collections(pipeline: PipelineSpec, database: Database[Document]) -> list[tuple[str, str]]:
    """Database and name of each of the pipeline's collections that there is, empty or not."""
    wanted = [(sink.database, sink.collection) for sink in pipeline.connectors]
    wanted += [(database.name, name) for name in BOOKS]
    return [(where, name) for where, name in wanted if _exists(where, name, database)]


def _exists(where: str, name: str, database: Database[Document]) -> bool:
    return name in database.client[where].list_collection_names()


def _drop(where: str, name: str, database: Database[Document]) -> Delete:
    collection = database.client[where][name]
    count = f"{collection.estimated_document_count():,} documents"
    return Delete(f"collection {where}.{name}", (count,), partial(collection.drop))
