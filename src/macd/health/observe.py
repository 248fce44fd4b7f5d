"""Looks at the whole pipeline: every part, how far each reader is behind, and whether it moves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_result, stop_after_attempt, stop_after_delay, wait_fixed
from tenacity.stop import StopBaseT

from macd.clients.groups import ConsumerGroups, Progress
from macd.errors import MacdError
from macd.health import parts
from macd.health.state import Kind, Link, Part, PipelineState, State
from macd.pipeline import Pipeline
from macd.readers import Reader, Readers, query_key
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

# Seconds. Services answer in milliseconds when they are well, and nobody waits for one that is not.
LIMIT_S = 5.0
# A reader that is behind and has committed nothing for this long has stopped. Kafka Connect commits once a
# minute by default.
STALLED_AFTER_S = 75.0
_LOOK_EVERY_S = 1.0
Answer = TypeVar("Answer")
LOOK_AGAIN_S = 3.0
_UNREADABLE = "it runs, but its progress cannot be read (Kafka or ksqlDB does not answer)"
_SILENT = "it runs, but has not committed yet that it read anything"
_SECTIONS: Mapping[Kind, parts.Section] = {
    "topic": parts.topics,
    "schema": parts.schemas,
    "query": parts.queries,
    "connector": parts.connectors,
    "collection": parts.collections,
}


class Observer:
    """Looks again and again, and so can tell a reader that is slow from one that has stopped."""

    def __init__(
        self,
        pipeline: Pipeline,
        groups: ConsumerGroups | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipeline = pipeline
        self._readers = Readers(pipeline, groups)
        self._clock = clock
        self._moved: dict[Reader, tuple[int, float]] = {}
        self._first: dict[Reader, int] = {}
        self._pool = ThreadPoolExecutor(max_workers=len(_SECTIONS) + 2, thread_name_prefix="look")
        self._asked: dict[str, Future[Any]] = {}
        self.waiting = False

    def look(self) -> PipelineState:
        """One look; a service that cannot be asked within 5 s makes its parts unknown."""
        sections = {kind: self._ask(kind, partial(look, self._pipeline)) for kind, look in _SECTIONS.items()}
        progress = self._ask("progress", self._readers.progress)
        orphans = self._ask("orphans", partial(parts.orphans, self._pipeline))
        asked: list[Future[Any]] = [*sections.values(), progress, orphans]
        wait(asked, timeout=LIMIT_S)
        found = [
            part
            for kind, future in sections.items()
            for part in _section(future, partial(parts.unknown, self._pipeline, kind))
        ]
        found += _section(orphans, parts.unknown_orphans)
        known = _result(progress)
        if known is None:
            found = [_unobserved(part, _UNREADABLE) for part in found]
        return self._state(found, known or {})

    def _ask(self, name: str, question: Callable[[], Answer]) -> Future[Answer]:
        """One that still waits for its service is not asked again: every look would cost one more thread."""
        asked = self._asked.get(name)
        if asked is None or asked.done():
            asked = self._asked[name] = self._pool.submit(question)
        return asked

    def _state(self, found: list[Part], known: Mapping[Reader, Progress | None]) -> PipelineState:
        silent = {reader.part for reader, each in known.items() if each is None}
        progress = {reader: each for reader, each in known.items() if each is not None}
        stalled = {reader.part for reader in progress if self._is_stalled(reader, progress[reader])}
        lags = {(f"topic {reader.topic}", reader.part): each.lag for reader, each in progress.items()}
        for reader, each in progress.items():
            self._first.setdefault(reader, each.committed)
        moving = (self._has_to_move(reader, each) for reader, each in progress.items())
        self.waiting = bool(silent) or any(moving)
        found = [_unobserved(part, _SILENT) if part.key in silent else part for part in found]
        return PipelineState(
            observed_at=datetime.now(UTC),
            parts=tuple(_stalled(part) if part.key in stalled else part for part in found),
            links=tuple(
                Link(source=source, target=target, lag=lags.get((source, target)))
                for source, target in _flow(self._pipeline.spec)
            ),
        )

    def _is_stalled(self, reader: Reader, progress: Progress) -> bool:
        if progress.lag == 0:
            # Whatever comes next, it has not been behind until then, however long nobody looked.
            self._moved.pop(reader, None)
            return False
        before, since = self._moved.get(reader, (-1, 0.0))
        if progress.committed != before:
            self._moved[reader] = (progress.committed, self._seen_at(progress))
            return False
        return self._seen_at(progress) - since >= STALLED_AFTER_S

    def _seen_at(self, progress: Progress) -> float:
        """The same old news twice does not tell that somebody stands still."""
        return self._clock() - progress.age_s

    def _has_to_move(self, reader: Reader, progress: Progress) -> bool:
        """Whether only further looks can tell if it has stopped."""
        has_moved = progress.committed != self._first[reader]
        _, since = self._moved.get(reader, (-1, self._seen_at(progress)))
        is_new = self._seen_at(progress) - since < STALLED_AFTER_S
        return progress.lag > 0 and not has_moved and is_new


def observe(
    pipeline: PipelineSpec,
    services: Services,
    environment: Mapping[str, str] = os.environ,
    patience_s: float = 0.0,
) -> PipelineState:
    """One look, or as many as it takes within `patience_s` seconds until every reader has caught up or moved.

    Only with patience of more than 75 s a reader can be found to have stopped. With any, a service that does
    not answer is asked again.
    """
    observer = Observer(Pipeline(pipeline, services, environment))
    if not patience_s:
        return observer.look()
    return observe_patiently(observer, patience_s)


def observe_patiently(
    observer: Observer, patience_s: float, look_again_s: float = LOOK_AGAIN_S
) -> PipelineState:
    """Looks until nothing more is to be learnt by waiting; one slow answer is no reason to wake anybody."""
    state = _look_while(lambda _: observer.waiting, observer, stop_after_delay(patience_s), _LOOK_EVERY_S)
    if not _unanswered(state):
        return state
    return _look_while(_unanswered, observer, stop_after_attempt(2), look_again_s)


def _look_while(
    unfinished: Callable[[PipelineState], bool], observer: Observer, stop: StopBaseT, every_s: float
) -> PipelineState:
    looking = Retrying(
        retry=retry_if_result(unfinished),
        stop=stop,
        wait=wait_fixed(every_s),
        retry_error_callback=lambda attempts: attempts.outcome and attempts.outcome.result(),
    )
    latest: PipelineState = looking(observer.look)
    return latest


def _unanswered(state: PipelineState) -> bool:
    return any(part.state is State.UNKNOWN for part in state.parts)


def _flow(pipeline: PipelineSpec) -> Iterator[tuple[str, str]]:
    """The way of the data, as keys of parts."""
    for statement in pipeline.queries:
        for topic in pipeline.topics_read(statement):
            yield f"topic {topic}", query_key(statement)
        yield query_key(statement), f"topic {statement.topic}"
    for connector in pipeline.connectors:
        for topic in connector.topics:
            yield f"topic {topic}", f"connector {connector.name}"
        yield f"connector {connector.name}", f"collection {connector.collection}"
        if connector.dead_letter_topic:
            yield f"connector {connector.name}", f"topic {connector.dead_letter_topic}"


def _stalled(part: Part) -> Part:
    if part.state is not State.OK:
        return part
    detail = f"{part.detail}; behind, and has read nothing for {STALLED_AFTER_S:.0f} s".lstrip("; ")
    return part.model_copy(update={"state": State.STALLED, "detail": detail})


def _unobserved(part: Part, why: str) -> Part:
    """A reader of which nobody can say whether it moves."""
    if part.kind not in ("query", "connector") or part.state is not State.OK:
        return part
    return part.model_copy(update={"state": State.UNKNOWN, "detail": why})


def _section(future: Future[list[Part]], unknown: Callable[[str], list[Part]]) -> list[Part]:
    """The parts that were found, or what is unknown without them, and why."""
    try:
        return future.result(timeout=0)
    except MacdError as error:
        return unknown(error.message)
    except TimeoutError:
        return unknown(f"no answer within {LIMIT_S:.0f} s")
    except (KeyError, ValueError) as error:
        # Something vanished between two questions, as while the pipeline is being torn down.
        return unknown(f"its answers contradict each other ({error!r})")


def _result(future: Future[Answer]) -> Answer | None:
    """Without Kafka or ksqlDB nobody knows the lags; the parts say why."""
    try:
        return future.result(timeout=0)
    except (MacdError, TimeoutError, KeyError, ValueError):
        return None
