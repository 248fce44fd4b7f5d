"""The managed ksqlDB server: what it lets a client set, which a test may change.

As https://docs.confluent.io/platform/current/ksqldb/developer-guide/ksqldb-rest-api/is_valid_property-endpoint.html
words it; SHOW PROPERTIES as somebody has published it of a managed server.
"""

from __future__ import annotations

from typing import Any

from tests.cloud import credentials
from tests.cloud.answer import Answer
from tests.cloud.target import ENVIRONMENT

_DENIED = (
    "One or more properties overrides set locally are prohibited by the KSQL server "
    "(use UNSET to reset their default value): "
)


class KsqlApi:
    """`denied` may not be set; None when that is not listed.

    `refusal` is what the endpoint answers that tells of one property, where it is not offered.
    """

    def __init__(self) -> None:
        self.denied: list[str] | None = [
            "ksql.streams.num.stream.threads",
            "ksql.suppress.buffer.size",
            "ksql.suppress.enabled",
        ]
        self.refusal: int | None = None

    def answer(self, authorization: str | None, path: str, body: Any) -> Answer:
        user, secret = (
            ENVIRONMENT["MACD_CLOUD_KSQLDB_API_KEY"],
            ENVIRONMENT["MACD_CLOUD_KSQLDB_API_SECRET"],
        )
        if not credentials.is_basic(authorization, user, secret):
            return Answer(401, {"error_code": 40100, "message": "Unauthorized"})
        if path != "/ksql":
            return self._one(path.rpartition("/")[2])
        if body["ksql"] != "SHOW PROPERTIES;":
            return Answer(400, {"error_code": 40001, "message": "the fake knows no such statement"})
        properties: list[dict[str, str | None]] = [{"name": "ksql.service.id", "value": "pksqlc-fake1"}]
        if self.denied is not None:
            properties.append({"name": "ksql.properties.overrides.denylist", "value": ",".join(self.denied)})
        return Answer(200, [{"@type": "properties", "properties": properties}])

    def _one(self, name: str) -> Answer:
        if self.refusal:
            return Answer(self.refusal, {"error_code": self.refusal * 100, "message": "Not for you."})
        if name in (self.denied or ()):
            return Answer(
                400, {"@type": "generic_error", "error_code": 40000, "message": f"{_DENIED}[{name}]"}
            )
        return Answer(200, True)
