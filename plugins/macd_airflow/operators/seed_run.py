"""Launches the mock producer for one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from macd.producer.manifest import Manifest
from macd.producer.route import route_of
from macd.producer.seed import seed_run
from macd_airflow.assets import announce
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.params import checked


class SeedRunOperator(ServicesOperator):
    """Produces the orders and payments of one run; running it again adds nothing.

    :param run_id: identifies the run; the same run_id and parameters give the same records.
    :param parameters: fields of macd.producer.parameters.SeedParameters; the defaults when None.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "run_id", "parameters")
    ui_color = "#f9d8d6"

    def __init__(
        self, *, run_id: str = "{{ run_id }}", parameters: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.parameters = parameters

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns the run's manifest without its offsets."""
        with airflow_errors():
            parameters = checked(self.parameters or {})
            self.log.info("Run %s: %s", self.run_id, parameters)
            services = self.connections().services()
            manifest = seed_run(self.run_id, parameters, self.pipeline(), services, self.log.info)
        self._print(manifest)
        announce(context, self.outlets, self._news(manifest))
        return manifest.model_dump(mode="json", exclude={"start_offsets", "end_offsets"})

    def _news(self, manifest: Manifest) -> dict[str, dict[str, Any]]:
        route, sent = route_of(self.pipeline()), manifest.acknowledged
        return {
            route.orders_topic: {"run_id": manifest.run_id, "messages": sent.orders},
            route.payments_topic: {"run_id": manifest.run_id, "messages": sent.payments},
        }

    def _print(self, manifest: Manifest) -> None:
        counts, acknowledged, totals = manifest.counts, manifest.acknowledged, manifest.totals
        self.log.info("Orders:   %d produced, %d acknowledged", counts.orders, acknowledged.orders)
        self.log.info("Payments: %d produced, %d acknowledged", counts.payments, acknowledged.payments)
        for name in ("unpaid", "mismatched", "outside_window", "duplicated"):
            if count := getattr(counts, name):
                self.log.info("          %d orders %s, as asked for", count, name.replace("_", " "))
        if totals is not None:
            self.log.info(
                "Totals:   %.2f USD ordered, %.2f USD paid",
                totals.order_cents / 100,
                totals.payment_cents / 100,
            )
        self.log.info("Expected in MongoDB: %d orders", counts.expected)
