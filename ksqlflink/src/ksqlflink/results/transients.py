"""Flink jobs of push queries: started for a client, removed with their topic when it is gone.

They are in the catalogue while they run, so that what a killed server left behind is removed when it starts
again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ksqlflink.catalogue.model import FlinkJob
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.errors import BadStatement, KsqlError, ServerProblem
from ksqlflink.flink.cluster import FlinkCluster
from ksqlflink.flink.gateway import FlinkRefusal, SqlGateway
from ksqlflink.services.topics import Topic, Topics

_LOG = logging.getLogger(__name__)
_END_SECONDS = 15.0
# Rows go out at once and nothing is kept: there is nobody to go on after a failure.
_SETTINGS = {
    "execution.checkpointing.interval": "1h",
    "execution.checkpointing.mode": "AT_LEAST_ONCE",
    "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
    "state.backend.type": "hashmap",
}


class TransientJobs(Protocol):
    """What push queries need of the query engine."""

    def start(self, query_id: str, job_id: str, topic: Topic, job: FlinkJob) -> None:
        """Create a topic and the job that writes it."""

    def end(self, query_id: str) -> None:
        """Remove job and topic."""

    def failure(self, query_id: str) -> str | None:
        """Return why the job is over, None while it goes on."""


@dataclass
class FlinkTransients:
    """Push queries on a Flink cluster."""

    catalogue: Catalogue
    topics: Topics
    cluster: FlinkCluster
    gateway: SqlGateway

    def start(self, query_id: str, job_id: str, topic: Topic, job: FlinkJob) -> None:
        """Create a topic and the job that writes it."""
        self.catalogue.add_transient(query_id, job_id, topic.name)
        try:
            self.topics.create(topic)
            settings = {"$internal.pipeline.job-id": job_id, "pipeline.name": query_id}
            self.gateway.submit(job, {**_SETTINGS, **settings})
        except FlinkRefusal as error:
            self.end(query_id)
            raise BadStatement(f"Flink does not accept the query: {error.message}", query_id) from error
        except KsqlError:
            self.end(query_id)
            raise

    def end(self, query_id: str) -> None:
        """Remove job and topic."""
        found = self.catalogue.transient(query_id)
        if found is None:
            return
        job_id, topic = found
        self.cluster.cancel(job_id, _END_SECONDS)
        if self.topics.find(topic) is not None:
            self.topics.delete(topic)
        self.catalogue.remove_transient(query_id)

    def failure(self, query_id: str) -> str | None:
        """Return why the job is over, None while it goes on."""
        found = self.catalogue.transient(query_id)
        if found is None:
            return "it was ended"
        try:
            job = self.cluster.job(found[0])
        except ServerProblem:
            return None  # the cluster does not answer at the moment
        if job is None or job.ended:
            return self.cluster.failure(found[0]) or "Flink does not run it any more"
        return None

    def clear(self, query_ids: Iterable[str]) -> None:
        """Remove what an earlier server left behind."""
        for query_id in query_ids:
            try:
                self.end(query_id)
            except KsqlError as error:
                _LOG.warning("%s is not gone yet: %s", query_id, error.message)
