"""The step that lets MongoDB refuse a record on purpose, and replays those that this left unwritten.

A unique index for a moment makes MongoDB refuse one record: it names a payment that another order has. The
sink's bulk write stops there, so the good records behind it become dead letters too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

from macd.acceptance.mending import LOOK_S, stored_orders
from macd.acceptance.runs import seeded_and_verified, verified
from macd.acceptance.step import Facts, hold
from macd.acceptance.waiting import wait_until_none
from macd.acceptance.world import World
from macd.clients.mongodb import connected
from macd.clients.records import Record, RecordReader
from macd.producer.route import route_of
from macd.producer.store import RunStore
from macd.quality.verify import verify_run
from macd.repair.dead_letters import Kind
from macd.repair.replay import Classified, Replayed, classify_dead_letters, replay_dead_letters
from macd.repair.resink import outgoing, own_records
from macd.repair.transactions import Outgoing, Transactions

REFUSED = "refused"
INDEX = "macd_acceptance"
UNIQUE_FIELD = "payment_id"
# The sink takes 500 records at a time, and only those of the same batch are skipped.
MOST_SKIPPED = 100
# Its key is no order's, so that neither a run nor a sum has anything to do with it.
UNREADABLE_KEY = b"macd-acceptance"


class Scene(NamedTuple):
    """Records of one partition: `kept` and `owner` stay stored, the `behind` them are skipped."""

    kept: Record
    owner: Record
    behind: list[Record]

    def records(self) -> Iterator[Outgoing]:
        """One that no converter can read, as it is cut off; one that MongoDB refuses; and those behind it.

        The refused one repeats the kept order with the owner's payment: no sum counts an order twice.
        """
        clash = outgoing(self.kept)._replace(value=self.owner.value())
        yield clash._replace(key=UNREADABLE_KEY, value=clash.value[:-1], headers=[])
        yield clash
        yield from map(outgoing, self.behind)


def dead_letters(world: World) -> Facts:
    """What the sink could not write is told apart, and what was only skipped is replayed, each once."""
    seeded_and_verified(world, REFUSED)
    run_id, scene = world.run_id(REFUSED), _scene(world)
    skipped = len(scene.behind)
    with _obstacle(world):
        _write(world, scene)
        _wait_for(world, {Kind.STORED: skipped + 1, Kind.BAD: 1})
    # Those that were skipped had their documents until now; without, the dead letters are all that is left.
    _delete(world, scene.behind)
    found = _wait_for(world, {Kind.SKIPPED: skipped, Kind.STORED: 1, Kind.BAD: 1})
    _is_not_well(world, run_id, skipped)
    replayed = _replay(world)
    whole = (replayed.written, replayed.arrival.stored, replayed.arrival.returned)
    hold(
        whole == (skipped, skipped, 0),
        f"{skipped} were to be replayed: {replayed.verdict}.",
        "See `macd dead-letters --from-beginning`.",
    )
    hold(not _replay(world).written, "A second replay has written again.", "Report it.")
    return [found.verdict, replayed.verdict, verified(world, run_id).verdict]


def _scene(world: World) -> Scene:
    """Of the partition that holds most of the run's orders."""
    spec, services = world.pipeline.spec, world.pipeline.services
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(world.run_id(REFUSED))
    partitions: dict[int | None, list[Record]] = defaultdict(list)
    with RecordReader(services.kafka, manifest.start_of((route_of(spec).joined_topic,))) as reader:
        everyone = frozenset(range(manifest.counts.orders))
        for record in own_records(manifest, everyone, reader.drain()):
            partitions[record.partition()].append(record)
    fullest = max(partitions.values(), key=len)
    hold(len(fullest) > 2, "No partition holds three orders of one run.", "Give more with --orders.")
    kept, owner, *behind = fullest
    return Scene(kept, owner, behind[:MOST_SKIPPED])


@contextmanager
def _obstacle(world: World) -> Iterator[None]:
    """The collection takes no payment twice inside the block."""
    with stored_orders(world) as collection:
        collection.create_index([(UNIQUE_FIELD, 1)], unique=True, name=INDEX)
    try:
        yield
    finally:
        with stored_orders(world) as collection:
            collection.drop_index(INDEX)


def _delete(world: World, records: list[Record]) -> None:
    ids = [record.key().decode() for record in records]
    with stored_orders(world) as collection:
        collection.delete_many({"_id": {"$in": ids}})


def _write(world: World, scene: Scene) -> None:
    """In one transaction, which a reader gets to see at once: the sink takes them as one batch."""
    Transactions(world.pipeline.services.kafka, f"macd-repair-{world.run_id(REFUSED)}").write(scene.records())


def _wait_for(world: World, wanted: Mapping[Kind, int]) -> Classified:
    """The dead letters that no replay has looked at, once they are as many of each kind as wanted."""
    found = Classified()

    def amiss() -> list[str]:
        nonlocal found
        found = classify_dead_letters(world.pipeline.spec, world.pipeline.services)
        return [] if found.counts == wanted else [found.verdict]

    told = wait_until_none(amiss, world.deadline_s)
    asked = ", ".join(f"{count} {kind.value}" for kind, count in wanted.items())
    hold(
        not told,
        f"Provoked were dead letters: {asked}; found: {', '.join(told)}.",
        "See `macd dead-letters`.",
    )
    return found


def _is_not_well(world: World, run_id: str, skipped: int) -> None:
    pipeline = world.pipeline
    report = verify_run(run_id, pipeline.spec, pipeline.services, LOOK_S, world.say)
    told = f"{skipped} orders are dead letters; the report says: {report.verdict}"
    is_seen = not report.passed and report.figures.orders_dead_lettered == skipped
    hold(is_seen, told, f"See `macd verify {run_id}`.")


def _replay(world: World) -> Replayed:
    pipeline = world.pipeline
    name = f"acceptance-{uuid4()}"
    return replay_dead_letters(pipeline.spec, pipeline.services, attempt_id=name, say=world.say)
