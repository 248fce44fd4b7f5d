"""The steps that lose documents on purpose and bring them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from pymongo.collection import Collection

from macd.acceptance.runs import CLEAN, seeded_and_verified, verified
from macd.acceptance.step import Facts, hold
from macd.acceptance.world import World
from macd.clients.mongodb import Document, connected
from macd.producer.route import route_of
from macd.producer.sales import Run, Sale
from macd.producer.store import RunStore
from macd.quality.report import Hop, Report
from macd.repair.resink import resink_run, survey_run

MENDED = "mended"
LOST = 5
# Everything has arrived before; what is not there at once does not come.
LOOK_S = 5.0


def repair(world: World) -> Facts:
    """Documents that somebody deleted are named with their hop, and written again when told to."""
    seeded_and_verified(world, MENDED)
    return _mended(world, world.run_id(MENDED))


def repair_earlier(world: World) -> Facts:
    """A run from before the join was made anew, whose rows were written again, is verified and repaired."""
    run_id = world.run_id(CLEAN)
    return [verified(world, run_id).verdict, *_mended(world, run_id)]


def _mended(world: World, run_id: str) -> Facts:
    pipeline, deleted = world.pipeline, delete_some(world, run_id)
    survey = survey_run(run_id, pipeline.spec, pipeline.services, LOOK_S, world.say)
    _names_exactly(survey.report, deleted)
    with stored_orders(world) as collection:
        hold(not _there(collection, deleted), "A dry run has written.", "Report it.")
    done = resink_run(run_id, pipeline.spec, pipeline.services, say=world.say)
    again = (done.arrival.written, done.arrival.stored)
    hold(
        again == (len(deleted), len(deleted)),
        f"Of {len(deleted)} lost: {done.verdict}.",
        "See `macd repair`.",
    )
    named = f"the {len(deleted)} deleted orders were named, each as '{Hop.NOT_STORED.value}'"
    return [named, done.verdict, verified(world, run_id).verdict]


@contextmanager
def stored_orders(world: World) -> Iterator[Collection[Document]]:
    """The collection in which runs are verified."""
    route = route_of(world.pipeline.spec)
    with connected(world.pipeline.services.mongodb) as database:
        yield database.client[route.database][route.collection]


def delete_some(world: World, run_id: str) -> set[str]:
    """Deletes the documents of a run's first paid orders; returns their ids."""
    with connected(world.pipeline.services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
    ids = {sale.order.order_id for sale in islice(_stored_sales(manifest.run), LOST)}
    with stored_orders(world) as collection:
        gone = collection.delete_many({"_id": {"$in": sorted(ids)}}).deleted_count
    hold(gone == len(ids), f"{gone} of {len(ids)} documents could be deleted.", "Check the role readWrite.")
    return ids


def _stored_sales(run: Run) -> Iterator[Sale]:
    return (sale for sale in run.sales() if sale.pairs)


def _names_exactly(report: Report, deleted: set[str]) -> None:
    missing = report.samples.missing
    named = {each.order_id for each in missing.first if each.hop is Hop.NOT_STORED}
    hold(
        not report.passed and missing.count == len(deleted) and named == deleted,
        f"{len(deleted)} orders were deleted from MongoDB; the report says: {report.verdict}",
        f"See `macd verify {report.run_id}`.",
    )


def _there(collection: Collection[Document], ids: set[str]) -> int:
    return collection.count_documents({"_id": {"$in": sorted(ids)}})
