"""From whom and to whom: what the connection macd_smtp says about it."""

from __future__ import annotations

from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Any, NamedTuple

from macd.errors import SpecError


class Envelope(NamedTuple):
    """Sender and recipients of a mail; plain addresses."""

    sender: str
    recipients: tuple[str, ...]

    @property
    def domain(self) -> str:
        """The sender's domain, in which message ids are made."""
        return self.sender.rpartition("@")[2]

    @classmethod
    def of(cls, connection: str, extra: Mapping[str, Any]) -> Envelope:
        """The fields `from_email` and `to_email` of a connection's extra; SpecError when one is unusable."""
        (sender, *others) = _addresses(connection, "from_email", extra)
        if others:
            raise _unusable(connection, "from_email", "holds more than one address")
        return cls(sender, _addresses(connection, "to_email", extra))


def _addresses(connection: str, field: str, extra: Mapping[str, Any]) -> tuple[str, ...]:
    value = extra.get(field) or ()
    texts = [value] if isinstance(value, str) else list(value)
    if any(not each.isprintable() for text in texts for each in str(text)):
        raise _unusable(connection, field, "holds a character that does not print, such as a line break")
    found = [address for _, address in getaddresses([str(text).replace(";", ",") for text in texts])]
    if not any(found):
        raise _unusable(connection, field, "is missing")
    for address in found:
        try:
            parsed = Address(addr_spec=address)
        except (MessageError, ValueError, IndexError):
            parsed = None
        if parsed is None or not parsed.domain:
            raise _unusable(connection, field, f"holds {address!r}, which is no mail address")
    return tuple(dict.fromkeys(found))


def _unusable(connection: str, field: str, why: str) -> SpecError:
    return SpecError(
        f"The field {field} in the extra of the connection {connection} {why}.",
        remedy=f"Set it in Airflow (Admin, Connections, {connection}), for example "
        f'{{"{field}": "data-team@example.com"}}; several recipients are separated by commas.',
    )
