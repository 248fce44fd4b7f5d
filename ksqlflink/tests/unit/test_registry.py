from __future__ import annotations

import time

import pytest
import requests
import requests_mock

from ksqlflink.errors import BadRequest
from ksqlflink.services.http import HttpError, JsonService, ServiceUnreachable
from ksqlflink.services.registry import SandboxRegistry, SchemaRegistry
from ksqlflink.services.topics import SandboxTopics, Topic
from ksqlflink.testing.services import MemoryRegistry
from unit.fakes import FakeTopics

URL = "http://registry/subjects/a%2Fb"


@pytest.fixture
def adapter() -> requests_mock.Adapter:
    return requests_mock.Adapter()


@pytest.fixture
def registry(adapter: requests_mock.Adapter) -> SchemaRegistry:
    session = requests.Session()
    session.mount("http://", adapter)
    return SchemaRegistry(JsonService("The registry", "http://registry/", session))


def test_the_newest_schema(registry: SchemaRegistry, adapter: requests_mock.Adapter) -> None:
    adapter.register_uri("GET", f"{URL}/versions/latest", [{"json": {"schema": "x"}}, {"status_code": 404}])
    assert registry.latest("a/b") == "x"
    assert registry.latest("a/b") is None


def test_an_insert_does_not_ask_anew_what_it_knows(
    registry: SchemaRegistry, adapter: requests_mock.Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = [{"status_code": 404}, {"json": {"id": 1}}, {"json": {"id": 2}}, {"json": {"id": 3}}]
    adapter.register_uri("GET", f"{URL}/versions/latest", newest)
    adapter.register_uri("POST", f"{URL}/versions", json={"id": 2})
    adapter.register_uri("DELETE", URL, status_code=404)
    assert [registry.latest_id("a/b") for _ in range(3)] == [None, 1, 1]
    registry.register("a/b", "x")
    assert registry.latest_id("a/b") == 2
    registry.delete("a/b")
    assert registry.latest_id("a/b") == 3
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    adapter.register_uri("GET", f"{URL}/versions/latest", json={"id": 4})
    assert registry.latest_id("a/b") == 4


def test_a_schema_is_asked_for_once(
    registry: SchemaRegistry, adapter: requests_mock.Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [{"status_code": 404}, {"json": {"schema": "x"}}, {"status_code": 503}]
    adapter.register_uri("GET", "http://registry/schemas/ids/7", answers)
    assert [registry.schema(7) for _ in range(2)] == [None, None]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    assert [registry.schema(7) for _ in range(2)] == ["x", "x"]


def test_a_conflict_that_passes_is_not_an_error(
    registry: SchemaRegistry, adapter: requests_mock.Adapter
) -> None:
    adapter.register_uri("POST", f"{URL}/versions", [{"status_code": 409}, {"json": {"id": 1}}])
    registry.register("a/b", "x")


def test_an_incompatible_schema_is_a_bad_request(
    registry: SchemaRegistry, adapter: requests_mock.Adapter
) -> None:
    adapter.register_uri("POST", f"{URL}/versions", status_code=409, text="incompatible")
    with pytest.raises(BadRequest, match="Could not register schema for subject 'a/b': incompatible"):
        registry.register("a/b", "x")


def test_another_error_is_the_services(registry: SchemaRegistry, adapter: requests_mock.Adapter) -> None:
    adapter.register_uri("POST", f"{URL}/versions", status_code=503)
    adapter.register_uri("GET", f"{URL}/versions/latest", exc=requests.ConnectTimeout)
    with pytest.raises(HttpError, match="The registry answered 503"):
        registry.register("a/b", "x")
    with pytest.raises(ServiceUnreachable, match=r"^The registry does not answer \(ConnectTimeout\)$"):
        registry.latest("a/b")


def test_deleting_what_is_not_there_is_fine(registry: SchemaRegistry, adapter: requests_mock.Adapter) -> None:
    adapter.register_uri("DELETE", URL, [{"status_code": 404}, {"status_code": 400}])
    registry.delete("a/b")


def test_a_sandbox_shows_its_own_changes_only() -> None:
    topics, registry = FakeTopics(), MemoryRegistry()
    registry.register("s", "x")
    topics.add("old")
    tried_topics, tried_registry = SandboxTopics(topics), SandboxRegistry(registry)
    tried_topics.create(Topic("new", 2, 1))
    tried_topics.delete("old")
    tried_registry.register("t", "y")
    tried_registry.delete("s")
    assert tried_topics.find("new") == Topic("new", 2, 1)
    assert tried_topics.end_offsets("new") == {0: 0, 1: 0}
    assert tried_topics.find("old") is None
    assert (tried_registry.latest("s"), tried_registry.latest("t")) == (None, "y")
    assert list(topics.replicas()) == list(tried_topics.replicas()) == ["old"]
    assert (registry.latest("s"), registry.latest("t")) == ("x", None)
