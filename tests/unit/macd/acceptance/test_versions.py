"""The other versions of the pipeline that the kit deploys, and what has to be blocked."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from macd.acceptance.deploying import joining, refuses, with_longer_grace, with_statement
from macd.acceptance.evolving import OPTIONAL, with_field
from macd.errors import AcceptanceFailed, SpecError
from macd.plan import Blocked, Create, NoOp, Plan
from macd.settings import REPOSITORY
from macd.specs.statements import same_statement


def test_only_the_grace_period_of_the_join_is_changed(pipeline):
    join = joining(pipeline)
    assert join.source == "MACD_ORDERS_PAYMENTS_JOINED"
    changed = with_longer_grace(join)
    assert "WITHIN 24 HOURS GRACE PERIOD 25 HOURS" in changed.sql
    assert not same_statement(changed.sql, join.sql)
    assert same_statement(changed.sql.replace("25 HOURS", "24 HOURS"), join.sql)
    assert (changed.topic, changed.reads, changed.properties) == (join.topic, join.reads, join.properties)


def test_a_changed_statement_takes_the_place_of_its_source(pipeline):
    changed = with_longer_grace(joining(pipeline))
    version = with_statement(pipeline, changed)
    differing = [
        (old.file, new.file)
        for old, new in zip(pipeline.statements, version.statements, strict=True)
        if old != new
    ]
    assert differing == [("03_macd_orders_payments_joined.sql", "03_macd_orders_payments_joined.sql")]


def test_a_pipeline_without_a_join_is_told_so(pipeline):
    without = pipeline.model_copy(update={"statements": pipeline.statements[:2]})
    with pytest.raises(SpecError, match="holds no join WITHIN a time"):
        joining(without)


def test_version_2_of_the_orders_is_the_documented_example(pipeline):
    documented = json.loads((REPOSITORY / "docs/examples/macd_orders-value.v2.avsc").read_text())
    [fields] = [
        schema.definition["fields"]
        for schema in with_field(pipeline, OPTIONAL).schemas
        if schema.subject == "macd_orders-value"
    ]
    assert [field["name"] for field in fields] == [field["name"] for field in documented["fields"]]
    [example] = [field for field in documented["fields"] if field["name"] == OPTIONAL["name"]]
    assert {name: example[name] for name in OPTIONAL} == OPTIONAL
    payments = next(each for each in pipeline.schemas if each.subject == "macd_payments-value")
    assert payments in with_field(pipeline, OPTIONAL).schemas


def planned(*changes: Any) -> Any:
    return SimpleNamespace(plan=lambda: Plan.of(changes), apply=lambda plan: plan.apply())


def test_what_is_blocked_is_handed_back_with_its_reason():
    blocked = Blocked("stream S", reason="its statement differs.", remedy="Replace it.")
    assert refuses(planned(NoOp("topic t"), blocked), "stream S") is blocked


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((Create("stream S"),), "what is blocked is nothing"),
        ((Blocked("stream S"), Blocked("topic t")), "what is blocked is stream S, topic t"),
    ],
)
def test_more_or_less_than_that_does_not_hold(changes, told):
    with pytest.raises(AcceptanceFailed, match=f"stream S alone has to be blocked, but {told}"):
        refuses(planned(*changes), "stream S")
