"""include/preflight: limits, accepted versions, prices."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field, field_validator, model_validator

from macd.settings import REPOSITORY
from macd.specs.files import read_yaml, validate
from macd.specs.models import Spec

# What an include folder of somebody's own leaves out is taken from the package's.
DEFAULTS = REPOSITORY / "include" / "preflight"
Model = TypeVar("Model", bound=Spec)


class Limits(Spec):
    """include/preflight/limits.yaml; all in seconds."""

    clock_skew_warn_s: float = Field(gt=0)
    clock_skew_fail_s: float = Field(gt=0)
    deadline_s: float = Field(gt=0, le=300)


class VersionRule(Spec):
    """Which versions of a service will do, as a PEP 440 specifier, why not others, and where that is said."""

    accepted: str
    why: str
    page: str = Field(pattern=r"^https://")

    @field_validator("accepted")
    @classmethod
    def _is_specifier(cls, accepted: str) -> str:
        try:
            SpecifierSet(accepted)
        except InvalidSpecifier as error:
            raise ValueError(f"not a version specifier such as >=4.4: {error}") from error
        return accepted


class Price(Spec):
    """A documented list price in US dollars for one `unit`; None where no page that can be read gives it."""

    usd: float | None = Field(ge=0)
    unit: str
    page: str = Field(pattern=r"^https://")
    read: date
    note: str = ""


class Cost(Spec):
    """Something to pay for on a target: `amount` may hold {topics} and so on, `price` is a key of prices."""

    what: str
    amount: str
    price: str


class Rules(Spec):
    """All of include/preflight: `versions` by service, `prices` by what is paid for, the rest by target.

    `placements` still hold ${NAME} references (see macd.preflight.placement).
    """

    limits: Limits
    versions: dict[str, VersionRule]
    prices: dict[str, Price]
    costs: dict[str, tuple[Cost, ...]]
    placements: dict[str, dict[str, Any]]


class _Versions(Spec):
    versions: dict[str, VersionRule]


class _Prices(Spec):
    prices: dict[str, Price]
    costs: dict[str, tuple[Cost, ...]]

    @model_validator(mode="after")
    def _prices_exist(self) -> _Prices:
        unknown = {cost.price for costs in self.costs.values() for cost in costs} - set(self.prices)
        if unknown:
            raise ValueError(f"costs refer to prices that are not there: {', '.join(sorted(unknown))}")
        return self


class _Placements(Spec):
    placements: dict[str, dict[str, Any]]


def load_rules(include_dir: Path) -> Rules:
    """The rules of an include folder; raises SpecError naming file and field."""
    money = _read(include_dir, "prices.yaml", _Prices)
    return Rules(
        limits=_read(include_dir, "limits.yaml", Limits),
        versions=_read(include_dir, "versions.yaml", _Versions).versions,
        prices=money.prices,
        costs=money.costs,
        placements=_read(include_dir, "placement.yaml", _Placements).placements,
    )


def _read(include_dir: Path, name: str, model: type[Model]) -> Model:
    own = include_dir / "preflight" / name
    path = own if own.is_file() else DEFAULTS / name
    return validate(model, read_yaml(path), path)
