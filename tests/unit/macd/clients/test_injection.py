"""Whatever a name holds, a statement, a path or a filter keeps its shape."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import mongomock
import pytest
import requests
import requests_mock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksqlflink.dialect import parse
from macd.clients.connect import KafkaConnect
from macd.clients.ksqldb import KsqlDb, Query, Source, quoted
from macd.clients.registry import SchemaRegistry
from macd.errors import MacdError, RunNotFound, SpecError
from macd.producer.ids import IdSpace
from macd.producer.parameters import validated_run_id
from macd.producer.store import RunStore
from macd.quality.report import ReportStore
from macd.specs.endpoints import HttpService

URL = "http://service.test"
SERVICE = HttpService(url=URL)
HOSTILE = [
    "`; DROP STREAM `a",
    "a'; --",
    '"',
    "$where",
    "{$ne: null}",
    "a.b",
    "../../x",
    "a\nb",
    "é",
    "?x=1#y",
    "%2e",
]
names = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=60))


def sent(do, answer=()):
    """What a client sends: bodies of /ksql, or paths."""
    adapter, session = requests_mock.Adapter(), requests.Session()
    session.mount("http://", adapter)
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, json=list(answer))
    do(session)
    return adapter.request_history


@given(names)
def test_a_quoted_name_is_one_identifier(name):
    text = quoted(name)
    assert re.fullmatch(r"`(?:[^`]|``)*`", text)
    assert text[1:-1].replace("``", "`") == name


@given(
    st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), min_size=1, max_size=30)
)
def test_a_drop_stays_one_statement_about_that_name(name):
    source = Source(name, "STREAM", "t", "", (), ())
    [request] = sent(lambda session: KsqlDb(SERVICE, session).drop(source))
    [statement] = parse(request.json()["ksql"])
    assert statement.name == name


@given(names)
def test_a_query_id_or_kind_that_is_none_is_never_sent(name):
    def do(session):
        client = KsqlDb(SERVICE, session)
        for call in (
            lambda: client.terminate(f"{name};"),
            lambda: client.drop(Source("A", name, "", "", (), ())),
        ):
            with pytest.raises(MacdError):
                call()

    if name not in ("STREAM", "TABLE"):
        assert sent(do) == []


@given(names)
def test_a_connectors_and_a_subjects_name_stay_one_segment_of_the_path(name):
    if name in (".", ".."):
        return  # urllib resolves these two; the patterns of include/ and of Kafka's topics refuse them
    requests_sent = sent(lambda session: KafkaConnect(SERVICE, session).delete(name))
    requests_sent += sent(lambda session: SchemaRegistry(SERVICE, session).set_compatibility(name, "FULL"))
    for request, before in zip(requests_sent, ("/connectors/", "/config/"), strict=True):
        parts = urlsplit(request.url)
        assert parts.query == parts.fragment == ""
        assert parts.path.startswith(before)
        assert "/" not in parts.path.removeprefix(before)
        assert unquote(parts.path.removeprefix(before)) == name


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(names)
def test_a_run_id_is_a_value_in_every_filter(run_id):
    database = mongomock.MongoClient()["macd"]
    database["seeding_runs"].insert_one({"_id": "somebody's"})
    database["quality_reports"].insert_one({"_id": "somebody's"})
    if run_id != "somebody's":
        assert RunStore(database).load(run_id) is None
        with pytest.raises(RunNotFound):
            ReportStore(database).get(run_id)


@given(names)
def test_a_run_id_is_printable_or_refused(run_id):
    try:
        assert validated_run_id(run_id) == run_id
    except SpecError:
        assert not run_id.isprintable()


@given(names, names)
def test_ids_of_a_run_hold_nothing_of_its_name(run_id, kind):
    assert re.fullmatch(rb"[0-9a-f-]{28}", IdSpace(run_id, 0, kind, 10).prefix)


def test_a_query_is_terminated_by_its_id():
    query = Query("CSAS_A-1_7", "", ())
    request, _ = sent(lambda session: KsqlDb(SERVICE, session).terminate(query.query_id), [{"queries": []}])
    assert request.json()["ksql"] == "TERMINATE CSAS_A-1_7;"
