"""Faults in a run's manifest."""

from __future__ import annotations

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

    def inject(self) -> None:
        self.stage.database[COLLECTION].delete_one({"_id": self.run.run_id})

    @property
    def expected(self) -> Expected:
        return Expected(refusal=("RunNotFound", f"There is no seeding run '{self.run.run_id}'."))


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
