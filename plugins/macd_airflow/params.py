"""The params form of a DAG that seeds a run, from the model that checks the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param
from pydantic import ValidationError

from macd.errors import SpecError
from macd.producer.parameters import SeedParameters
from macd.producer.reseed import ReseedDefaults

MOMENT_PATTERN = r"^\d{4}-\d{2}-\d{2}T"
RUN_ID_PATTERN = r"^[\x20-\x7e]{1,250}$"


def seed_params(defaults: SeedParameters | None = None) -> dict[str, Param]:
    """One Param a field of SeedParameters, with its title, description, default and bounds."""
    given = defaults or SeedParameters()
    properties = SeedParameters.model_json_schema()["properties"]
    return {
        name: _param(name, schema | {"default": getattr(given, name)}) for name, schema in properties.items()
    }


def reseed_params() -> dict[str, Param]:
    """The same for scheduled runs, whose defaults are MACD_RESEED_ORDERS and so on, and how long to keep."""
    defaults = ReseedDefaults.load()
    keep_days = Param(
        defaults.keep_days,
        type=["null", "integer"],
        minimum=1,
        maximum=3650,
        title="Keep days",
        description="Delete what runs left in MongoDB that passed and were produced more than so many days "
        "ago. Empty: keep every run.",
    )
    return {**seed_params(defaults), "keep_days": keep_days}


def run_id_param() -> Param:
    """Which run to seed and verify; empty for one of its own."""
    return Param(
        None,
        type=["null", "string"],
        pattern=RUN_ID_PATTERN,
        title="Run id",
        description="Leave empty to use the DAG run's own id. Naming an earlier run verifies it again: "
        "a run that was seeded completely is not seeded twice.",
    )


def region_param() -> Param:
    """Whether services in different regions are only a warning."""
    return Param(
        False,
        type="boolean",
        enum=[True, False],
        title="Allow region mismatch",
        description="Go on although Kafka, ksqlDB and MongoDB are in different clouds or regions.",
    )


def range_params() -> dict[str, Param]:
    """Which runs to check: one, those of a range of time, or (all empty) those since the last time."""

    def moment(title: str, what: str) -> Param:
        return Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=MOMENT_PATTERN,
            title=title,
            description=what,
        )

    return {
        "run_id": Param(
            None,
            type=["null", "string"],
            pattern=RUN_ID_PATTERN,
            title="Run id",
            description="Check only this run. Leave all fields empty for every run since the last check.",
        ),
        "since": moment("Started since", "Check the runs that were started at this time or later."),
        "until": moment("Started before", "Check the runs that were started before this time."),
    }


def templates() -> dict[str, str]:
    """Where an operator finds the values that were entered: a template a parameter."""
    return {name: f"{{{{ params.{name} }}}}" for name in SeedParameters.model_fields}


def checked(values: Mapping[str, Any]) -> SeedParameters:
    """The entered values (numbers, or their text once rendered); SpecError if they do not fit."""
    try:
        return SeedParameters.model_validate(dict(values))
    except ValidationError as error:
        wrong = [".".join(map(str, e["loc"])) + f": {e['msg']}" for e in error.errors(include_url=False)]
        raise SpecError(
            f"These parameters cannot be used: {'; '.join(wrong)}.",
            remedy="Start a run with other parameters.",
        ) from error


def _param(name: str, schema: dict[str, object]) -> Param:
    default = schema.pop("default")
    description = str(schema.pop("description"))
    schema.setdefault("title", name.replace("_", " ").capitalize())
    return Param(default, description=description, schema=schema)
