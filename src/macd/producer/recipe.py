"""Names how records follow from a run, so that runs made otherwise are told from those made so."""

from __future__ import annotations

import hashlib
import json
from enum import Enum
from functools import cache

from macd.producer.parameters import SeedParameters
from macd.producer.sales import RECIPE_NUMBER, Run

# What all runs were made by before their manifests said so.
FIRST = "1-45feb163"
# A run with all kinds of orders, and enough of them to hold every line that the menu gives.
_SAMPLE = Run(
    "recipe",
    SeedParameters(
        orders=1000, unpaid_share=0.1, mismatch_share=0.1, outside_window_share=0.1, duplicate_share=0.2
    ),
    as_of=1_784_000_000_000,
)


@cache
def recipe() -> str:
    """The number in producer/sales.py, and a digest of what is made, lest somebody forget the number."""
    digest = hashlib.sha256()
    for sale in _SAMPLE.sales():
        digest.update(json.dumps(sale, default=_plain).encode())
    return f"{RECIPE_NUMBER}-{digest.hexdigest()[:8]}"


def _plain(kind: Enum) -> str:
    return str(kind.value)
