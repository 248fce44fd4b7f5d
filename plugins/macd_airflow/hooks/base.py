"""What the hooks share: how a test of the connection answers, and how secrets are masked."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from macd.errors import MacdError, SpecError

Client = TypeVar("Client")
Model = TypeVar("Model", bound=BaseModel)


class ServiceHook(BaseHook, Generic[Client]):
    """A service behind the Airflow connection `conn_id`."""

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> Client:
        """The client of the service; nothing is sent yet."""
        raise NotImplementedError

    def probe(self, client: Client) -> str:
        """Asks the service something cheap; one line about it, or a MacdError."""
        raise NotImplementedError

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service answers, and what it says; for Airflow's connection test."""
        try:
            return True, self.probe(self.get_conn())
        except MacdError as error:
            return False, str(error)


def secret(value: Any) -> SecretStr:
    """`value` as a secret that Airflow's logs show as asterisks."""
    text = str(value)
    mask_secret(text)
    return SecretStr(text)


def described(model: type[Model], conn_id: str, remedy: str, **fields: Any) -> Model:
    """What a connection's fields describe; SpecError names connection and field, and quotes no value."""
    try:
        return model(**fields)
    except ValidationError as error:
        told = "; ".join(_complaint(each) for each in error.errors(include_input=False))
        raise SpecError(f"The connection {conn_id} is wrong: {told}.", remedy=remedy) from None


def _complaint(detail: ErrorDetails) -> str:
    field = ".".join(map(str, detail["loc"]))
    told = detail["msg"].removeprefix("Value error, ")
    return f"{field}: {told}" if field else told
