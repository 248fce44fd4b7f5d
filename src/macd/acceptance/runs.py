"""The steps that seed runs and verify that every record of them arrived."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from macd.acceptance.step import Facts, hold
from macd.acceptance.world import World
from macd.clients.records import end_offsets
from macd.pipeline import Pipeline
from macd.producer.manifest import Manifest
from macd.producer.parameters import SeedParameters
from macd.producer.route import route_of
from macd.producer.seed import seed_run
from macd.quality.report import Report
from macd.quality.verify import raise_for_failures, verify_run

CLEAN, FAULTS, LEFT, RIGHT, CHANGED = "clean", "faults", "left", "right", "changed"
SHARES = {"unpaid_share": 0.1, "mismatch_share": 0.05, "outside_window_share": 0.05, "duplicate_share": 0.1}


def clean_run(world: World) -> Facts:
    """A run without faults arrives whole."""
    return [seeded_and_verified(world, CLEAN).verdict]


def run_with_faults(world: World) -> Facts:
    """Unpaid, mismatched, late and duplicated payments come out exactly as they were planned."""
    run_id = world.run_id(FAULTS)
    counts = seeded(world, run_id, SeedParameters(orders=world.orders, **SHARES)).counts
    planned = (counts.unpaid, counts.mismatched, counts.outside_window, counts.duplicated)
    hold(all(planned), f"Not every kind of fault is in {world.orders} orders.", "Give more with --orders.")
    report = verified(world, run_id)
    found = report.figures
    hold(
        (found.orders_stored, found.mismatches_stored) == (counts.expected, counts.mismatched),
        f"{found.orders_stored} stored and {found.mismatches_stored} mismatched; planned were "
        f"{counts.expected} and {counts.mismatched}.",
        f"See `macd verify {run_id}`.",
    )
    kinds = "{} unpaid, {} mismatched, {} late, {} paid twice".format(*planned)
    return [f"{kinds} of {world.orders} orders", report.verdict]


def two_runs_at_once(world: World) -> Facts:
    """Two runs that are seeded at the same time each find their own orders."""
    run_ids = [world.run_id(name) for name in (LEFT, RIGHT)]
    parameters = SeedParameters(orders=world.orders)
    with ThreadPoolExecutor(len(run_ids)) as pool:
        list(pool.map(lambda run_id: seeded(world, run_id, parameters), run_ids))
    return [verified(world, run_id).verdict for run_id in run_ids]


def same_run_again(world: World) -> Facts:
    """A run that is complete sends nothing when it is asked for again, and still verifies."""
    run_id, kafka = world.run_id(CLEAN), world.pipeline.services.kafka
    sources = route_of(world.pipeline.spec).sources
    before = end_offsets(kafka, sources)
    seeded(world, run_id, SeedParameters(orders=world.orders))
    hold(
        sorted(before) == sorted(end_offsets(kafka, sources)),
        f"Seeding the complete run '{run_id}' again has added records.",
        "Nobody else may write these topics meanwhile; otherwise report it.",
    )
    return ["no record was added", verified(world, run_id).verdict]


def run_after_change(world: World) -> Facts:
    """A run that follows the replacement arrives whole."""
    return [seeded_and_verified(world, CHANGED).verdict]


def seeded_and_verified(world: World, name: str) -> Report:
    """A clean run's report; QualityCheckFailed when it did not come out."""
    seeded(world, world.run_id(name), SeedParameters(orders=world.orders))
    return verified(world, world.run_id(name))


def seeded(
    world: World, run_id: str, parameters: SeedParameters, pipeline: Pipeline | None = None
) -> Manifest:
    """The manifest of a run that is complete; `pipeline` is another version than the deployed one."""
    version = pipeline or world.pipeline
    return seed_run(run_id, parameters, version.spec, version.services, world.say)


def verified(world: World, run_id: str) -> Report:
    """The run's report; QualityCheckFailed when a check did not hold."""
    pipeline = world.pipeline
    report = verify_run(run_id, pipeline.spec, pipeline.services, world.deadline_s, world.say)
    raise_for_failures(report)
    return report
