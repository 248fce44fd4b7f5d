"""ASSERT [NOT EXISTS] TOPIC and SCHEMA: waits until it is so, for a second unless TIMEOUT says otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.errors import AssertionFailed, BadStatement
from ksqlflink.statements.entities import Entity, entity
from ksqlflink.statements.world import World

_DEFAULT_MS = 1000
_POLL_SECONDS = 0.1
_KNOWN_CONFIGS = ("PARTITIONS", "REPLICAS")


@dataclass(frozen=True)
class Asserter:
    """Answers ASSERT statements."""

    world: World

    def topic(self, statement: st.AssertTopic) -> Entity:
        """ASSERT TOPIC."""
        unknown = [name for name, _ in statement.properties if name not in _KNOWN_CONFIGS]
        if unknown:
            listed = ", ".join(f"{name}: {value.text}" for name, value in statement.properties)
            raise BadStatement(
                f"Cannot assert topic with the properties {{{listed}}}: only {', '.join(_KNOWN_CONFIGS)} can "
                "be asserted",
                statement.text,
            )
        _wait(lambda: self._topic_trouble(statement), statement.timeout)
        members = {"topicName": statement.topic, "exists": statement.exists}
        return entity("assert_topic", statement.text, members)

    def _topic_trouble(self, statement: st.AssertTopic) -> str | None:
        topic = self.world.topics.find(statement.topic)
        if not statement.exists:
            return f"Topic {statement.topic} exists" if topic else None
        if topic is None:
            return f"Topic {statement.topic} does not exist"
        actual = {"PARTITIONS": topic.partitions, "REPLICAS": topic.replicas}
        wrong = [
            f"For config {name.lower()}, expected {value.text} got {actual[name]}"
            for name, value in statement.properties
            if str(actual[name]) != value.text
        ]
        listed = "\n".join(wrong)
        return f"Mismatched configuration for topic {statement.topic}: {listed}" if wrong else None

    def schema(self, statement: st.AssertSchema) -> Entity:
        """ASSERT SCHEMA."""
        if statement.subject is None and statement.schema_id is None:
            raise BadStatement(
                "ASSERT SCHEMA statements much include a subject name or an id", statement.text
            )
        _wait(lambda: self._schema_trouble(statement), statement.timeout)
        members = {"subject": statement.subject, "id": statement.schema_id, "exists": statement.exists}
        return entity("assert_schema", statement.text, members)

    def _schema_trouble(self, statement: st.AssertSchema) -> str | None:
        found = self._has_schema(statement.subject, statement.schema_id)
        if found == statement.exists:
            return None
        named = f" with subject name {statement.subject}" if statement.subject is not None else ""
        if statement.schema_id is not None:
            named += f"{' and' if named else ' with'} id {statement.schema_id}"
        return f"Schema{named} {'exists' if found else 'does not exist'}"

    def _has_schema(self, subject: str | None, schema_id: int | None) -> bool:
        registry = self.world.registry
        if schema_id is None:
            return subject is not None and registry.latest(subject) is not None
        if subject is None:
            return registry.schema(schema_id) is not None
        return schema_id in registry.ids(subject)


def _wait(trouble: Callable[[], str | None], timeout: ast.Duration | None) -> None:
    """Return when there is no trouble; AssertionFailed when there still is at the end of the timeout."""
    milliseconds = _DEFAULT_MS if timeout is None else timeout.milliseconds
    deadline = time.monotonic() + milliseconds / 1000
    while (found := trouble()) is not None:
        if time.monotonic() >= deadline:
            raise AssertionFailed(found)
        time.sleep(_POLL_SECONDS)
