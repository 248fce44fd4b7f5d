"""Faults in a run's manifest."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

from macd.clients.mongodb import Document
from macd.producer.store import COLLECTION
from tests.faults.expected import Expected, off
from tests.faults.fault import Fault


class ManifestFault(Fault):
    """Changes the manifest."""

    def choose(self) -> None:
        found = self.stage.database[COLLECTION].find_one({"_id": self.run.run_id})
        assert found is not None
        self.before: Document = found
        self.after = deepcopy(found)
        self.change()

    def change(self) -> None:
        """Changes `after`."""

    def inject(self) -> None:
        self.stage.database[COLLECTION].replace_one({"_id": self.run.run_id}, self.after)

    def undo(self) -> None:
        self.stage.database[COLLECTION].replace_one({"_id": self.run.run_id}, self.before, upsert=True)


class ManifestDeleted(ManifestFault):
    """a manifest is deleted"""

    found_since = "documents_of_no_run"
    seen_by_pipeline = True

    def inject(self) -> None:
        self.stage.database[COLLECTION].delete_one({"_id": self.run.run_id})

    @property
    def expected(self) -> Expected:
        left = Counter(documents_of_no_run=self.before["counts"]["expected"])
        told = ("RunNotFound", f"There is no seeding run '{self.run.run_id}'.")
        return Expected(refusal=told, pipeline=left)


class AcknowledgedTooFew(ManifestFault):
    """a manifest says that fewer messages were acknowledged than were sent"""

    def change(self) -> None:
        self.kind = self.draw.choice(("orders", "payments"))
        self.by = self.draw.randint(1, 5)
        self.after["acknowledged"][self.kind] -= self.by

    @property
    def expected(self) -> Expected:
        check = {"orders": "every_order_acknowledged", "payments": "every_payment_acknowledged"}[self.kind]
        return off(check, **{f"{self.kind}_acknowledged": -self.by})


class _NotReproducible(ManifestFault):
    """Its records cannot be made again, or others than were sent: nothing is compared with them."""

    found_since = "runs_unreadable"
    about: str

    @property
    def expected(self) -> Expected:
        return Expected(refusal=("RunNotReproducible", self.about, self.run.run_id))


class CountsAltered(_NotReproducible):
    """a manifest has another count"""

    about = "counts"

    def change(self) -> None:
        self.after["counts"][self.draw.choice(sorted(self.after["counts"]))] += self.draw.choice((-1, 1))


class TotalsAltered(_NotReproducible):
    """a manifest has another sum of money"""

    about = "totals"

    def change(self) -> None:
        self.after["totals"][self.draw.choice(("order_cents", "payment_cents"))] += self.draw.choice((-1, 1))


class SeedAltered(_NotReproducible):
    """a manifest has another seed, which makes other orders"""

    about = "totals"

    def change(self) -> None:
        self.after["parameters"]["seed"] += 1


class OtherRecipe(_NotReproducible):
    """a manifest is of a version that made other records"""

    about = "2-00000000"

    def change(self) -> None:
        self.after["recipe"] = self.about


class ManifestUnreadable(ManifestFault):
    """a manifest is not one any more"""

    found_since = "runs_unreadable"
    seen_by_pipeline = True

    def change(self) -> None:
        name = self.draw.choice(("parameters", "as_of", "counts", "started_at", "start_offsets"))
        if self.draw.random() < 0.5:
            del self.after[name]
        else:
            self.after[name] = "no"

    @property
    def expected(self) -> Expected:
        return Expected(refusal=(self.run.run_id, "seeding_runs"), pipeline=Counter(runs_unreadable=1))
