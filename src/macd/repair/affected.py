"""Which seeding runs orders belong to, as far as their manifests are known."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from macd.clients.mongodb import Document
from macd.producer.ids import is_generated, prefix_of
from macd.producer.manifest import Manifest, ids_told_by
from macd.producer.store import RunStore

# Airflow maps a task over at most 1,024 values; so many runs are not reconciled again in one go anyway.
MOST_RUNS = 500


class KnownRuns:
    """The runs that have a manifest; retention deletes it with the run's documents.

    A manifest that is `damaged` is there as well. Where it does not even tell the ids of its orders, any
    order may be one of them.
    """

    def __init__(self, manifests: Iterable[Manifest], damaged: Iterable[Document] = ()) -> None:
        prefixes = {told and told.prefix for told in map(ids_told_by, damaged)}
        self._is_sure = None not in prefixes
        self._prefixes = prefixes | {manifest.order_ids.prefix for manifest in manifests}

    def forgot(self, key: bytes | None) -> bool:
        """Whether an order was made by a run that is not known any more."""
        if key is None or not self._is_sure:
            return False
        return is_generated(key) and prefix_of(key) not in self._prefixes


def known_runs(store: RunStore) -> KnownRuns:
    """The runs in the collection, damaged ones included."""
    return KnownRuns(store.all(), store.unreadable())


def affected_runs(keys: Collection[bytes], manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """The ids of the runs to which at least one key belongs, the latest first, at most 500."""
    if not keys:
        return ()
    hit = [manifest for manifest in manifests if _owns(manifest, keys)]
    newest = sorted(hit, key=lambda manifest: manifest.started_at, reverse=True)
    return tuple(manifest.run_id for manifest in newest[:MOST_RUNS])


def _owns(manifest: Manifest, keys: Iterable[bytes]) -> bool:
    ids = manifest.order_ids
    return any(ids.number(key) is not None for key in keys)
