from __future__ import annotations

import time
from datetime import UTC, datetime

import bson
import pytest
from bson import DatetimeMS
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from macd.clients.mongodb import connected
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable, SpecError
from macd.specs.endpoints import MongoService
from tests.hanging_mongodb import hanging_mongodb

SERVICE = MongoService(uri="mongodb://user:canary@mongodb.test/", database="macd")


class FakeClient(dict):
    def __init__(self, uri, **options):
        super().__init__(macd="the database")
        self.uri, self.options = uri, options

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()


def fail_with(error):
    with connected(SERVICE, FakeClient):
        raise error


def test_the_services_database_is_opened_and_closed_again():
    opened = []

    def open_client(*args, **kwargs):
        opened.append(FakeClient(*args, **kwargs))
        return opened[0]

    with connected(SERVICE, open_client) as database:
        assert database == "the database"
    (client,) = opened
    assert client == {}
    assert client.uri == SERVICE.uri.get_secret_value()
    assert client.options["tz_aware"] is True
    assert client.options["serverSelectionTimeoutMS"] <= 5_000


def test_what_python_cannot_hold_is_read_nevertheless():
    """A date after the year 9999, and bytes that are no UTF-8."""
    stored = bson.encode({"when": DatetimeMS(2**62), "who": "x", "then": DatetimeMS(0)})
    with connected(MongoService(uri="mongodb://127.0.0.1:1/", database="macd")) as database:
        found = bson.decode(stored.replace(b"x\x00", b"\xff\x00"), database.codec_options)
    assert found == {
        "when": DatetimeMS(2**62),
        "who": "\N{REPLACEMENT CHARACTER}",
        "then": datetime(1970, 1, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("raised", "wrapped", "says"),
    [
        (ServerSelectionTimeoutError("mongodb.test:27017: refused"), ServiceUnreachable, "macd status"),
        (AutoReconnect("connection closed"), ServiceUnreachable, "connection closed"),
        (OperationFailure("Authentication failed", 18), AuthenticationFailed, "code 18.*password"),
        (OperationFailure("not authorized", 13), AuthenticationFailed, "code 13.*readWrite"),
        (OperationFailure("no such command", 59), RequestRejected, "no such command"),
        (ExecutionTimeout("operation exceeded time limit", 50), ServiceUnreachable, "time limit"),
        (DuplicateKeyError("E11000"), RequestRejected, "DuplicateKeyError"),
        (InvalidURI("mongodb://user:canary@ is wrong"), SpecError, "URI"),
        (ConfigurationError("mongodb://user:canary@ is wrong"), SpecError, "URI"),
    ],
)
def test_each_error_of_pymongo_gets_a_remedy_and_gives_no_password_away(raised, wrapped, says):
    with pytest.raises(wrapped, match=says) as failure:
        fail_with(raised)
    assert "canary" not in str(failure.value)
    assert failure.value.remedy


def test_a_bad_uri_is_a_setting_to_correct():
    bad = MongoService(uri="postgres://canary@x", database="macd")
    with pytest.raises(SpecError, match="macd_mongodb"), connected(bad):
        pass


def test_a_name_without_an_srv_record_is_told_from_a_bad_uri():
    service = MongoService(uri="mongodb+srv://ada:canary@no-such-cluster.invalid/", database="macd")
    with (
        pytest.raises(ServiceUnreachable, match="does not resolve") as failure,
        connected(service) as database,
    ):
        database.command("ping")
    assert "canary" not in str(failure.value)


def test_the_description_of_the_whole_topology_is_left_out():
    error = ServerSelectionTimeoutError(
        "h:1: refused (configured timeouts: x), Timeout: 5s, Topology Description: <TopologyDescription ...>"
    )
    with pytest.raises(ServiceUnreachable) as failure:
        fail_with(error)
    assert "Topology" not in str(failure.value)


def test_a_server_that_hangs_in_a_query_was_told_the_limit_and_is_left_when_it_is_over():
    with hanging_mongodb(greets=True) as server:
        service, began = MongoService(uri=server.uri, database="macd"), time.monotonic()
        with pytest.raises(ServiceUnreachable), connected(service, within_s=1.0) as database:
            database["orders"].find_one()
        assert 0.9 < time.monotonic() - began < 3
        [asked] = [command for command in server.commands if "find" in command]
    assert 0 < asked["maxTimeMS"] <= 1000


def test_a_server_that_says_nothing_is_left_within_the_limit():
    with hanging_mongodb(greets=False) as server:
        service, began = MongoService(uri=server.uri, database="macd"), time.monotonic()
        with pytest.raises(ServiceUnreachable), connected(service, within_s=1.0) as database:
            database["orders"].find_one()
        assert time.monotonic() - began < 3
