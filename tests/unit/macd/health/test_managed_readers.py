"""How far managed sinks and a managed ksqlDB have come: their groups have names of another kind."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from macd.clients.groups import Progress
from macd.clients.ksqldb import Query
from macd.health import observe as module
from macd.health.observe import Observer
from macd.health.state import Part, PipelineState, State
from macd.pipeline import Pipeline
from macd.plan import plan_connectors
from macd.settings import Settings
from tests.cloud.management import TOPIC_PREFIX
from tests.cloud.process import Cloud
from tests.cloud.target import ENVIRONMENT

JOINED, SINK = "macd_orders_payments_joined", "macd-orders-payments-mongodb-sink"


class Groups:
    """Those of this pipeline are 3 behind, those of another one on the same Kafka 100."""

    def __init__(self, mine: list[str], others: list[str]) -> None:
        self.at = dict.fromkeys(others, Progress(1, 100)) | dict.fromkeys(mine, Progress(7, 3))

    def names(self) -> list[str]:
        return list(self.at)

    def progress(self, group: str, topics: list[str]) -> dict[str, Progress]:
        return dict.fromkeys(topics, self.at[group])

    def progress_at(self, offsets: dict[tuple[str, int], int], topics: list[str]) -> dict[str, Progress]:
        return {topic: Progress(at, 10 - at) for (topic, _), at in offsets.items() if topic in topics}

    def is_empty(self, topic: str) -> bool:
        return False


@pytest.fixture
def pipeline(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Its connectors are on the fake; of other parts only their names matter."""
    made = Pipeline.load(Settings(target="cloud"), {**ENVIRONMENT, "MACD_CLOUD_API_URL": cloud.url})
    plan_connectors(made.spec, made.connect, made.environment).apply()
    queries = tuple(Query(f"Q_{spec.order}", "RUNNING", (spec.topic,)) for spec in made.spec.queries)
    server = SimpleNamespace(service_id=TOPIC_PREFIX)
    made.__dict__["ksqldb"] = SimpleNamespace(queries=lambda: queries, server=lambda: server)

    def section(kind: Any) -> Any:
        def names(_: Pipeline) -> list[Part]:
            found = module.parts.unknown(made, kind, "")
            return [part.model_copy(update={"state": State.OK}) for part in found]

        return names

    monkeypatch.setattr(module, "_SECTIONS", {kind: section(kind) for kind in module._SECTIONS})
    monkeypatch.setattr(module.parts, "orphans", lambda _: [])
    return made


def groups(pipeline: Pipeline) -> Groups:
    queries = [query.query_id for query in pipeline.ksqldb.queries()]
    return Groups(
        [
            *(f"connect-lcc-fake{number}" for number in range(1, 4)),
            *(f"_confluent-ksql-{TOPIC_PREFIX}query_{query}" for query in queries),
        ],
        [
            *(f"connect-{spec.name}" for spec in pipeline.spec.connectors),
            *(f"_confluent-ksql-pksqlc-otherquery_{query}" for query in queries),
        ],
    )


def look(pipeline: Pipeline, found: Groups) -> PipelineState:
    any_groups: Any = found
    return Observer(pipeline, any_groups).look()


def test_managed_readers_are_found_by_their_own_names(pipeline: Pipeline) -> None:
    state = look(pipeline, groups(pipeline))
    readers = [link for link in state.links if link.target.startswith(("connector", "query"))]
    assert len(readers) == 8
    assert {link.lag for link in readers} == {3}


def test_a_group_that_kafka_does_not_show_is_asked_for_where_the_connector_runs(
    pipeline: Pipeline, cloud: Cloud
) -> None:
    found = groups(pipeline)
    group = pipeline.connect.consumer_group(SINK)
    del found.at[str(group)]
    state = {part.key: part for part in look(pipeline, found).parts}[f"connector {SINK}"]
    assert (state.state, state.detail) == (
        State.UNKNOWN,
        "it runs, but has not committed yet that it read anything",
    )
    cloud.change(SINK, offsets={"0": 9}, observed_at=datetime.now(UTC).isoformat())
    seen = look(pipeline, found)
    lags = {(link.source, link.target): link.lag for link in seen.links}
    assert lags[f"topic {JOINED}", f"connector {SINK}"] == 1
    assert {part.state for part in seen.parts} == {State.OK}
