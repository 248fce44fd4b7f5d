"""The answers to whole requests, compared with those of a real server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ksqldb_conformance.exchange import compare_exchange
from ksqldb_conformance.services import OWN_RECORDINGS, RECORDINGS
from ksqldb_conformance.story import Request, Response, load_recorded
from ksqlflink.errors import KsqlError
from ksqlflink.rest.app import create_app
from ksqlflink.services.topics import Topic
from unit.asgi import send
from unit.fakes import (
    Backend,
    Stage,
    exchanges,
    joined_shop,
    masked,
    shop,
    topics_shop,
)


def answer(stage: Stage, request: dict[str, Any]) -> tuple[int, Any]:
    body = request["body"]
    try:
        return 200, stage.requests.run(
            body["ksql"], body.get("streamsProperties", {}), body.get("commandSequenceNumber")
        )
    except KsqlError as error:
        return error.status, error.body()


def replay(stage: Stage, name: str, *skipped: int) -> None:
    for index, exchange in enumerate(exchanges(name)):
        if index not in skipped:
            status, body = answer(stage, exchange["request"])
            assert (status, masked(body)) == (
                exchange["response"]["status"],
                masked(exchange["response"]["body"]),
            )


@pytest.mark.parametrize(
    "name",
    [
        "show-empty",
        "create-stream-explicit",
        "create-stream-inferred-if-not-exists",
        "create-stream-infer-no-schema",
        "create-stream-missing-topic",
        "create-stream-bad-with",
        "error-reserved-word",
        "error-syntax",
    ],
)
def test_on_an_empty_server(name: str) -> None:
    stage = shop()
    if name == "create-stream-explicit":
        stage.topics.topics.pop("orders_x", None)
    replay(stage, name)


@pytest.mark.parametrize(
    "name",
    [
        "csas-join-grace",
        "csas-join-no-grace",
        "csas-simple",
        "csas-join-errors",
        "csas-or-replace-join",
        "csas-duplicate",
        "error-bad-column",
        "describe-unknown",
        "terminate",
    ],
)
def test_with_orders_and_payments(name: str) -> None:
    stage = joined_shop()
    skipped: tuple[int, ...] = ()
    if name in ("csas-or-replace-join", "csas-duplicate", "terminate"):
        replay(stage, "csas-join-grace")
    if name == "terminate":
        replay(stage, "csas-join-no-grace")
        (query_id,) = [query.id for query in stage.catalogue.queries() if query.sink == "PAID_NOGRACE"]
        assert masked(query_id) == "CSAS_PAID_NOGRACE_#"
        skipped = (0, 1, 3)  # they name the query id of the recording
    replay(stage, name, *skipped)


def topic(name: str, found: Mapping[str, Any]) -> Topic:
    retention = int(found.get("retention.ms", -1))
    return Topic(name, int(found["partitions"]), 1, retention, found.get("cleanup.policy", "delete"))


def asked(stage: Stage, request: Request) -> Response:
    found = send(create_app(Backend(stage)), request.method, request.path, request.body, request.headers)
    return Response(status=found.status, headers=found.headers, body=found.body)


def same(body: Any) -> Any:
    return body


TEXTS = OWN_RECORDINGS / "statement-text.json"
OWN = sorted(set(OWN_RECORDINGS.glob("*.json")) - {TEXTS})


def test_statements_are_shown_as_recorded() -> None:
    stage = topics_shop()
    shown = []
    for exchange in json.loads(TEXTS.read_text())["exchanges"]:
        _, body = answer(stage, exchange["request"])
        (ours,), (theirs,) = masked(body), masked(exchange["response"]["body"])
        if ours["@type"] == "currentStatus":
            assert ours == theirs
        else:
            texts = (each["sourceDescription"] for each in (ours, theirs))
            [one, other] = ((text["statement"], text["writeQueries"][0]["queryString"]) for text in texts)
            assert one == other
        shown.append(ours["@type"])
    assert shown == ["currentStatus"] * 4 + ["sourceDescription"] * 3


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_topics_and_schemas_are_judged_and_made_as_recorded(path: Path) -> None:
    stage = topics_shop()
    recording = load_recorded(path)
    for exchange in recording.exchanges:
        for name, found in exchange.topics.items():
            stage.topics.topics[name] = topic(name, found)
        for subject, schema in exchange.subject_before.items():
            stage.registry.register(subject, json.dumps(schema))
        before = (dict(stage.topics.topics), stage.catalogue.sources(), dict(stage.registry.subjects))
        expected = exchange.response
        if exchange.request.path != "/ksql":
            assert compare_exchange(exchange.request, expected, asked(stage, exchange.request), same) == []
            continue
        status, body = answer(stage, exchange.request.model_dump())
        assert (status, masked(body)) == (expected.status, masked(expected.body))
        if status != 200:
            assert before == (stage.topics.topics, stage.catalogue.sources(), stage.registry.subjects)
    for name, made in recording.topics_after.items():
        assert stage.topics.find(name) == (made and topic(name, made))


def test_the_registered_schemas_are_the_recorded_ones() -> None:
    stage = joined_shop()
    replay(stage, "create-stream-explicit")
    replay(stage, "csas-join-grace")
    for name in ("create-stream-explicit", "csas-join-grace"):
        registered = json.loads((RECORDINGS / "rest" / f"{name}.json").read_text())["registered"]
        for subject, schema in registered.items():
            assert stage.registry.latest(subject) == schema


def test_a_request_is_validated_as_a_whole() -> None:
    stage = shop()
    replay(stage, "several-statements", 0, 3)
    assert stage.catalogue.sources() == []
    assert stage.run("SHOW STREAMS;")[0]["streams"] == []


def test_describe_matches_for_a_source_and_a_sink() -> None:
    stage = joined_shop()
    replay(stage, "create-stream-explicit")
    replay(stage, "csas-join-grace")
    for index, exchange in enumerate(exchanges("describe")[:3]):
        (body,) = stage.requests.run(exchange["request"]["body"]["ksql"], {}, None)
        (expected,) = exchange["response"]["body"]
        ours, theirs = masked(body)["sourceDescription"], masked(expected)["sourceDescription"]
        varying = {"clusterStatistics", "readQueries", "sourceConstraints"} | (
            {"statement"} if index == 0 else set()
        )
        assert {key: value for key, value in ours.items() if key not in varying} == {
            key: value for key, value in theirs.items() if key not in varying
        }
