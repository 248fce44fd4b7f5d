"""Settings of the Flink jobs of persistent queries."""

from __future__ import annotations

# Settings of every job. A reader with isolation.level=read_committed sees a pair when the checkpoint after
# it completes; RocksDB writes only what changed since the one before, and its memory is bounded. Most
# look-ups find nothing (a key is new, its partner not there yet): the Bloom filter answers those at once.
JOB_SETTINGS = {
    "execution.runtime-mode": "streaming",
    "parallelism.default": "1",
    "table.local-time-zone": "UTC",
    "pipeline.object-reuse": "true",
    "state.backend.type": "rocksdb",
    "state.backend.rocksdb.memory.fixed-per-slot": "128mb",
    "state.backend.rocksdb.use-bloom-filter": "true",
    "execution.checkpointing.interval": "1s",
    "execution.checkpointing.min-pause": "1s",
    "execution.checkpointing.incremental": "true",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.tolerable-failed-checkpoints": "1000000",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.num-retained": "2",
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "1s",
    "restart-strategy.exponential-delay.max-backoff": "15s",
}
