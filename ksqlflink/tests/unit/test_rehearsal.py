"""What the server plans when it starts, so that the first query of a client need not load a planner."""

from __future__ import annotations

from ksqlflink.flink.translate import Services
from ksqlflink.server import REHEARSED
from ksqlflink.testing.services import MemoryRegistry
from ksqlflink.translation import planned


def test_each_kind_of_job_is_rehearsed() -> None:
    jobs = [query.job for query in planned(REHEARSED, Services("kafka:9092", "http://r"), MemoryRegistry())]
    functions = [[name for name in ("KSQL_PROJECT", "KSQL_RUN") if name in job.insert] for job in jobs]
    assert functions == [["KSQL_PROJECT"], ["KSQL_RUN"], ["KSQL_RUN"]]
    assert [job.tables[-1].count("UNION ALL") for job in jobs[1:]] == [1, 0]
