"""The numbers of the pipeline's health; include/checks/*.yaml of scope `pipeline` refers to them by name.

Imports nothing of macd.specs, which imports PIPELINE_FIGURE_NAMES from here.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PipelineFigures(BaseModel):
    """Counts of parts unless a name says otherwise; left over is what was made and is declared no more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics_drifted: int = Field(
        0, description="Topics that are missing, differ from include/topics, or are left over."
    )
    schemas_drifted: int = Field(
        0, description="Subjects that are missing, differ from include/schemas, or are left over."
    )
    streams_drifted: int = Field(
        0, description="Streams that are missing, differ from include/ksql, or are left over."
    )
    connectors_drifted: int = Field(
        0, description="Connectors that differ from include/connectors, or are left over."
    )
    queries_not_running: int = Field(0, description="Persistent queries that do not run.")
    queries_stalled: int = Field(0, description="Queries that are behind and have stopped reading.")
    connectors_not_running: int = Field(0, description="Connectors of which not every task runs.")
    connectors_stalled: int = Field(0, description="Connectors that are behind and have stopped reading.")
    consumer_lag: int = Field(0, description="Messages that the reader furthest behind has still to read.")
    dead_letters: int = Field(
        0, description="Orders in the dead-letter topic that are not stored, without those of deleted runs."
    )
    runs_unfinished: int = Field(
        0, description="Runs of the last week begun more than an hour ago and never completed."
    )
    minutes_since_last_run: int = Field(
        0, description="Minutes since a run was completed; 0 before the first."
    )
    runs_unreadable: int = Field(0, description="Runs whose manifests are not as this package writes them.")
    documents_of_no_run: int = Field(0, description="Documents of joined orders that belong to no known run.")
    orders_repeated: int = Field(0, description="Orders in more than one document, copies under another _id.")
    parts_unknown: int = Field(0, description="Parts whose service could not be asked.")


PIPELINE_FIGURE_NAMES = frozenset(PipelineFigures.model_fields)
