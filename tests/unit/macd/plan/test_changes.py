from __future__ import annotations

import pytest

from macd.errors import PlanBlocked
from macd.plan import Blocked, Create, NoOp, Plan


def test_apply_executes_the_pending_changes_in_order_and_reports_each():
    done: list[str] = []
    first, second = Create("a", do=lambda: done.append("a")), Create("b", do=lambda: done.append("b"))
    reported = []
    Plan.of([first, NoOp("same"), second]).apply(reported.append)
    assert done == ["a", "b"]
    assert reported == [first, second]


def test_a_blocked_change_stops_everything_before_anything_is_changed():
    done: list[str] = []
    blocked = Blocked("b", reason="it would lose data.", remedy="Do not.")
    with pytest.raises(PlanBlocked, match="b: it would lose data") as caught:
        Plan.of([Create("a", do=lambda: done.append("a")), blocked]).apply()
    assert done == []
    assert caught.value.remedy == "Do not."


def test_a_plan_of_no_ops_has_nothing_pending():
    assert Plan.of([NoOp("a"), NoOp("b")]).pending == ()


def test_each_change_is_one_line():
    plan = Plan.of([Create("topic t", ("2 partitions", "replication 1")), NoOp("topic u")])
    assert plan.render() == "+ create  topic t (2 partitions; replication 1)\n= no-op   topic u"
