"""What lies in the topics of a join when it begins: where a table is joined, it is taken oldest first."""

from __future__ import annotations

from collections.abc import Mapping

from ksqlflink.analysis import Analysis
from ksqlflink.analysis.typed import Json
from ksqlflink.statements.world import World


def with_backlog(
    plan: Json, analysis: Analysis, starts: Mapping[str, Mapping[int, int] | None], world: World
) -> Json:
    """Return a plan that knows the last record of each partition, up to which it has to wait for older ones.

    `starts` are the offsets by partition at which each topic is begun, None for its beginning.
    """
    sources = analysis.inputs.values()
    tables = any(source.kind == "TABLE" for source in sources)
    if len(sources) < 2 or not tables:
        return plan
    last = {topic: _last(topic, begin, world) for topic, begin in starts.items()}
    inputs = [
        {**each, "last": last[source.topic]} for each, source in zip(plan["inputs"], sources, strict=True)
    ]
    return {**plan, "inputs": inputs}


def _last(topic: str, begin: Mapping[int, int] | None, world: World) -> Mapping[int, int]:
    begins = world.topics.begin_offsets(topic) if begin is None else begin
    return world.records.last(topic, begins, world.topics.end_offsets(topic))
