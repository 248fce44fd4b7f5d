"""Persistent queries and the Flink jobs that run them.

A query is in the catalogue before its job is first submitted, under a job id decided beforehand. Whatever
happens to this server, the job manager or the task manager, the supervisor brings the cluster back to what
the catalogue says: a missing or failed job is submitted again from its newest completed checkpoint, which
holds the offsets read, the join state and the sink's open transactions.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ksqlflink.catalogue.model import PAUSED, Query, new_job_id
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.errors import KsqlError, ServerProblem
from ksqlflink.flink.cluster import FlinkCluster, Job, exists
from ksqlflink.flink.gateway import FlinkRefusal, SqlGateway

_LOG = logging.getLogger(__name__)
_STOP_SECONDS = 30.0
_STARTING_MS = 120_000
_FAILING = ("FAILING", "RESTARTING", "SUSPENDED")
_LONGEST_PAUSE_SECONDS = 60.0
_RECORD_SECONDS = 30.0


@dataclass
class _Retry:
    """When a query whose job keeps failing may be submitted again (monotonic seconds)."""

    pause: float = 1.0
    not_before: float = 0.0

    def failed(self) -> None:
        self.not_before = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, _LONGEST_PAUSE_SECONDS)


class QueryManager:
    """Starts, stops and supervises the jobs of the catalogue's queries."""

    def __init__(
        self,
        catalogue: Catalogue,
        cluster: FlinkCluster,
        gateway: SqlGateway,
        abort_transactions: Callable[[str], None],
    ) -> None:
        """`abort_transactions` ends what a sink of the given transactional id prefix left open."""
        self._catalogue = catalogue
        self._abort_transactions = abort_transactions
        self._cluster = cluster
        self._gateway = gateway
        self._lock = threading.RLock()  # a job is submitted by one thread at a time
        self._retries: dict[str, _Retry] = {}
        self._recorded: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._replaced: set[str] = set()

    def check(self) -> None:
        """Raise ServerProblem when no job could be submitted now."""
        if not self._cluster.alive() or not self._gateway.alive():
            raise ServerProblem(
                "The Flink cluster or its SQL gateway does not answer; the query was not created"
            )

    def start(self, query: Query) -> None:
        """Start a query that the catalogue holds; FlinkRefusal when Flink does not accept it."""
        try:
            with self._lock:
                self._replaced.discard(query.id)
                if self._cluster.job(query.job_id) is None:  # else the supervisor was faster
                    self._submit(query, query.checkpoint)
        except FlinkRefusal:
            raise
        except ServerProblem as error:
            _LOG.warning("%s is not submitted yet, the supervisor will: %s", query.id, error.message)

    def _submit(self, query: Query, checkpoint: str | None) -> None:
        settings = {"$internal.pipeline.job-id": query.job_id, "pipeline.name": query.id}
        if checkpoint is not None:
            settings["execution.state-recovery.path"] = checkpoint
            settings["execution.state-recovery.claim-mode"] = "CLAIM"
            # After CREATE OR REPLACE an operator may be gone that the state still has.
            settings["execution.state-recovery.ignore-unclaimed-state"] = "true"
        self._gateway.submit(query.job, settings)
        _LOG.info("submitted %s as job %s from %s", query.id, query.job_id, checkpoint or "its start offsets")

    def stop(self, query: Query) -> None:
        """Stop the job of a query listed as stopping; the supervisor goes on trying if that fails."""
        try:
            with self._lock:
                if query not in self._catalogue.stopping():
                    return  # another thread was faster
                committed = self._cluster.stop(query.job_id, _STOP_SECONDS)
                if not committed:
                    self._abort_transactions(query.job.transactional_id_prefix)
        except ServerProblem as error:
            _LOG.warning("job %s of %s is not stopped yet: %s", query.job_id, query.id, error.message)
        else:
            self._catalogue.remove_stopping(query.job_id)
            _LOG.info(
                "stopped %s%s", query.id, "" if committed else "; what it had not committed was aborted"
            )

    def pause(self, query_id: str) -> None:
        """Stop the job of a paused query, keeping its state; the supervisor goes on trying if that fails."""
        try:
            with self._lock:
                query = self._catalogue.query(query_id)
                if query is not None and query_id in self._catalogue.paused():
                    self._rest(query)
        except ServerProblem as error:
            _LOG.warning("%s does not rest yet: %s", query_id, error.message)

    def _rest(self, query: Query) -> Query:
        """End the job of a query with its state kept; the query with the id of its next job."""
        job = self._cluster.job(query.job_id)
        if job is None:
            return query
        kept = None if job.ended else self._cluster.stop_keeping_state(query.job_id, _STOP_SECONDS)
        kept = kept or self._recovery_point(query)
        rested = replace(query, job_id=new_job_id(), checkpoint=kept)
        self._catalogue.record_job(query.id, rested.job_id, kept)
        _LOG.info("%s rests at %s", query.id, kept or "its start offsets")
        return rested

    def resume(self, query_id: str) -> None:
        """Let a query go on from the state that was kept; the supervisor goes on trying if that fails."""
        try:
            with self._lock:
                query = self._catalogue.query(query_id)
                if query is not None and self._cluster.job(query.job_id) is None:
                    self._submit(query, query.checkpoint)
        except ServerProblem as error:
            _LOG.warning("%s is not resumed yet, the supervisor will: %s", query_id, error.message)

    def replace(self, query: Query) -> Query:
        """Stop the job of a query, keeping its state, and return the query as it can be started again."""
        with self._lock:
            # The catalogue still has its old SQL, which must not be started any more.
            self._replaced.add(query.id)
            return self._rest(query)

    def states(self) -> dict[str, str]:
        """Return RUNNING, ERROR, UNRESPONSIVE or PAUSED by query id."""
        try:
            jobs = self._cluster.jobs()
        except ServerProblem:
            jobs = {}
        found = {query.id: self._state(jobs.get(query.job_id)) for query in self._catalogue.queries()}
        return found | dict.fromkeys(self._catalogue.paused() & found.keys(), PAUSED)

    def _state(self, job: Job | None) -> str:
        if job is None:
            return "UNRESPONSIVE"
        # Between two restarts a failing job is RUNNING for a moment.
        if job.ended or job.state in _FAILING or self._cluster.failure(job.id) is not None:
            return "ERROR"
        if job.running_tasks < job.tasks and job.age_ms > _STARTING_MS:
            return "UNRESPONSIVE"
        return "RUNNING"

    # -- supervision ---------------------------------------------------------------------------------------

    def supervise(self, until: threading.Event, every_seconds: float = 1.0) -> None:
        """Bring jobs back to what the catalogue says, again and again until the event is set."""
        while not until.wait(every_seconds):
            try:
                self.tick()
            except KsqlError as error:
                _LOG.warning("supervision: %s", error.message)
            except Exception:  # noqa: BLE001 - whatever it was, the other queries still need looking after
                _LOG.exception("supervision failed; going on")

    def tick(self) -> None:
        """Look at every query once."""
        if not self._cluster.alive():
            return
        for query in self._catalogue.stopping():
            self.stop(query)
        paused = self._catalogue.paused()
        for query in self._catalogue.queries():
            try:
                if query.id in paused:
                    self.pause(query.id)
                    continue
                with self._lock:
                    self._look_after(query.id)
            except ServerProblem as error:
                self._say(query, f"{query.id} cannot be looked after: {error.message}")

    def _look_after(self, query_id: str) -> None:
        query = self._catalogue.query(query_id)
        if query is None or query_id in self._replaced or query_id in self._catalogue.paused():
            return
        job = self._cluster.job(query.job_id)
        if job is None or job.ended:
            self._recover(query, job)
        elif job.state == "RUNNING":
            self._note_checkpoint(query)
        elif job.state in _FAILING:
            self._note_failure(query)

    def _note_failure(self, query: Query) -> None:
        reason = self._cluster.failure(query.job_id)
        if reason is not None:
            self._say(query, f"{query.id} fails and is restarted: {reason}")

    def _say(self, query: Query, message: str) -> None:
        """Log what is wrong with a query, once and not every second."""
        if self._said.get(query.id) != message:
            self._said[query.id] = message
            _LOG.warning("%s", message)

    def _note_checkpoint(self, query: Query) -> None:
        """Record the newest checkpoint: the first one at once, later ones now and then."""
        now = time.monotonic()
        if query.checkpoint is not None and now < self._recorded.get(query.id, 0.0) + _RECORD_SECONDS:
            return
        checkpoint = self._cluster.newest_checkpoint(query.job_id)
        if checkpoint is not None:
            self._retries.pop(query.id, None)
            self._recorded[query.id] = now
            self._catalogue.record_checkpoint(query.id, checkpoint)

    def _recover(self, query: Query, job: Job | None) -> None:
        retry = self._retries.setdefault(query.id, _Retry())
        if time.monotonic() < retry.not_before:
            return
        retry.failed()
        checkpoint = self._recovery_point(query)
        if job is not None:
            reason = self._cluster.failure(query.job_id) or job.state
            _LOG.warning("job %s of %s ended: %s", query.job_id, query.id, reason)
            self._catalogue.record_job(query.id, new_job_id(), checkpoint)
            query = self._catalogue.query(query.id) or query
        try:
            self._submit(query, checkpoint)
        except FlinkRefusal as error:
            _LOG.warning("cannot resume %s: %s", query.id, error.message)

    def _recovery_point(self, query: Query) -> str | None:
        """Return the checkpoint to resume from; None when the query never completed one."""
        found = self._cluster.newest_checkpoint_on_disk(query.job_id) or self._cluster.newest_checkpoint(
            query.job_id
        )
        checkpoint = found or query.checkpoint
        if checkpoint is not None and not exists(checkpoint):
            # Starting over would repeat every pair already written.
            raise ServerProblem(f"its checkpoint {checkpoint} is gone; drop and create it again")
        return checkpoint
