from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException

from macd.errors import SpecError
from macd.producer.parameters import SeedParameters
from macd_airflow.params import checked, run_id_param, seed_params, templates


def test_the_form_has_every_parameter_with_the_models_defaults() -> None:
    assert ParamsDict(seed_params()).dump() == SeedParameters().model_dump()


def test_every_field_of_the_form_explains_itself_and_is_bounded() -> None:
    for name, param in seed_params().items():
        assert param.description, name
        assert param.schema["title"], name
        assert {"type", "minimum", "maximum"} <= set(param.schema), name


@pytest.mark.parametrize(
    ("name", "value"), [("orders", 0), ("orders", 1.5), ("unpaid_share", 1.1), ("seed", -1)]
)
def test_the_form_refuses_what_the_model_refuses(name: str, value: Any) -> None:
    with pytest.raises((ValueError, AirflowException)):
        seed_params()[name].resolve(value)


@pytest.mark.parametrize("value", [None, "demo", "manual__2026-01-01T00:00:00+00:00"])
def test_run_id_is_optional(value: str | None) -> None:
    assert run_id_param().resolve(value) == value


def test_rendered_text_becomes_numbers_again() -> None:
    rendered = {name: str(value) for name, value in SeedParameters(unpaid_share=0.1).model_dump().items()}
    assert set(rendered) == set(templates())
    assert checked(rendered) == SeedParameters(unpaid_share=0.1)


def test_parameters_that_contradict_each_other_are_refused_with_a_remedy() -> None:
    with pytest.raises(SpecError, match="add up to more than 1") as raised:
        checked({"unpaid_share": "0.6", "mismatch_share": "0.6"})
    assert raised.value.remedy


def test_a_wrong_parameter_is_named() -> None:
    with pytest.raises(SpecError, match="orders: Input should be greater than or equal to 1"):
        checked({"orders": "0"})
