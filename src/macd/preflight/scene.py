"""What the checks look at: the pipeline on its target, the rules, and this machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from macd.clients.kafka import ClusterState
from macd.errors import MacdError
from macd.pipeline import Pipeline
from macd.preflight.cluster import ClusterOnce, find_cluster
from macd.preflight.rules import Rules


@dataclass(frozen=True)
class Scene:
    """Handed to every module of checks. `now` is this machine's clock in epoch seconds."""

    pipeline: Pipeline
    rules: Rules
    cluster: Callable[[], ClusterState]
    allow_region_mismatch: bool = False
    now: Callable[[], float] = time.time

    @classmethod
    def of(cls, pipeline: Pipeline, rules: Rules, *, allow_region_mismatch: bool = False) -> Scene:
        """The scene of a pipeline; Kafka is asked for its cluster once."""
        cluster = ClusterOnce(lambda: find_cluster(pipeline))
        return cls(pipeline, rules, cluster, allow_region_mismatch)

    def cluster_id(self) -> str | None:
        """The id of the Kafka cluster; None when Kafka does not say (its own checks tell why)."""
        try:
            return self.cluster().cluster_id
        except MacdError:
            return None
