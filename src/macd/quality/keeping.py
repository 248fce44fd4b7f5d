"""What remains of a verification: its report, or a report that says why there is none."""

from __future__ import annotations

from confluent_kafka import KafkaError
from pymongo.database import Database

from macd.clients.kafka import SERVICE as KAFKA
from macd.clients.mongodb import Document
from macd.errors import DocumentUnreadable, MacdError, RequestRejected, RunNotReproducible
from macd.producer.deletion import Deletions
from macd.quality.report import Obstacle, Report, ReportStore
from macd.quality.tries import Tries

# Kafka's words for topics, partitions and records that it has no longer.
_GONE = {
    *(KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION),
    KafkaError.OFFSET_OUT_OF_RANGE,
}


def obstacle_of(error: MacdError) -> Obstacle | None:
    """What keeps the run from being verified, now and later; None where anything else than it is to blame."""
    if isinstance(error, RunNotReproducible | DocumentUnreadable) or _is_gone(error):
        return Obstacle(reason=error.message, remedy=error.remedy)
    return None


def keep(report: Report, database: Database[Document]) -> Report:
    """Stores the report; RunBeingDeleted instead when the run is going: half gone it would look damaged.

    A deletion that begins once the first question is answered takes the report with it; of one that has ended
    by then nothing else is left.
    """
    deletions, reports = Deletions(database), ReportStore(database)
    deletions.refuse(report.run_id)
    report = reports.save(report)
    if deletions.is_over(report.run_id):
        reports.delete(report.run_id)
    deletions.refuse(report.run_id, may_be_over=True)
    if report.obstacle is None:
        Tries(database).forget(report.run_id)
    return report


def _is_gone(error: MacdError) -> bool:
    return isinstance(error, RequestRejected) and error.service == KAFKA and error.code in _GONE
