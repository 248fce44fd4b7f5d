"""Keeps secrets out of texts that others may read: one rule for every message, whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

# Names of settings and fields whose values nobody may see, whatever service they are of.
SECRET_NAME = re.compile(
    r"password|passphrase|secret|token(?!\.endpoint)|credential|private|jaas|pem|(?<![a-z])uri(?![a-z])|oauthbearer\.config|user[._]info",
    re.IGNORECASE,
)
# Up to the last @ of a word: a password in a URI may hold any character but space, also what ends a host.
_LOGIN = re.compile(r"//\S+@(?=\S)")
# A URL, a host with its port (but no time of day), or four numbers.
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s,;)'\"]+"
    r"|(?<![\w.-])[a-z][\w.-]*:\d{2,5}\b"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
    re.IGNORECASE,
)
# Shorter ones are in every text by chance.
_SHORTEST = 4


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without `secrets`, however they are written in it, and without the login of a URI."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    return _LOGIN.sub("//***@", text)


def without_addresses(text: str) -> str:
    """`text` for those who may see how a service is, but not where it is."""
    return _ADDRESS.sub("(address)", text)


def _forms(secret: str) -> Iterator[str]:
    """As it is, as in a URI, a form, JSON, and Python."""
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
