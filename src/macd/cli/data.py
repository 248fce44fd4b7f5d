"""`macd seed` and `macd verify`: one run's records, and the proof that they arrived."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from macd.cli.output import AsJson, err, out, print_json
from macd.pipeline import Pipeline
from macd.producer.parameters import SeedParameters
from macd.producer.seed import seed_run
from macd.quality.verify import raise_for_failures, verify_run
from macd.settings import Settings

Share = Annotated[float, typer.Option(min=0.0, max=1.0)]


def seed(
    run_id: Annotated[str, typer.Option(help="Name of the run; the same name never produces twice.")] = "",
    orders: Annotated[int, typer.Option(min=1, max=1_000_000)] = 500,
    seed: int = 0,
    unpaid_share: Share = 0.0,
    mismatch_share: Share = 0.0,
    outside_window_share: Share = 0.0,
    duplicate_share: Share = 0.0,
    as_json: AsJson = False,
) -> None:
    """Produce one run of orders and payments, every message acknowledged."""
    pipeline = Pipeline.load(Settings())
    parameters = SeedParameters(
        orders=orders,
        seed=seed,
        unpaid_share=unpaid_share,
        mismatch_share=mismatch_share,
        outside_window_share=outside_window_share,
        duplicate_share=duplicate_share,
    )
    name = run_id or f"cli__{datetime.now(UTC).isoformat(timespec='seconds')}"
    manifest = seed_run(name, parameters, pipeline.spec, pipeline.services, err.print)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
    else:
        out.print(f"run {name}: verify it with `macd verify {name}`", soft_wrap=True)


def verify(
    run_id: str,
    deadline: Annotated[float, typer.Option(help="Seconds to wait for the run to arrive.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Match what a run produced against what arrived, by identity; exit 10 when a check fails."""
    pipeline = Pipeline.load(Settings())
    report = verify_run(run_id, pipeline.spec, pipeline.services, deadline, err.print)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        typer.echo(report.render_text())
    raise_for_failures(report)
