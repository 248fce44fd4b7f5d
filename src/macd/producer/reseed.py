"""What a scheduled run asks for, when nobody is there to fill in the form."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from macd.errors import SpecError
from macd.producer.parameters import SeedParameters

PREFIX = "MACD_RESEED_"


class ReseedDefaults(SeedParameters, BaseSettings):
    """The defaults of `macd_reseed`: MACD_RESEED_ORDERS and so on, one variable a parameter."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    keep_days: int | None = Field(None, ge=1, le=3650)

    @classmethod
    def load(cls) -> ReseedDefaults:
        """The environment's values; a SpecError names the variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            # What concerns several values together has no place of its own.
            name = str(first["loc"][0]).upper() if first["loc"] else "*_SHARE"
            raise SpecError(
                f"{PREFIX}{name} cannot be used: {first['msg']}.",
                remedy=f"Set {PREFIX}{name} to a value that the form of macd_reseed takes, or unset it.",
            ) from error
