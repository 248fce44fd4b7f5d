"""Faults of the sink."""

from __future__ import annotations

from macd.clients.connectors import connect_client
from macd.quality.report import Hop
from tests.faults.expected import Expected, missing
from tests.faults.production import ProductionFault


class SinkPaused(ProductionFault):
    """the sink of the joined orders is paused while a run comes"""

    alone = True
    # Nothing comes behind it that would tell when what is derived has followed.
    patience_s = 5.0

    def choose(self) -> None:
        """Every order of the run is meant."""

    def inject(self) -> None:
        self._tell("pause")
        self.run = self.stage.seed(self.run.run_id, self.run.parameters).run

    def arrived(self) -> bool:
        return self.watched(lambda watch: watch.pairs == watch.joined)

    def undo(self) -> None:
        self._tell("resume")

    @property
    def expected(self) -> Expected:
        # Where nothing is stored nothing is stored that was not paid exactly.
        found = Expected(holding={"payments_equal_totals"})
        for sale in self.run.sales():
            if sale.pairs:
                found |= missing(sale, Hop.NOT_STORED, self.stage.route.collection)
        return found

    def _tell(self, what: str) -> None:
        sink = next(each for each in self.stage.pipeline.connectors if each.stores == "joined_orders")
        connect_client(self.stage.services.kafka_connect).request("PUT", f"/connectors/{sink.name}/{what}")
