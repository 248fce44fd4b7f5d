"""What SHOW PROPERTIES lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ksqlflink.catalogue.model import SERVICE_ID
from ksqlflink.services.http import without_login

EDITABLE = frozenset({"ksql.streams.commit.interval.ms"})
PULL_TABLE_SCAN = "ksql.query.pull.table.scan.enabled"


@dataclass(frozen=True)
class ServerProperties:
    """The settings that have a meaning here, by ksqlDB's names; `registry_url` is the registry's."""

    registry_url: str

    def listed(self) -> Mapping[str, str]:
        """Return the settings with their values."""
        return {
            "ksql.output.topic.name.prefix": "",
            "ksql.schema.registry.url": without_login(self.registry_url),
            "ksql.service.id": SERVICE_ID,
            "ksql.streams.commit.interval.ms": "2000",
            "ksql.persistent.prefix": "query_",
        }


DEFAULTS = (
    "ksql.assert.schema.default.timeout.ms",
    "ksql.assert.topic.default.timeout.ms",
    "ksql.connect.url",
    "ksql.create.or.replace.enabled",
    "ksql.insert.into.values.enabled",
    "ksql.output.topic.name.prefix",
    "ksql.persistence.default.format.key",
    "ksql.persistence.default.format.value",
    "ksql.persistent.prefix",
    "ksql.pull.queries.enable",
    "ksql.query.pull.limit.clause.enabled",
    "ksql.query.pull.range.scan.enabled",
    "ksql.query.pull.stream.enabled",
    PULL_TABLE_SCAN,
    "ksql.service.id",
    "ksql.streams.num.stream.threads",
    "ksql.transient.prefix",
    "ksql.variable.substitution.enable",
)
