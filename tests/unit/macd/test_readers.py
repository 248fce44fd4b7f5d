"""Whether everything that the pipeline reads was read to its end; nothing is believed that nobody tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from macd.clients.groups import Progress
from macd.clients.ksqldb import Query
from macd.errors import ServiceUnreachable
from macd.readers import Readers
from macd.rescue.caught_up import everything_is_read
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

SPEC = load_pipeline(REPOSITORY / "include", "local")
QUERIES = [Query(f"CSAS_{spec.source}_{spec.order}", "RUNNING", (spec.topic,)) for spec in SPEC.queries]
JOIN = next(query.query_id for query in QUERIES if query.sink_topics == ("macd_orders_payments_joined",))
SINK = "connect-macd-orders-payments-mongodb-sink"
AT_THE_END, BEHIND = Progress(5, 0), Progress(4, 1)


class Groups:
    """Every reader of the pipeline has read all that it reads; `changed` is what is otherwise, by group."""

    def __init__(self, **changed: dict[str, Progress]) -> None:
        self._at: dict[str, dict[str, Progress]] = {}
        for spec, query in zip(SPEC.queries, QUERIES, strict=True):
            self._at[f"query_{query.query_id}"] = dict.fromkeys(SPEC.topics_read(spec), AT_THE_END)
        for connector in SPEC.connectors:
            self._at[f"connect-{connector.name}"] = dict.fromkeys(connector.topics, AT_THE_END)
        for group, progress in changed.items():
            self._at[group].update(progress)
        self.open: set[str] = set()

    def has_open_transaction(self, topics: set[str]) -> bool:
        return bool(topics & self.open)

    def names(self) -> list[str]:
        return list(self._at)

    def progress(self, group: str, topics: list[str] | None = None) -> dict[str, Progress]:
        return {topic: at for topic, at in self._at[group].items() if topics is None or topic in topics}

    def is_empty(self, topic: str) -> bool:
        return False

    def forget(self, group: str) -> Groups:
        del self._at[group]
        return self


def readers(groups: Groups, queries: list[Query] = QUERIES) -> Readers:
    connect = SimpleNamespace(consumer_group=lambda name: f"connect-{name}", offsets=lambda _: None)
    ksqldb = SimpleNamespace(server=lambda: SimpleNamespace(service_id=""), queries=lambda: queries)
    pipeline: Any = SimpleNamespace(spec=SPEC, connect=connect, ksqldb=ksqldb)
    found: Any = groups
    return Readers(pipeline, found)


def test_all_were_read_to_their_ends() -> None:
    assert readers(Groups()).have_caught_up()


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param(Groups(**{SINK: {"macd_orders_payments_joined": BEHIND}}), id="a sink is behind"),
        pytest.param(Groups(**{f"query_{JOIN}": {"macd_orders": BEHIND}}), id="a query is behind"),
        pytest.param(
            Groups(**{f"query_{JOIN}": {"query-Join-repartition": BEHIND}}),
            id="a query is behind on a topic of its own",
        ),
        pytest.param(Groups().forget(SINK), id="a sink has committed nothing"),
    ],
)
def test_a_reader_that_is_behind_may_still_bring_something(groups: Groups) -> None:
    assert not readers(groups).have_caught_up()


@pytest.mark.parametrize("topic", ["macd_orders", "macd_orders_payments_joined", "macd_paid_orders"])
def test_what_is_behind_an_open_transaction_may_still_come(topic: str) -> None:
    """Who reads only what is committed is at the end, as far as anybody can see."""
    groups = Groups()
    groups.open.add(topic)
    assert not readers(groups).have_caught_up()


def test_a_query_that_is_not_there_may_come_back() -> None:
    assert not readers(Groups(), [query for query in QUERIES if query.query_id != JOIN]).have_caught_up()


def test_what_cannot_be_asked_may_still_bring_something(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Readers) -> bool:
        raise ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")

    monkeypatch.setattr(Readers, "have_caught_up", away)
    services: Any = SimpleNamespace(mongodb=SimpleNamespace(uri=SimpleNamespace(get_secret_value=str)))
    assert not everything_is_read(SPEC, services, {})()
