from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from pydantic import ValidationError

from macd.errors import SpecError
from macd.producer.parameters import SeedParameters, plan_of, validated_run_id
from tests.unit.macd.fakes import seed_parameters


def test_defaults_are_500_orders_that_are_all_paid_in_time():
    plan = plan_of(SeedParameters())
    assert (plan.orders, plan.payments, plan.expected) == (500, 500, 500)


@given(seed_parameters())
def test_shares_give_exact_counts_that_fit_together(parameters):
    plan = plan_of(parameters)

    def exact(share, whole):
        return int((Decimal(str(share)) * whole).quantize(Decimal(1), ROUND_HALF_UP))

    assert plan.unpaid == exact(parameters.unpaid_share, parameters.orders)
    assert plan.mismatched <= exact(parameters.mismatch_share, parameters.orders)
    assert plan.outside_window <= exact(parameters.outside_window_share, parameters.orders)
    assert plan.unpaid + plan.mismatched + plan.outside_window <= parameters.orders
    assert plan.duplicated == exact(parameters.duplicate_share, plan.paid)
    assert plan.payments == plan.paid + plan.duplicated
    assert 0 <= plan.expected <= plan.paid


def test_a_half_is_rounded_up_as_it_is_written_in_decimals():
    assert plan_of(SeedParameters(orders=100, unpaid_share=0.145)).unpaid == 15


@pytest.mark.parametrize(
    "wrong",
    [
        {"orders": 0},
        {"orders": 1_000_001},
        {"unpaid_share": -0.1},
        {"duplicate_share": 1.1},
        {"seed": -1},
        {"order": 5},
        {"unpaid_share": 0.5, "mismatch_share": 0.3, "outside_window_share": 0.3},
    ],
)
def test_what_is_out_of_bounds_is_refused(wrong):
    with pytest.raises(ValidationError):
        SeedParameters(**wrong)


def test_every_parameter_has_a_description_for_the_form():
    assert all(field.description for field in SeedParameters.model_fields.values())


@pytest.mark.parametrize("good", ["x", "manual__2026-01-01T00:00:00+00:00", "scheduled $ {a}.b", "ä" * 250])
def test_run_ids_of_airflow_are_fine(good):
    assert validated_run_id(good) == good


@pytest.mark.parametrize("bad", ["", "a\nb", "x" * 251, "\x00"])
def test_a_run_id_that_cannot_be_printed_is_refused_with_a_remedy(bad):
    with pytest.raises(SpecError, match="printable characters"):
        validated_run_id(bad)
