from __future__ import annotations

import re
from typing import Any

from macd.plan import plan_document_removal
from macd.plan.documents import BOOKS
from macd.settings import REPOSITORY


class Collection:
    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name

    def estimated_document_count(self) -> int:
        return self.server.counts[self.name]

    def drop(self) -> None:
        del self.server.counts[self.name]


class Server(dict[str, Any]):
    """One database, which gives itself out as its client."""

    name = "macd"

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    @property
    def client(self) -> dict[str, Server]:
        return {"macd": self}

    def list_collection_names(self) -> list[str]:
        return list(self.counts)

    def __getitem__(self, name: str) -> Collection:
        return Collection(self, name)


def test_every_collection_that_the_package_writes_is_known(pipeline: Any) -> None:
    written = {
        found
        for file in (REPOSITORY / "src" / "macd").rglob("*.py")
        for found in re.findall(r'^COLLECTION = "(\w+)"', file.read_text(), flags=re.MULTILINE)
    }
    assert written
    assert written == set(BOOKS)


def test_only_the_pipelines_collections_are_dropped(pipeline: Any) -> None:
    server = Server(orders_payments_joined=1_234, seeding_runs=2, somebody_elses=1)
    plan = plan_document_removal(pipeline, server)
    assert plan.render().splitlines() == [
        "- delete  collection macd.orders_payments_joined (1,234 documents)",
        "- delete  collection macd.seeding_runs (2 documents)",
    ]
    plan.apply()
    assert server.counts == {"somebody_elses": 1}
    assert plan_document_removal(pipeline, server).changes == ()
