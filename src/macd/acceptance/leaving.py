"""The steps that always run at the end: everything is removed, and nothing is left."""

from __future__ import annotations

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from macd.acceptance.names import left_behind, own_groups, queries_of, readers_of
from macd.acceptance.step import Facts, hold
from macd.acceptance.waiting import SHOWN, wait_until_none
from macd.acceptance.world import World
from macd.clients.groups import ConsumerGroups
from macd.clients.mongodb import connected
from macd.errors import ServiceError
from macd.plan import plan_document_removal

# A service that is just away is given this many tries: what was made must not stay.
TRIES = 3
BETWEEN_S = 5.0
# Kafka deletes a topic some moments after it has said so; ksqlDB, a query's internal ones in the background.
GONE_WITHIN_S = 120.0


def destroy(world: World) -> Facts:
    """Connectors, streams, subjects, topics and documents are removed."""
    trying = Retrying(
        retry=retry_if_exception_type(ServiceError),
        stop=stop_after_attempt(TRIES),
        wait=wait_fixed(BETWEEN_S),
        reraise=True,
    )
    return [f"{trying(_remove, world)} parts removed"]


def remember(world: World) -> None:
    """Before parts are removed: by what it is known what the services made for them.

    An apply that failed half-way, or a DAG, has not told.
    """
    for known in (queries_of, readers_of):
        try:
            world.marks |= known(world.pipeline)
        except ServiceError as error:
            world.say(f"What was made for the pipeline besides may not all be found. {error}")


def nothing_left(world: World) -> Facts:
    """No name of the pipeline is left on any service, nor what the services made for it."""
    groups = _forget_groups(world)
    left = wait_until_none(lambda: left_behind(world.pipeline, world.before, world.marks), GONE_WITHIN_S)
    hold(
        not left,
        f"{len(left)} things are left: {', '.join(left[:SHOWN])}.",
        "Remove them (`macd destroy`, the DAG macd_teardown with delete_documents) before the next run.",
    )
    return ["no topic, subject, stream, query, connector or document is left", *groups]


def _remove(world: World) -> int:
    remember(world)
    pipeline = world.pipeline
    removal = pipeline.plan_removal()
    pipeline.remove(removal, lambda change: world.say(f"done: {change.resource}"))
    with connected(pipeline.services.mongodb) as database:
        documents = plan_document_removal(pipeline.spec, database)
        documents.apply(lambda change: world.say(f"done: {change.resource}"))
    return len(removal.pending) + len(documents.pending)


def _forget_groups(world: World) -> Facts:
    """Groups are no more than a name and offsets of topics that are gone; those that stay expire."""
    consumers = ConsumerGroups(world.pipeline.services.kafka)
    names = own_groups(world.pipeline, world.before, world.marks)
    try:
        consumers.delete(names)
    except ServiceError as error:
        return [f"consumer groups stay until they expire ({', '.join(names)}): {error.message}"]
    return [f"{len(names)} consumer groups deleted"]
