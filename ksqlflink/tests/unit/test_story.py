"""The recorded REST exchanges in their order, on a server whose Kafka, registry and Flink are in memory.

What Flink would have written is put into the sinks by hand; everything else is the server's own.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ksqldb_conformance.absence import only_topics
from ksqldb_conformance.codec import encode
from ksqldb_conformance.exchange import compare_exchange
from ksqldb_conformance.rest_replay import _property_names, _trimmed
from ksqldb_conformance.services import RECORDINGS
from ksqldb_conformance.story import Exchange, Response, Step, Story, load_recorded, load_story
from ksqlflink.rest.app import create_app
from ksqlflink.statements.insert_values import ValueInserter
from unit.asgi import send
from unit.fakes import Backend, Stage

pytestmark = [
    pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not at hand"),
    pytest.mark.usefixtures("jar"),
]

HOUR = 1709287200000
# Answered as recorded only by a server in another state, or over HTTP/2.
ELSEWHERE = {
    "close-query": "in test_results: the stream stays open while the next request is sent",
    "cluster-status-enabled": "recorded on a server with ksql.heartbeat.enable=true",
    "inserts-stream-http2": "HTTP/2",
    "query-stream-http2": "HTTP/2",
}
CUT_S = 0.3


@dataclass
class Replay:
    """One run of the whole story; what differs by file."""

    story: Story = field(default_factory=load_story)
    stage: Stage = field(default_factory=Stage)
    differences: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        self.set_up()
        app = create_app(Backend(self.stage))
        for step in self.story.steps:
            if step.statements:
                for statement in step.statements:
                    self.stage.run(statement)
            elif step.file not in ELSEWHERE:
                self.differences[step.file] = self.file(app, step)

    def set_up(self) -> None:
        stage = self.stage
        stage.topics.records = stage.records
        for topic in self.story.topics:
            stage.topics.add(topic.name, topic.partitions)
        for subject, schema in self.story.schemas.items():
            stage.registry.register(subject, json.dumps(schema))
        for record in self.story.inputs:
            formats, topic = self.story.formats[record.topic], record.topic
            schema = self.story.schemas.get(f"{topic}-value")
            avro = (schema, stage.registry.latest_id(f"{topic}-value")) if schema else None
            value = encode(record.value, formats.value, avro)  # type: ignore[arg-type]
            stage.records.write(topic, encode(record.key, formats.key), value, record.timestamp)

    def file(self, app: Any, step: Step) -> list[str]:
        recorded = load_recorded(RECORDINGS / "rest" / f"{step.file}.json")
        found: list[str] = []
        trim = None
        for index, exchange in enumerate(recorded.exchanges):
            if recorded.trimmed:
                trim = _property_names(exchange.response.body)
            lines = self.exchange(app, exchange, trim)
            if lines:
                found += [f"exchange {index}: {exchange.request.body}", *lines]
        for subject, schema in recorded.subjects.items():
            if self.stage.registry.latest(subject) != schema:
                found += [f"{subject}: {schema}", f"not {self.stage.registry.latest(subject)}"]
        self.fill(step.file)
        return found

    def exchange(self, app: Any, exchange: Exchange, trim: set[str] | None) -> list[str]:
        request, expected = exchange.request, exchange.response
        cut = CUT_S if expected.cut_by_client else None
        answer = send(app, request.method, request.path, request.body, request.headers, cut)
        actual = Response(status=answer.status, headers=answer.headers, body=answer.body)
        listed = set(self.story.all_topics) - set(self.story.unlisted)

        def transform(body: Any) -> Any:
            kept = only_topics(body, listed)
            return kept if trim is None else _trimmed(kept, trim)

        return compare_exchange(request, expected, actual, transform)

    def fill(self, file: str) -> None:
        """Write what the query of a file would have written."""
        if file == "ctas-no-window":
            for method, n, total in (("CARD", 2, 13.5), ("CASH", 1, 30.0)):
                self.write("BY_METHOD", {"METHOD": method, "N": n, "TOTAL": total})
        if file == "ctas-tumbling":
            for store, n, total in ((7, 2, 16.75), (8, 1, 30.0)):
                bounds = {"WS": HOUR, "WE": HOUR + 3_600_000}
                row = {"STORE_ID": store, **bounds, "N": n, "REVENUE": total}
                self.write("REVENUE_BY_HOUR", row, struct.pack(">q", HOUR))
        if file == "csas-join-grace":
            for number in (1, 2):
                self.write("PAID", {"ORDER_ID": f"o-{number}", "STORE_ID": 7})

    def write(self, name: str, row: dict[str, Any], window: bytes = b"") -> None:
        source = self.stage.catalogue.source(name)
        assert source is not None
        given = {column: {"json": value} for column, value in row.items()}
        ValueInserter(self.stage.world).write(source, {**given, "ROWTIME": {"json": HOUR}})
        listed = self.stage.records.topics[source.topic]
        listed[-1] = replace(listed[-1], key=(listed[-1].key or b"") + window)


@pytest.fixture(scope="module")
def replay(jar: Path) -> Replay:
    del jar  # push queries run in it
    found = Replay()
    found.run()
    return found


@pytest.mark.parametrize("file", [step.file for step in load_story().steps if step.file])
def test_the_answers_are_the_recorded_ones(replay: Replay, file: str) -> None:
    if file in ELSEWHERE:
        pytest.skip(ELSEWHERE[file])
    assert replay.differences[file] == [], "\n".join(replay.differences[file])
