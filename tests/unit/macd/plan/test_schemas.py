from __future__ import annotations

import copy

import pytest

from macd.clients.registry import RegisteredSchema, Verdict
from macd.plan import Blocked, Create, NoOp, Update, plan_schema_removal, plan_schemas

ORDERS = "macd_orders-value"


class FakeRegistry:
    """Subjects in a dictionary; `verdict` is what it says of any other schema."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict]] = {}
        self.hidden: set[str] = set()
        self.levels: dict[str, str] = {}
        self.verdict = Verdict(True, ())
        self.modes: str | None = None

    def mode(self):
        return self.modes

    def latest(self, subject):
        found = None if subject in self.hidden else self.versions.get(subject)
        return RegisteredSchema(subject, len(found), 1, found[-1]) if found else None

    def check(self, subject, definition):
        return self.verdict

    def register(self, subject, definition):
        self.versions.setdefault(subject, []).append(definition)

    def compatibility(self, subject):
        return self.levels.get(subject)

    def set_compatibility(self, subject, level):
        self.levels[subject] = level

    def subjects(self):
        return list(self.versions)

    def delete(self, subject):
        del self.versions[subject]
        self.levels.pop(subject, None)
        self.hidden.discard(subject)


@pytest.fixture
def registry():
    return FakeRegistry()


@pytest.fixture
def applied(pipeline, registry):
    plan_schemas(pipeline, registry).apply()
    return registry


def test_an_empty_registry_gets_subjects_and_their_compatibility(pipeline, registry):
    plan = plan_schemas(pipeline, registry)
    assert sum(isinstance(change, Create) for change in plan.changes) == len(pipeline.schemas)
    plan.apply()
    assert registry.levels == {schema.subject: "BACKWARD" for schema in pipeline.schemas}


def test_a_second_run_is_all_no_ops(pipeline, applied):
    assert {type(change) for change in plan_schemas(pipeline, applied).changes} == {NoOp}


def _older(applied):
    older = copy.deepcopy(applied.versions[ORDERS][0])
    older["fields"].pop()
    applied.versions[ORDERS] = [older]


def test_a_compatible_schema_becomes_the_next_version(pipeline, applied):
    _older(applied)
    [change] = plan_schemas(pipeline, applied).pending
    assert isinstance(change, Update)
    assert change.details == ("version 1 -> 2", "compatible (BACKWARD)")


def test_an_incompatible_schema_is_blocked_with_the_registrys_reason(pipeline, applied):
    _older(applied)
    applied.verdict = Verdict(False, ("READER_FIELD_MISSING_DEFAULT_VALUE: order_time",))
    [change] = plan_schemas(pipeline, applied).pending
    assert isinstance(change, Blocked)
    assert "READER_FIELD_MISSING_DEFAULT_VALUE: order_time" in change.reason


def test_a_change_of_documentation_is_called_that(pipeline, applied):
    applied.versions[ORDERS][0] = {**applied.versions[ORDERS][0], "doc": "older words"}
    [change] = plan_schemas(pipeline, applied).pending
    assert change.details == ("version 1 -> 2", "documentation only")


def test_removal_takes_the_subjects_of_our_topics_only(pipeline, applied):
    applied.versions["macd_orders_payments_joined-value"] = [{}]
    applied.versions["other-value"] = [{}]
    plan_schema_removal(pipeline, applied).apply()
    assert set(applied.versions) == {"other-value"}


def test_a_subject_that_a_killed_removal_left_hidden_is_there_again(pipeline, applied):
    applied.hidden.add(ORDERS)
    plan_schemas(pipeline, applied).apply()
    assert plan_schemas(pipeline, applied).pending == ()
    assert len(applied.versions[ORDERS]) == 1


def test_a_subject_that_one_of_several_registries_does_not_know_yet_is_left_alone(pipeline):
    """Confluent's hand a registration on to each other; messages may carry its id already."""
    registry = FakeRegistry()
    registry.modes, registry.hidden = "READWRITE", {ORDERS}
    registry.delete = None
    plan_schemas(pipeline, registry).apply()
    assert len(registry.versions[ORDERS]) == 1
