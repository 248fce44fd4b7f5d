from __future__ import annotations

from dataclasses import replace

import pytest

from macd.clients.kafka import TopicState
from macd.plan import Blocked, Create, NoOp, Update, plan_topic_removal, plan_topics


class FakeKafka:
    """A cluster in a dictionary."""

    def __init__(self) -> None:
        self.state: dict[str, TopicState] = {}

    def topics(self, names):
        return {name: self.state[name] for name in names if name in self.state}

    def create(self, topic):
        self.state[topic.name] = topic

    def set_config(self, topic, config):
        state = self.state[topic]
        self.state[topic] = replace(state, config={**state.config, **config})

    def delete(self, topic):
        del self.state[topic]


@pytest.fixture
def kafka():
    return FakeKafka()


@pytest.fixture
def applied(pipeline, kafka):
    plan_topics(pipeline, kafka).apply()
    return kafka


def test_an_empty_cluster_gets_every_topic(pipeline, kafka):
    plan = plan_topics(pipeline, kafka)
    assert {type(change) for change in plan.changes} == {Create}
    plan.apply()
    assert set(kafka.state) == {topic.name for topic in pipeline.topics}


def test_a_second_run_is_all_no_ops(pipeline, applied):
    assert {type(change) for change in plan_topics(pipeline, applied).changes} == {NoOp}


def test_a_setting_that_drifted_is_set_back(pipeline, applied):
    applied.set_config("macd_orders", {"retention.ms": "1"})
    plan = plan_topics(pipeline, applied)
    assert [type(change) for change in plan.pending] == [Update]
    assert plan.pending[0].details == ("retention.ms: 1 -> 604800000",)
    plan.apply()
    assert plan_topics(pipeline, applied).pending == ()


def test_a_setting_that_is_not_ours_is_left_alone(pipeline, applied):
    applied.set_config("macd_orders", {"segment.ms": "1000"})
    assert plan_topics(pipeline, applied).pending == ()


@pytest.mark.parametrize("field", ["partitions", "replication_factor"])
@pytest.mark.parametrize("value", [7, 9])
def test_repartitioning_is_blocked_and_explained(pipeline, applied, field, value):
    applied.state["macd_orders"] = replace(applied.state["macd_orders"], **{field: value})
    [blocked] = plan_topics(pipeline, applied).pending
    assert isinstance(blocked, Blocked)
    assert str(value) in blocked.reason
    assert blocked.remedy


def test_removal_deletes_what_is_there_and_nothing_else(pipeline, applied):
    applied.create(TopicState("somebody_elses", 1, 1, {}))
    del applied.state["macd_payments"]
    plan_topic_removal(pipeline, applied).apply()
    assert set(applied.state) == {"somebody_elses"}
