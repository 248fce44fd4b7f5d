"""Faults in a run's manifest."""

from __future__ import annotations

from collections import Counter

from macd.clients.mongodb import Document
from tests.faults.expected import Expected, off
from tests.faults.stored import StoredFault


class _ManifestFault(StoredFault):
    collection = "seeding_runs"

    def find(self) -> Document:
        return self.get(self.run.run_id)


class ManifestDeleted(_ManifestFault):
    """a manifest is deleted"""

    seen_by_pipeline = True

    def change(self, document: Document) -> None:
        self.after = None

    @property
    def expected(self) -> Expected:
        left = Counter(documents_of_no_run=self.found["counts"]["expected"])
        told = ("RunNotFound", f"There is no seeding run '{self.run.run_id}'.")
        return Expected(refusal=told, pipeline=left)


class AcknowledgedTooFew(_ManifestFault):
    """a manifest says that fewer messages were acknowledged than were sent"""

    def change(self, document: Document) -> None:
        self.kind = self.draw.choice(("orders", "payments"))
        self.by = self.draw.randint(1, 5)
        document["acknowledged"][self.kind] -= self.by

    @property
    def expected(self) -> Expected:
        check = {"orders": "every_order_acknowledged", "payments": "every_payment_acknowledged"}[self.kind]
        return off(check, **{f"{self.kind}_acknowledged": -self.by})


class _NotReproducible(_ManifestFault):
    """Its records cannot be made again, or others than were sent: nothing is compared with them."""

    about: str

    @property
    def expected(self) -> Expected:
        return Expected(refusal=(self.about, self.run.run_id))


class CountsAltered(_NotReproducible):
    """a manifest has another count"""

    about = "counts"

    def change(self, document: Document) -> None:
        document["counts"][self.draw.choice(sorted(document["counts"]))] += self.draw.choice((-1, 1))


class TotalsAltered(_NotReproducible):
    """a manifest has another sum of money"""

    about = "totals"

    def change(self, document: Document) -> None:
        document["totals"][self.draw.choice(("order_cents", "payment_cents"))] += self.draw.choice((-1, 1))


class SeedAltered(_NotReproducible):
    """a manifest has another seed, which makes other orders"""

    about = "totals"

    def change(self, document: Document) -> None:
        document["parameters"]["seed"] += 1


class OtherRecipe(_NotReproducible):
    """a manifest is of a version that made other records"""

    about = "2-00000000"

    def change(self, document: Document) -> None:
        document["recipe"] = self.about


class ManifestUnreadable(_ManifestFault):
    """a manifest is not one any more"""

    seen_by_pipeline = True

    def change(self, document: Document) -> None:
        # Not its parameters: without them any dead letter of a deleted run may be one of its orders.
        name = self.draw.choice(("as_of", "counts", "started_at", "start_offsets"))
        document[name] = "no"
        if self.draw.random() < 0.5:
            del document[name]

    @property
    def expected(self) -> Expected:
        return Expected(refusal=(self.run.run_id, self.collection), pipeline=Counter(runs_unreadable=1))
