"""Settings of Kafka's client that a target or a Connection may not hold: they reach beyond the client."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import SecretStr

# https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md, and those of Python's client.
_REFUSED = (
    (re.compile(r"plugin\.library\.paths|ssl\.engine\..+|ssl\.providers"), "loads code into the process"),
    (re.compile(r"sasl\.kerberos\..+"), "becomes part of a shell command (kinit)"),
    (
        re.compile(r"sasl\.oauthbearer\.assertion\.(file|jwt\.template\.file)"),
        "sends a file of this machine to the address of the token endpoint",
    ),
    (
        re.compile(r".*_cb|.*\.cb|logger|on_delivery|on_commit|opaque|default\.topic\.config"),
        "is a function or an object of a program, which no text can be",
    ),
)


def refused(config: Mapping[str, SecretStr]) -> list[str]:
    """Why each of these settings is not accepted; nothing for those that are."""
    found = [
        f"{name} {why}, and is not accepted: remove it"
        for name in config
        for pattern, why in _REFUSED
        if pattern.fullmatch(name)
    ]
    servers = config.get("bootstrap.servers")
    if servers is not None and "@" in servers.get_secret_value():
        found.append("bootstrap.servers holds a login: write it into sasl.username and sasl.password")
    return found
