"""The login in a URI, which messages that quote the URI must not show."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote


def split_login(uri: str, decoded: Callable[[str], str] = unquote) -> tuple[str, dict[str, str]]:
    """A URI without its login, and the username and password that it held, as far as it held them.

    MongoDB's clients want unquote_plus as `decoded`.

    An @ that comes later may belong to a password with a / in it, part of which would then pass for the host:
    this is a ValueError, which quotes nothing.
    """
    scheme, mark, rest = uri.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    if "@" in behind:
        raise ValueError(
            "has an @ behind its host: write %2F, %3F and %23 for / ? # in a login, and else %40"
        )
    login, _, host = authority.rpartition("@")
    username, _, password = map(decoded, login.partition(":"))
    found = {"username": username, "password": password}
    return f"{scheme}{mark}{host}{behind}", {name: value for name, value in found.items() if value}
