"""Plan, then apply the same object: desired state from include/, actual state from the services."""

from macd.plan.changes import (
    Blocked,
    Change,
    Create,
    Delete,
    Ledger,
    NoOp,
    Orphan,
    Plan,
    Restart,
    Unknown,
    Update,
)
from macd.plan.connectors import plan_connector_removal, plan_connectors
from macd.plan.documents import plan_document_removal
from macd.plan.indexes import plan_indexes
from macd.plan.ledger import MongoLedger, Part, adopted_of, names, undeclared
from macd.plan.orphans import Orphans, find_orphans, plan_orphan_connectors, plan_orphan_data
from macd.plan.running import DEADLINE, plan_when_running, wait_until_running
from macd.plan.schemas import plan_schema_removal, plan_schemas
from macd.plan.streams import plan_stream_removal, plan_streams
from macd.plan.topics import plan_topic_removal, plan_topics

__all__ = [
    "DEADLINE",
    "Blocked",
    "Change",
    "Create",
    "Delete",
    "Ledger",
    "MongoLedger",
    "NoOp",
    "Orphan",
    "Orphans",
    "Part",
    "Plan",
    "Restart",
    "Unknown",
    "Update",
    "adopted_of",
    "find_orphans",
    "names",
    "plan_connector_removal",
    "plan_connectors",
    "plan_document_removal",
    "plan_indexes",
    "plan_orphan_connectors",
    "plan_orphan_data",
    "plan_schema_removal",
    "plan_schemas",
    "plan_stream_removal",
    "plan_streams",
    "plan_topic_removal",
    "plan_topics",
    "plan_when_running",
    "undeclared",
    "wait_until_running",
]
