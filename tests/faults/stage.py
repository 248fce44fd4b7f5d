"""The stack that faults are played on, and the runs on it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from confluent_kafka import Producer
from pymongo.collection import Collection
from pymongo.database import Database

from macd.clients.kafka import client_config
from macd.clients.mongodb import Document
from macd.clients.records import Record, RecordReader, end_offsets
from macd.errors import MacdError
from macd.health.checkup import check_up
from macd.health.figures import PipelineFigures
from macd.producer.deletion import Deletions
from macd.producer.manifest import Manifest, offsets
from macd.producer.parameters import SeedParameters
from macd.producer.route import route_of
from macd.producer.seed import seed_run
from macd.producer.store import COLLECTION as RUNS
from macd.producer.store import RunStore
from macd.quality.report import Report
from macd.quality.takings import COLLECTION as TAKINGS
from macd.quality.verify import verify_run
from macd.repair.retention import delete_runs_before
from macd.specs import PipelineSpec, Services

DEADLINE_S = 60.0
_AT_ONCE = 4


class Stage:
    """A running stack with the pipeline on it, and one connection to its database."""

    def __init__(self, pipeline: PipelineSpec, services: Services, database: Database[Document]) -> None:
        self.pipeline = pipeline
        self.services = services
        self.database = database
        self.route = route_of(pipeline)

    @property
    def documents(self) -> Collection[Document]:
        """The joined orders."""
        return self.database[self.route.collection]

    def seed(self, run_id: str, parameters: SeedParameters) -> Manifest:
        """Produces a run as anybody would."""
        return seed_run(run_id, parameters, self.pipeline, self.services)

    def proven(self, run_ids: Sequence[str]) -> dict[str, Report]:
        """New runs, and the reports on them."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(lambda each: self.seed(each, parameters(random.Random(each))), run_ids):
                pass
        return self.prove(run_ids)

    def prove(self, run_ids: Sequence[str]) -> dict[str, Report]:
        """The reports on runs with which nothing may be wrong."""
        reports = {run_id: verify_run(run_id, self.pipeline, self.services) for run_id in run_ids}
        for report in reports.values():
            assert report.passed, report.render_text()
        return reports

    def verify(self, run_id: str, patience_s: float) -> Report | MacdError:
        """The report on a run with which something is wrong, or the error that there is instead of one."""
        try:
            return verify_run(run_id, self.pipeline, self.services, DEADLINE_S, stall_limit_s=patience_s)
        except MacdError as error:
            return error

    def delete(self, run_ids: Sequence[str]) -> None:
        """Lets runs that cannot be mended go, as retention does: no round of checks is to find them."""
        for run_id in run_ids:
            Deletions(self.database).begin(run_id)
        delete_runs_before(datetime.fromtimestamp(0, UTC), self.database, self.route)

    def every_run_counts(self) -> bool:
        """Whether the hours have to hold exactly what is known, so that too much in one is found as well."""
        known = self.database[TAKINGS].distinct("_id")
        return self.database[RUNS].find_one({"_id": {"$nin": known}}) is None

    def health(self) -> PipelineFigures:
        """The figures of the pipeline, of all runs together."""
        return check_up(self.pipeline, self.services).figures

    def note_ends(self, run_id: str) -> None:
        """Takes what was sent later for the run's, as a seeding that went on would."""
        ends = offsets(end_offsets(self.services.kafka, self.route.sources))
        change = {"$set": {"end_offsets": [each.model_dump() for each in ends]}}
        self.database[RUNS].update_one({"_id": run_id}, change)

    def manifest(self, run_id: str) -> Manifest:
        """The run's manifest as it is stored."""
        return RunStore(self.database).get(run_id)

    def send(self, topic: str, key: str, value: bytes, timestamp: int, **more: Any) -> None:
        """Writes one message, whatever it may be; returns once it is acknowledged."""
        self._producer.produce(topic, value, key, timestamp=timestamp, **more)
        assert self._producer.flush(DEADLINE_S) == 0

    def records(self, run: Manifest, topic: str) -> Iterator[Record]:
        """Everything on a topic since the run began."""
        with RecordReader(self.services.kafka, run.start_of((topic,))) as reader:
            for batch in reader.drain():
                yield from batch

    @cached_property
    def _producer(self) -> Producer:
        return Producer(
            {**client_config(self.services.kafka), "acks": "all", "partitioner": "murmur2_random"}
        )


def parameters(draw: random.Random) -> SeedParameters:
    """A small run with at least two orders of each kind."""
    return SeedParameters(
        orders=draw.randint(14, 40),
        seed=draw.randrange(1_000),
        unpaid_share=0.15,
        mismatch_share=0.15,
        outside_window_share=0.15,
        duplicate_share=0.2,
    )
