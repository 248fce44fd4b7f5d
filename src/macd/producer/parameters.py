"""What a seeding run may ask for."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from macd.errors import SpecError

Share = Annotated[float, Field(ge=0, le=1)]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return text


RunId = Annotated[str, StringConstraints(min_length=1, max_length=250), AfterValidator(_printable)]


def validated_run_id(text: str) -> str:
    """`text` when it can name a run (1 to 250 printable characters); SpecError otherwise."""
    try:
        return TypeAdapter(RunId).validate_python(text)
    except ValidationError as error:
        raise SpecError(
            f"{text[:60]!r} cannot be a run id: {error.errors()[0]['msg']}.",
            remedy="Use 1 to 250 printable characters, for example manual__2026-01-01T00:00:00+00:00.",
        ) from error


class SeedParameters(BaseModel):
    """Parameters of one seeding run. Together with the run id they decide every record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: int = Field(500, ge=1, le=1_000_000, description="How many orders to place.")
    seed: int = Field(
        0, ge=0, le=2**31 - 1, description="Another seed gives other orders for the same run id."
    )
    unpaid_share: Share = Field(0.0, description="Share of the orders that nobody pays (0 to 1).")
    mismatch_share: Share = Field(
        0.0, description="Share of the orders whose payment differs from the total by some cents (0 to 1)."
    )
    outside_window_share: Share = Field(
        0.0, description="Share of the orders paid more than 24 hours later, too late for the join (0 to 1)."
    )
    duplicate_share: Share = Field(
        0.0, description="Share of the paid orders whose payment is sent twice (0 to 1)."
    )

    @model_validator(mode="after")
    def _shares_fit(self) -> SeedParameters:
        if self.unpaid_share + self.mismatch_share + self.outside_window_share > 1 + 1e-9:
            raise ValueError("unpaid_share, mismatch_share and outside_window_share add up to more than 1")
        return self


class Plan(NamedTuple):
    """How many of a run's orders are of which kind; each order is of one kind, duplicates come on top."""

    orders: int
    unpaid: int
    mismatched: int
    outside_window: int
    duplicated: int

    @property
    def paid(self) -> int:
        """Orders with a payment, in time or not."""
        return self.orders - self.unpaid

    @property
    def payments(self) -> int:
        """Payment messages, duplicates included."""
        return self.paid + self.duplicated

    @property
    def expected(self) -> int:
        """Orders paid within the window, which the join has to give."""
        return self.paid - self.outside_window


def plan_of(parameters: SeedParameters) -> Plan:
    """The exact counts: each share of its whole, rounded half up, and never more than is left."""
    orders = parameters.orders
    unpaid = _portion(parameters.unpaid_share, orders)
    mismatched = min(_portion(parameters.mismatch_share, orders), orders - unpaid)
    outside = min(_portion(parameters.outside_window_share, orders), orders - unpaid - mismatched)
    duplicated = _portion(parameters.duplicate_share, orders - unpaid)
    return Plan(orders, unpaid, mismatched, outside, duplicated)


def _portion(share: float, whole: int) -> int:
    # Through its decimal notation: 0.145 of 100 is 14.5 for whoever typed it, and 14.499... in binary.
    return int((Decimal(str(share)) * whole).quantize(Decimal(1), ROUND_HALF_UP))
