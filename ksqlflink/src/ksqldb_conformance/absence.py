"""Compare with a server on which some sources of the story do not exist, or on which others do."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .masking import NAME_LIST, UNORDERED

_QUOTED = re.compile(r"`([^`]+)`")


def mentioned(names: Collection[str], statement: str) -> list[str]:
    """Those of `names` (upper-case source names) that a text of any case mentions as a word."""
    return [name for name in sorted(names) if re.search(rf"\b{re.escape(name)}\b", statement, re.IGNORECASE)]


def without(value: Any, names: Collection[str], member: str = "") -> Any:
    """A body without the list entries, statuses and names in texts that are about the sources `names`."""
    if isinstance(value, str):
        return NAME_LIST.sub(lambda found: _without_names(found[1], names), value)
    if isinstance(value, dict):
        kept = value if member != "commandStatuses" else _statuses_without(value, names)
        return {name: without(item, names, name) for name, item in kept.items()}
    if isinstance(value, list):
        listed = member in UNORDERED
        return [without(item, names) for item in value if not (listed and _is_about(item, names))]
    return value


def _without_names(listed: str, names: Collection[str]) -> str:
    return "[" + ", ".join(name for name in listed.split(", ") if name not in names) + "]"


def _statuses_without(statuses: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {command: status for command, status in statuses.items() if not _is_command_on(command, names)}


def _is_command_on(command: str, names: Collection[str]) -> bool:
    found = _QUOTED.search(command)
    return found is not None and found[1] in names


def _is_about(item: Any, names: Collection[str]) -> bool:
    if isinstance(item, str):
        return item in names
    if not isinstance(item, dict):
        return False
    return item.get("name") in names or not set(names).isdisjoint(item.get("sinks", []))


def only_topics(value: Any, topics: Collection[str], member: str = "") -> Any:
    """A body whose lists of topics hold only `topics`."""
    if isinstance(value, dict):
        return {name: only_topics(item, topics, name) for name, item in value.items()}
    if isinstance(value, list):
        items = value
        if member == "topics":
            items = [item for item in value if isinstance(item, dict) and item.get("name") in topics]
        return [only_topics(item, topics) for item in items]
    return value


def only_creations(body: Any, sources: Collection[str]) -> Any:
    """A list of command statuses without what the server has ever done besides creating these sources."""
    if not isinstance(body, dict) or "commandStatuses" not in body:
        return body
    kept = {
        command: status
        for command, status in body["commandStatuses"].items()
        if command.endswith("/create") and _is_command_on(command, sources)
    }
    return {**body, "commandStatuses": kept}
