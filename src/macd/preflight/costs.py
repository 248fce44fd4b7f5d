"""What the pipeline costs on its target, by the list prices of include/preflight/prices.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from macd.preflight.report import CostItem
from macd.preflight.rules import Rules
from macd.specs.models import PipelineSpec


def costs_of(pipeline: PipelineSpec, rules: Rules) -> tuple[CostItem, ...]:
    """One item for each thing that has to be paid for; none on a target that costs nothing."""
    figures = _figures(pipeline)
    return tuple(
        CostItem(
            what=item.what,
            amount=item.amount.format_map(figures),
            usd=rules.prices[item.price].usd,
            unit=rules.prices[item.price].unit,
            page=rules.prices[item.price].page,
            note=rules.prices[item.price].note,
        )
        for item in rules.costs.get(pipeline.target.name, ())
    )


def _figures(pipeline: PipelineSpec) -> Mapping[str, int]:
    target = pipeline.target.name
    return {
        "topics": len(pipeline.topics),
        "partitions": sum(topic.targets[target].partitions for topic in pipeline.topics),
        "subjects": len(pipeline.schemas),
        "queries": len(pipeline.queries),
        "tasks": sum(int(connector.config.get("tasks.max", "1")) for connector in pipeline.connectors),
    }
