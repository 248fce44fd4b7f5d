from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import requests_mock

from macd.clients.connect import KafkaConnect
from macd.clients.throttle import asked_for
from macd.errors import RequestRejected, ServiceUnreachable
from macd.specs.endpoints import HttpService

URL = "http://service.test"


@pytest.fixture
def client():
    session, transport = requests.Session(), requests_mock.Adapter()
    session.mount("http://", transport)
    made = KafkaConnect(HttpService(url=URL), session)
    made.transport = transport
    return made


def turned_away(seconds=None):
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return {"status_code": 429, "headers": headers, "text": "slow down"}


def test_a_request_is_sent_again_after_the_time_that_was_asked_for(client):
    client.transport.register_uri("GET", f"{URL}/connectors", [turned_away(0), turned_away(0), {"json": []}])
    assert client.connectors() == []


def test_what_changes_something_is_sent_again_too_because_nothing_was_changed(client):
    path = f"{URL}/connectors/a/restart"
    client.transport.register_uri("POST", path, [turned_away(0), {"status_code": 204}])
    client.restart_failed("a")
    assert client.transport.call_count == 2


def test_nobody_waits_longer_than_the_deadline_and_the_error_says_how_long(client):
    client.transport.register_uri("GET", f"{URL}/connectors", [turned_away(3600)])
    with pytest.raises(RequestRejected, match="slow down") as caught:
        client.connectors()
    assert client.transport.call_count == 1
    assert caught.value.remedy == "It had too many requests; try again in 3600 s."


def test_without_a_time_the_wait_grows_until_the_deadline(client):
    client.patience_s = 1.0
    client.transport.register_uri("GET", f"{URL}/connectors", [turned_away()])
    with pytest.raises(RequestRejected):
        client.connectors()
    assert client.transport.call_count == 2


# What Jetty answers to every path until the worker has given it some, and while it does.
NOT_READY = {"status_code": 404, "text": ""}
JETTYS_OWN = {
    "status_code": 404,
    "json": {"url": "/connectors/a/config", "status": "404", "message": "Not Found"},
}


def test_a_worker_that_starts_is_waited_for_and_nothing_is_taken_for_missing(client):
    path = f"{URL}/connectors/a/config"
    client.transport.register_uri("GET", path, [NOT_READY, JETTYS_OWN, {"json": {"name": "a"}}])
    assert client.config("a") == {"name": "a"}


def test_a_worker_that_goes_on_starting_is_called_that(client):
    client.patience_s = 1.0
    client.transport.register_uri("GET", f"{URL}/connectors/a/config", [NOT_READY])
    with pytest.raises(ServiceUnreachable, match=r"service\.test is still starting after 1 s"):
        client.config("a")


def test_what_a_ready_worker_does_not_have_is_missing_at_once(client):
    missing = {"status_code": 404, "json": {"error_code": 404, "message": "Connector a not found"}}
    client.transport.register_uri("GET", f"{URL}/connectors/a/config", [missing])
    assert client.config("a") is None
    assert client.transport.call_count == 1


def test_a_rebalance_is_waited_for(client):
    rebalancing = {"status_code": 409, "json": {"error_code": 409, "message": "rebalance expected"}}
    client.transport.register_uri("PUT", f"{URL}/connectors/a/config", [rebalancing, {"json": {}}])
    client.put_config("a", {"x": "y"})
    assert client.transport.call_count == 2


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("", None), ("soon", None)])
def test_retry_after_is_a_number(value, seconds):
    assert asked_for(asking(value)) == seconds


@pytest.mark.parametrize(("hours", "seconds"), [(-1, 0.0), (1, 3600.0)])
def test_retry_after_is_a_date(hours, seconds):
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    assert asked_for(asking(date)) == pytest.approx(seconds, abs=60)


def asking(value):
    response = requests.Response()
    response.headers["Retry-After"] = value
    return response
