"""MongoDB: can it be reached and written, and does the account have the rights for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

from macd.clients.mongodb import Document, connected
from macd.preflight import common
from macd.preflight.result import Answer, Check, cannot_tell, counted, failed, ok
from macd.preflight.scene import Scene
from macd.producer.store import COLLECTION as RUNS

SERVICE = "MongoDB"
# What the pipeline does with its collections (built-in role: readWrite).
NEEDED = ("find", "insert", "update", "remove", "createIndex")
_ROLE = "Give the user of macd_mongodb the role readWrite on the database."
_COMMAND_NOT_FOUND = 59


def checks(scene: Scene) -> list[Check]:
    """In the order in which they depend on each other."""
    return [
        Check("access", partial(_access, scene), essential=True),
        Check("writable", partial(_writable, scene)),
        Check("permissions", partial(_permissions, scene)),
        common.version(scene, SERVICE, partial(_version, scene)),
        common.clock(scene, partial(_local_time, scene), resolution_s=0.0),
    ]


def _access(scene: Scene) -> Answer:
    """Listing collections needs credentials wherever any are needed; a ping does not."""
    with connected(scene.pipeline.services.mongodb) as database:
        found = len(database.list_collection_names())
        return ok(f"database {database.name}, {counted(found, 'collection')}")


def _writable(scene: Scene) -> Answer:
    with connected(scene.pipeline.services.mongodb) as database:
        hello = _hello(database)
    if hello.get("isWritablePrimary", hello.get("ismaster")):
        return ok("a primary answers")
    return failed(
        "no primary answers", "Wait for an election, or put every member into the URI.", may_pass=True
    )


def _permissions(scene: Scene) -> Answer:
    with connected(scene.pipeline.services.mongodb) as database:
        status = database.client.admin.command("connectionStatus", showPrivileges=True)
    privileges = status["authInfo"].get("authenticatedUserPrivileges")
    if privileges is None:
        return cannot_tell("the server does not tell what this account may do", _ROLE)
    if not status["authInfo"]["authenticatedUsers"]:
        return ok("the server asks for no credentials")
    lacking = [
        f"{action} on {database_name}.{collection}"
        for database_name, collection in _places(scene)
        for action in NEEDED
        if not _allowed(privileges, database_name, collection, action)
    ]
    return failed(f"not allowed: {', '.join(lacking)}", _ROLE) if lacking else ok("reads, writes, indexes")


def _places(scene: Scene) -> Iterable[tuple[str, str]]:
    """The collections of the sinks, and one of the books that the pipeline keeps in its own database."""
    sinks = ((sink.database, sink.collection) for sink in scene.pipeline.spec.connectors)
    return *sinks, (scene.pipeline.services.mongodb.database, RUNS)


def _allowed(privileges: Iterable[Any], database: str, collection: str, action: str) -> bool:
    """An empty name in a privilege's resource stands for every database or collection."""
    return any(
        action in privilege["actions"] and _covers(privilege["resource"], database, collection)
        for privilege in privileges
    )


def _covers(resource: Document, database: str, collection: str) -> bool:
    if resource.get("anyResource"):
        return True
    return resource.get("db") in ("", database) and resource.get("collection") in ("", collection)


def _version(scene: Scene) -> str:
    with connected(scene.pipeline.services.mongodb) as database:
        return str(database.client.admin.command("buildInfo")["version"])


def _local_time(scene: Scene) -> datetime | None:
    with connected(scene.pipeline.services.mongodb) as database:
        return _hello(database).get("localTime")


def _hello(database: Database[Document]) -> Document:
    """The older name of the command is all that some servers know."""
    try:
        return database.client.admin.command("hello")
    except OperationFailure as error:
        if error.code != _COMMAND_NOT_FOUND:
            raise
        return database.client.admin.command("isMaster")
