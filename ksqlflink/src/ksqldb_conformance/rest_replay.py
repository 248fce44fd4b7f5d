"""Replay the recorded REST exchanges as one story and judge file by file.

The story begins on an empty stage: sources and topics of its names (orders, payments, ...) are removed first,
so let it loose only on a server whose data may go. Other sources of the server are left alone.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .absence import mentioned, only_creations, only_topics, without
from .case import Level, Shape, Topic
from .compare import compare_schemas, compare_values, text
from .exchange import HttpServer, compare_exchange
from .result import Result
from .services import OWN_RECORDINGS, Services, recordings
from .stage import Stage
from .story import (
    OWN_STORY,
    STORY,
    Exchange,
    RecordedFile,
    Request,
    Response,
    Step,
    Story,
    load_recorded,
    load_story,
)
from .streams import Streams, comparable
from .waiting import DeadlineError, wait_until
from .world import World

START_S = 60.0
THEME = "rest"
OTHERS_WOULD_END = "would end the queries of others on this server"


@dataclass(frozen=True)
class Outcome:
    """What came of a part of the story: differences, what was left out, how many exchanges were compared."""

    differences: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    compared: int = 0


Act = Callable[[], Outcome]


class StoryReplay:
    """One run of the story against one server."""

    def __init__(self, services: Services, recordings: Path, story: Story) -> None:
        self._stage = Stage(services, story.formats)
        self._streams = Streams(HttpServer(services.ksqldb))
        self._recordings = recordings
        self._story = story
        self._world = World()
        self._unordered = False

    def run(self, level: Level, report: Callable[[Result], None]) -> list[Result]:
        """Replay the files of `level` in order, reporting each verdict as it falls.

        An error on the way is a difference of the file at hand, so that the others are still judged.
        """
        results: list[Result] = []
        with self._stage:
            for name, act in [
                ("(setting up)", self._begin),
                *self._acts(level),
                ("(cleaning up)", self._clean),
            ]:
                result = _judged(name, act)
                if result.skipped or result.differences or result.checked:
                    report(result)
                    results.append(result)
        return results

    def _acts(self, level: Level) -> Iterator[tuple[str, Act]]:
        for step in self._story.steps:
            yield step.file or f"({', '.join(step.creates)})", partial(self._step, step, level)

    def _begin(self) -> Outcome:
        self._clean()
        self._stage.set_up(self._story.topics, self._story.schemas)
        producer = self._stage.kafka.producer()
        for record in self._story.inputs:
            self._stage.send(producer, record)
        self._world.foreign = self._listed()
        return Outcome()

    def _clean(self) -> Outcome:
        self._stage.clean(self._story.all_topics)
        return Outcome()

    def _step(self, step: Step, level: Level) -> Outcome:
        if not step.file:
            return self._set_up(step, level)
        recorded = load_recorded(self._recordings / f"{step.file}.json")
        if step.wanted(level):
            return self._on_own_topics(recorded, step, level)
        for exchange in recorded.exchanges:
            self._world.follow(exchange.response.body)
        return Outcome()

    def _set_up(self, step: Step, level: Level) -> Outcome:
        self._world.sources.update(step.creates)
        for statement in step.statements if step.wanted(level) else []:
            self._stage.ksqldb.execute(statement)
        return Outcome()

    def _on_own_topics(self, recorded: RecordedFile, step: Step, level: Level) -> Outcome:
        """The outcome of a file; what it puts on topics of its own is removed before and after."""
        if not recorded.own_topics:
            return self._file(recorded, step, level)
        known = set(self._world.sources)
        self._stage.clean(recorded.own_topics)
        try:
            return self._file(recorded, step, level)
        finally:
            self._stage.clean(recorded.own_topics)
            self._world.forget_all_but(known)

    def _file(self, recorded: RecordedFile, step: Step, level: Level) -> Outcome:
        differences: list[str] = []
        skipped: list[str] = []
        for index, exchange in enumerate(recorded.exchanges):
            listed = self._listed()
            absent = self._world.sources - listed
            differences += self._world.denied(listed)
            is_wanted = level == "full" or index not in step.later
            reason = step.skip or self._reason_to_skip(exchange, absent, is_wanted=is_wanted)
            if reason:
                skipped.append(f"exchange {index}: {reason}")
                self._world.follow(exchange.response.body)
                if reason == OTHERS_WOULD_END:
                    self._end_own_queries()
                continue
            self._make_topics(exchange)
            self._unordered = step.unordered
            found = self._exchange(exchange, absent, is_trimmed=recorded.trimmed)
            if found:
                differences += [f"exchange {index}: {_title(exchange.request)}", *found]
        differences += self._streams.rest()
        if not skipped:
            differences += self._subjects(recorded)
            differences += self._topics(recorded)
        return Outcome(differences, skipped, compared=len(recorded.exchanges) - len(skipped))

    def _reason_to_skip(self, exchange: Exchange, absent: set[str], *, is_wanted: bool) -> str:
        if not is_wanted:
            return "belongs to the full level"
        sent = json.dumps(exchange.request.body)
        missing = [*mentioned(absent, sent), *self._world.unknown_queries(sent)]
        if missing:
            return f"{', '.join(missing)} not there"
        named = re.search(r"\bSUBJECT '([^']+)' ID (\d+)", sent)
        if named and (found := self._stage.registry.latest(named[1])) and found[1] != int(named[2]):
            return "this registry has given its schemas other ids"
        if re.search(r"\bTERMINATE ALL\b", sent) and self._world.foreign:
            return OTHERS_WOULD_END
        return ""

    def _end_own_queries(self) -> None:
        """What TERMINATE ALL does to the story; the queries of others on the server stay."""
        for query in self._stage.ksqldb.queries():
            if self._world.foreign.isdisjoint(query["sinks"]):
                self._stage.ksqldb.execute(f"TERMINATE {query['id']};")

    def _listed(self) -> set[str]:
        return {source.name for source in self._stage.ksqldb.sources()}

    def _exchange(self, exchange: Exchange, absent: set[str], *, is_trimmed: bool) -> list[str]:
        expected = exchange.response
        body = self._streams.translated(self._world.translated(exchange.request.body))
        request = exchange.request.model_copy(update={"body": body})
        self._world.follow(expected.body)
        try:
            actual = self._streams.send(request, exchange)
        except (OSError, HTTPException) as error:
            return [f"no answer: {type(error).__name__}: {error}"]
        trim = _property_names(expected.body) if is_trimmed else None
        differences = compare_exchange(
            request, comparable(expected, actual), actual, lambda body: self._comparable(body, absent, trim)
        )
        return [*differences, *self._wait_for_queries(expected, actual)]

    def _comparable(self, body: Any, absent: set[str], trim: set[str] | None) -> Any:
        listed = set(self._story.all_topics) - set(self._story.unlisted)
        listed -= {topic for topic in self._story.sinks if topic.upper() in absent}
        kept = only_topics(without(body, absent | self._world.foreign), listed)
        kept = only_creations(kept, self._world.sources)
        if self._unordered and isinstance(kept, list):
            kept = sorted(kept, key=text)
        return kept if trim is None else _trimmed(kept, trim)

    def _wait_for_queries(self, expected: Response, actual: Response) -> list[str]:
        started = self._world.learn(expected.body, _json(actual.body))
        try:
            wait_until(
                lambda: self._stage.ksqldb.running(started), START_S, f"state RUNNING of {sorted(started)}"
            )
        except DeadlineError as error:
            return [str(error)]
        return []

    def _make_topics(self, exchange: Exchange) -> None:
        topics = [topic_like(name, shape) for name, shape in exchange.topics.items()]
        self._stage.kafka.delete_topics([topic.name for topic in topics])
        self._stage.set_up(topics, exchange.subject_before)

    def _topics(self, recorded: RecordedFile) -> list[str]:
        found = self._stage.kafka.shapes(recorded.topics_after)
        return [
            line
            for name, shape in recorded.topics_after.items()
            for line in compare_values(f"topic {name}", shape, found[name])
        ]

    def _subjects(self, recorded: RecordedFile) -> list[str]:
        latest = {subject: self._stage.registry.latest(subject) for subject in recorded.subjects}
        return compare_schemas(
            recorded.subjects, {subject: found[0] for subject, found in latest.items() if found is not None}
        )


def topic_like(name: str, shape: Shape) -> Topic:
    """A topic to be made as recorded."""
    settings = {setting: str(value) for setting, value in shape.items() if setting != "partitions"}
    return Topic(name=name, partitions=int(shape["partitions"]), config=settings)


def _judged(name: str, act: Act) -> Result:
    started = time.monotonic()
    try:
        outcome = act()
    except Exception as error:  # noqa: BLE001 - the verdict names it
        outcome = Outcome([f"{type(error).__name__}: {error}"])
    seconds = time.monotonic() - started
    return Result(name, THEME, seconds, outcome.differences, outcome.skipped, checked=outcome.compared > 0)


def _title(request: Request) -> str:
    body = request.body
    sent = body.get("ksql", body.get("sql", body)) if isinstance(body, dict) else body
    return f"{request.method} {request.path} {'' if sent is None else sent}"


def _json(body: Any) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _property_names(body: Any) -> set[str]:
    return {found["name"] for entity in body for found in entity.get("properties", [])}


def _trimmed(body: Any, names: set[str]) -> Any:
    """A list of properties reduced to `names`, as the recording was; addresses in it are the server's own."""
    if not isinstance(body, list):
        return body
    return [
        {"@type": entity.get("@type"), "properties": _properties(entity.get("properties", []), names)}
        for entity in body
    ]


def _properties(properties: list[dict[str, Any]], names: set[str]) -> list[dict[str, Any]]:
    kept = sorted((found for found in properties if found["name"] in names), key=lambda found: found["name"])
    return [{**found, "value": "URL"} if found["name"].endswith(".url") else found for found in kept]


def run_stories(services: Services, level: Level, report: Callable[[Result], None]) -> list[Result]:
    """Replay the story of the recordings beside the repository and that of its own; the verdicts in order."""
    told = [(recordings() / "rest", STORY), (OWN_RECORDINGS, OWN_STORY)]
    return [
        result
        for folder, story in told
        if folder.is_dir()
        for result in StoryReplay(services, folder, load_story(story)).run(level, report)
    ]
