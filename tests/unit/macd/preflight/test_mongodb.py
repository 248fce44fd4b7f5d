from __future__ import annotations

from datetime import UTC, datetime

import pytest

from macd.errors import AuthenticationFailed
from macd.preflight import mongodb as module
from macd.preflight.result import Outcome
from tests.unit.macd.preflight.conftest import NOW

CHECKS = module.checks

pytestmark = pytest.mark.usefixtures("mongo")


def test_a_server_that_is_well_is_ok_all_over(look):
    for check in ("access", "writable", "permissions", "version", "clock"):
        assert look(check).outcome is Outcome.OK, check


def privileges(mongo, *found):
    mongo.commands["connectionStatus"]["authInfo"]["authenticatedUserPrivileges"] = list(found)


@pytest.mark.parametrize(
    "resource",
    [{"anyResource": True}, {"db": "", "collection": ""}, {"db": "macd", "collection": ""}],
)
def test_a_privilege_may_cover_everything(look, mongo, resource):
    actions = ["find", "insert", "update", "remove", "createIndex", "collStats"]
    privileges(mongo, {"resource": resource, "actions": actions})
    assert look("permissions").outcome is Outcome.OK


def test_each_missing_action_is_named_with_its_collection(look, mongo, scene):
    read = {"resource": {"db": "macd", "collection": ""}, "actions": ["find"]}
    write = ["insert", "update", "remove", "createIndex"]
    sinks = [
        {"resource": {"db": sink.database, "collection": sink.collection}, "actions": write}
        for sink in scene.pipeline.spec.connectors
    ]
    privileges(mongo, read, *sinks)
    answer = look("permissions")
    assert answer.outcome is Outcome.FAILED
    assert answer.detail == "not allowed: " + ", ".join(f"{each} on macd.seeding_runs" for each in write)
    assert "readWrite" in answer.remedy


def test_a_server_without_access_control_lets_everybody_in(look, mongo):
    mongo.commands["connectionStatus"]["authInfo"] = {
        "authenticatedUsers": [],
        "authenticatedUserPrivileges": [],
    }
    assert look("permissions").outcome is Outcome.OK


def test_a_server_that_tells_no_privileges_is_not_called_well(look, mongo):
    # As the local stack's MongoDB-wire server answers.
    mongo.commands["connectionStatus"]["authInfo"] = {"authenticatedUsers": []}
    assert look("permissions").outcome is Outcome.UNKNOWN


def test_the_older_name_of_hello_will_do(look, mongo):
    del mongo.commands["hello"]
    mongo.commands["isMaster"] = {"ismaster": True, "localTime": datetime.fromtimestamp(NOW, UTC)}
    assert look("writable").outcome is Outcome.OK
    assert look("clock").outcome is Outcome.OK


def test_without_a_primary_waiting_may_help(look, mongo):
    mongo.commands["hello"] = {"isWritablePrimary": False}
    answer = look("writable")
    assert (answer.outcome, answer.may_pass) == (Outcome.FAILED, True)


def test_refused_credentials_are_the_clients_own_error(look, mongo, monkeypatch):
    def refuse():
        from pymongo.errors import OperationFailure

        raise OperationFailure("command listCollections requires authentication", 13)

    monkeypatch.setattr(mongo, "list_collection_names", refuse)
    with pytest.raises(AuthenticationFailed, match="macd_mongodb"):
        look("access")
