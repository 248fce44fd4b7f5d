"""Looking at the pipeline: what a service that is down costs, and who has stopped reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from macd.clients.connect import SinkOffsets
from macd.clients.groups import Progress
from macd.clients.ksqldb import Query
from macd.errors import ServiceUnreachable
from macd.health import observe as module
from macd.health.observe import STALLED_AFTER_S, Observer, observe_patiently
from macd.health.state import Kind, Part, State
from macd.pipeline import Pipeline
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_services

SPEC = load_pipeline(REPOSITORY / "include", "local")
JOINED = "macd_orders_payments_joined"
CONNECTOR = "macd-orders-payments-mongodb-sink"
# The join's query is Q_1, those of the streams and tables behind it Q_2 and so on.
QUERIES = tuple(
    Query(f"Q_{number}", "RUNNING", (spec.topic,)) for number, spec in enumerate(SPEC.queries, start=1)
)


class Groups:
    """Consumer groups whose progress the test decides."""

    def __init__(self) -> None:
        self.empty: set[str] = set()
        self.at = {f"connect-{each.name}": Progress(10, 0) for each in SPEC.connectors}
        self.at |= {f"_confluent-ksql-x_query_{query.query_id}": Progress(5, 0) for query in QUERIES}

    def names(self) -> list[str]:
        return list(self.at)

    def progress(self, group: str, topics: list[str]) -> dict[str, Progress]:
        return dict.fromkeys(topics, self.at[group])

    def progress_at(self, offsets: dict[tuple[str, int], int], topics: list[str]) -> dict[str, Progress]:
        """As if ten records had been written to each topic."""
        return {topic: Progress(at, 10 - at) for (topic, _), at in offsets.items() if topic in topics}

    def is_empty(self, topic: str) -> bool:
        return topic in self.empty


class World:
    """An observer of services that answer what the test wants, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.groups = Groups()
        self.down: set[Kind] = set()
        sections = {kind: self._section(kind) for kind in module._SECTIONS}
        monkeypatch.setattr(module, "_SECTIONS", sections)
        self.orphans: list[Part] = []
        monkeypatch.setattr(module.parts, "orphans", lambda _: self._orphans())
        pipeline = Pipeline(SPEC, resolve_services(SPEC.target, {}), {})
        server = SimpleNamespace(service_id="x_")
        pipeline.__dict__["ksqldb"] = SimpleNamespace(queries=lambda: QUERIES, server=lambda: server)
        self.told: dict[str, SinkOffsets] = {}
        pipeline.__dict__["connect"] = SimpleNamespace(
            consumer_group=lambda connector: f"connect-{connector}", offsets=self.told.get
        )
        groups: Any = self.groups
        self.observer = Observer(pipeline, groups, lambda: self.now)

    def _section(self, kind: Kind) -> Any:
        def section(pipeline: Pipeline) -> list[Part]:
            if kind in self.down:
                raise ServiceUnreachable("Service", "no answer.", remedy="Start it.")
            names = module.parts.unknown(pipeline, kind, "")
            return [part.model_copy(update={"state": State.OK}) for part in names]

        return section

    def _orphans(self) -> list[Part]:
        if "collection" in self.down:
            raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")
        return self.orphans

    def states(self) -> dict[str, State]:
        return {part.key: part.state for part in self.observer.look().parts}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_everything_is_there_in_the_order_of_the_flow(world: World) -> None:
    state = world.observer.look()
    assert {part.state for part in state.parts} == {State.OK}
    lags = {(link.source, link.target): link.lag for link in state.links}
    assert lags[f"topic {JOINED}", f"connector {CONNECTOR}"] == 0
    assert lags["topic macd_orders", "query MACD_ORDERS_PAYMENTS_JOINED"] == 0
    assert lags["topic macd_paid_orders", "query MACD_HOURLY_REVENUE"] == 0
    assert lags["topic macd_hourly_revenue", "connector macd-hourly-revenue-mongodb-sink"] == 0
    assert (f"connector {CONNECTOR}", "collection orders_payments_joined") in lags


def test_a_service_that_is_down_makes_only_its_own_parts_unknown(world: World) -> None:
    world.down.add("schema")
    unknown = [part for part in world.observer.look().parts if part.state is State.UNKNOWN]
    assert {part.kind for part in unknown} == {"schema"}
    assert unknown[0].detail == "Service: no answer."


def test_a_reader_that_is_behind_and_does_not_move_has_stopped(world: World) -> None:
    reader = f"connect-{CONNECTOR}"
    world.groups.at[reader] = Progress(10, 7)
    assert world.states()[f"connector {CONNECTOR}"] is State.OK
    assert world.observer.waiting
    world.now += STALLED_AFTER_S
    assert world.states()[f"connector {CONNECTOR}"] is State.STALLED
    assert not world.observer.waiting
    world.groups.at[reader] = Progress(11, 6)
    assert world.states()[f"connector {CONNECTOR}"] is State.OK


def test_after_a_pause_in_looking_nobody_has_stopped_who_was_not_behind_before(world: World) -> None:
    reader = f"connect-{CONNECTOR}"
    world.observer.look()
    world.now += 10 * STALLED_AFTER_S
    world.groups.at[reader] = Progress(10, 7)
    assert world.states()[f"connector {CONNECTOR}"] is State.OK
    world.now += STALLED_AFTER_S
    assert world.states()[f"connector {CONNECTOR}"] is State.STALLED


def test_a_reader_that_never_committed_is_unknown_unless_there_is_nothing_to_read(world: World) -> None:
    del world.groups.at[f"connect-{CONNECTOR}"]
    part = next(part for part in world.observer.look().parts if part.key == f"connector {CONNECTOR}")
    assert part.state is State.UNKNOWN
    assert "has not committed yet" in part.detail
    assert world.observer.waiting
    world.groups.empty = {JOINED}
    assert set(world.states().values()) == {State.OK}
    assert not world.observer.waiting


def test_the_groups_of_another_ksqldb_on_the_same_kafka_are_not_looked_at(world: World) -> None:
    others = {f"_confluent-ksql-y_query_{query.query_id}": Progress(5, 9) for query in QUERIES}
    world.groups.at = others | world.groups.at
    lags = {link.source: link.lag for link in world.observer.look().links if "query" in link.target}
    assert set(lags.values()) == {0}


def test_a_sink_whose_group_kafka_does_not_show_is_known_by_its_service(world: World) -> None:
    del world.groups.at[f"connect-{CONNECTOR}"]
    world.told[CONNECTOR] = SinkOffsets({(JOINED, 0): 4}, datetime.now(UTC))
    lags = {(link.source, link.target): link.lag for link in world.observer.look().links}
    assert lags[f"topic {JOINED}", f"connector {CONNECTOR}"] == 6
    assert world.states()[f"connector {CONNECTOR}"] is State.OK


def test_old_news_of_a_sink_does_not_make_it_stand_still(world: World) -> None:
    """The service looks now and then; only a later look at the same place tells that a sink has stopped."""
    del world.groups.at[f"connect-{CONNECTOR}"]
    seen = datetime.now(UTC)
    world.told[CONNECTOR] = SinkOffsets({(JOINED, 0): 4}, seen)
    world.observer.look()
    world.now += 2 * STALLED_AFTER_S
    world.told[CONNECTOR] = SinkOffsets({(JOINED, 0): 4}, seen - timedelta(seconds=2 * STALLED_AFTER_S))
    assert world.states()[f"connector {CONNECTOR}"] is State.OK
    world.told[CONNECTOR] = SinkOffsets({(JOINED, 0): 4}, seen)
    assert world.states()[f"connector {CONNECTOR}"] is State.STALLED


def test_a_service_that_answers_the_second_time_is_not_unknown(world: World) -> None:
    answers = iter([False, True])
    sections: dict[Any, Any] = module._SECTIONS  # type: ignore[assignment]
    well = sections["schema"]

    def slow_once(pipeline: Pipeline) -> list[Part]:
        if next(answers, True):
            return well(pipeline)
        raise ServiceUnreachable("Service", "no answer.", remedy="Start it.")

    sections["schema"] = slow_once
    state = observe_patiently(world.observer, patience_s=0.0, look_again_s=0.0)
    assert {part.state for part in state.parts} == {State.OK}
    world.down.add("topic")
    again = observe_patiently(world.observer, patience_s=0.0, look_again_s=0.0)
    assert {part.kind for part in again.parts if part.state is State.UNKNOWN} == {"topic"}


def test_one_that_moves_or_has_caught_up_never_counts_as_stopped(world: World) -> None:
    for step in range(5):
        world.now += STALLED_AFTER_S
        world.groups.at[f"connect-{CONNECTOR}"] = Progress(10 + step, 100)
        world.groups.at["_confluent-ksql-x_query_Q_1"] = Progress(5, 0)
        assert set(world.states().values()) == {State.OK}


def test_another_readers_progress_hides_nobody_who_has_stopped(world: World) -> None:
    world.groups.at[f"connect-{CONNECTOR}"] = Progress(10, 7)
    world.groups.at["_confluent-ksql-x_query_Q_1"] = Progress(5, 9)
    world.observer.look()
    world.groups.at["_confluent-ksql-x_query_Q_1"] = Progress(8, 20)
    world.observer.look()
    assert world.observer.waiting
    world.groups.at[f"connect-{CONNECTOR}"] = Progress(11, 8)
    world.observer.look()
    assert not world.observer.waiting, "both have moved"


def test_progress_that_cannot_be_read_is_not_taken_for_none(world: World) -> None:
    world.groups.at.clear()
    world.groups.names = lambda: (_ for _ in ()).throw(  # type: ignore[method-assign]
        ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")
    )
    unknown = {part.kind for part in world.observer.look().parts if part.state is State.UNKNOWN}
    assert unknown == {"query", "connector"}


def test_an_answer_that_makes_no_sense_spoils_only_its_own_parts(world: World) -> None:
    def gone(_: Pipeline) -> list[Part]:
        raise KeyError("a topic that was deleted meanwhile")

    sections: dict[Any, Any] = module._SECTIONS  # type: ignore[assignment]
    sections["topic"] = gone
    unknown = {part.kind for part in world.observer.look().parts if part.state is State.UNKNOWN}
    assert unknown == {"topic"}


def test_what_no_file_declares_any_more_is_one_part_more_and_drifted(world: World) -> None:
    world.orphans = [Part(kind="topic", name="old", state=State.DRIFTED, detail="not declared any more")]
    assert world.states()["topic old"] is State.DRIFTED


def test_without_mongodb_it_is_unknown(world: World) -> None:
    world.down = {"collection"}
    states = world.states()
    assert states["collection orders_payments_joined"] is State.UNKNOWN
    assert states["topic macd_orders"] is State.OK
    part = next(part for part in world.observer.look().parts if part.key == "collection deployed_parts")
    assert part.state is State.UNKNOWN
    assert part.detail == "what is not declared any more is unknown: MongoDB: no answer."


def test_it_is_unknown_too_when_only_its_own_question_fails_or_takes_too_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanished() -> list[Part]:
        raise KeyError("a stream that was dropped meanwhile")

    def hang() -> list[Part]:
        assert gate.wait(30)
        return []

    gate = Event()
    monkeypatch.setattr(module, "LIMIT_S", 1.0)
    for question in (vanished, hang):
        monkeypatch.setattr(world, "_orphans", question)
        unknown = [key for key, state in world.states().items() if state is State.UNKNOWN]
        assert unknown == ["collection deployed_parts"]
    gate.set()


def test_a_service_that_hangs_is_not_asked_again_by_every_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every look of the dashboard, one in three seconds, would leave a thread behind."""
    gate, asked = Event(), []
    sections: dict[Any, Any] = module._SECTIONS  # type: ignore[assignment]
    well = sections["collection"]

    def hang(pipeline: Pipeline) -> list[Part]:
        asked.append(1)
        assert gate.wait(30)
        return well(pipeline)

    sections["collection"] = hang
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    for _ in range(5):
        unknown = [part for part in world.observer.look().parts if part.state is State.UNKNOWN]
        assert {part.kind for part in unknown} == {"collection"}
    assert len(asked) == 1
    gate.set()
    monkeypatch.setattr(module, "LIMIT_S", 5.0)
    assert set(world.states().values()) == {State.OK}
