"""`macd status`: each part of the pipeline and whether it is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import typer
from rich.markup import escape

from macd.cli.output import AsJson, out, print_json, table
from macd.errors import MacdError
from macd.pipeline import Pipeline
from macd.settings import Settings


@dataclass(frozen=True)
class Row:
    """One line of the status."""

    part: str
    healthy: bool
    detail: str


def status(as_json: AsJson = False) -> None:
    """Show topics, subjects, streams and connectors with their health; exit 1 when one is not well."""
    pipeline = Pipeline.load(Settings())
    rows = [
        row for section in (_topics, _subjects, _streams, _connectors) for row in _safely(section, pipeline)
    ]
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _print(rows)
    if not all(row.healthy for row in rows):
        raise typer.Exit(1)


def _print(rows: list[Row]) -> None:
    shown = table("", "part", "detail")
    for row in rows:
        shown.add_row("[green]ok[/]" if row.healthy else "[red]!![/]", escape(row.part), escape(row.detail))
    out.print(shown)


def _safely(section: Callable[[Pipeline], Iterator[Row]], pipeline: Pipeline) -> list[Row]:
    """A service that is down is a row of its own and hides no other section."""
    try:
        return list(section(pipeline))
    except MacdError as error:
        return [Row(section.__name__.strip("_"), False, str(error))]


def _topics(pipeline: Pipeline) -> Iterator[Row]:
    names = [topic.name for topic in pipeline.spec.topics]
    actual = pipeline.kafka.topics(names)
    for name in names:
        state = actual.get(name)
        yield Row(
            f"topic {name}", state is not None, f"{state.partitions} partitions" if state else "missing"
        )


def _subjects(pipeline: Pipeline) -> Iterator[Row]:
    for schema in pipeline.spec.schemas:
        found = pipeline.registry.latest(schema.subject)
        detail = f"version {found.version}, id {found.schema_id}" if found else "missing"
        yield Row(f"subject {schema.subject}", found is not None, detail)


def _streams(pipeline: Pipeline) -> Iterator[Row]:
    for spec in pipeline.spec.statements:
        source = pipeline.ksqldb.source(spec.source)
        queries = source.writers if source else ()
        healthy = source is not None and all(query.state == "RUNNING" for query in queries)
        states = ", ".join(f"{query.query_id} {query.state}" for query in queries)
        yield Row(f"{spec.kind} {spec.source}", healthy, (states or "exists") if source else "missing")


def _connectors(pipeline: Pipeline) -> Iterator[Row]:
    for spec in pipeline.spec.connectors:
        found = pipeline.connect.status(spec.name)
        if found is None:
            yield Row(f"connector {spec.name}", False, "missing")
            continue
        yield Row(f"connector {spec.name}", found.healthy, found.detail)
