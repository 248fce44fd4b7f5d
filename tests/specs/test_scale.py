"""include/scale against its own arithmetic: measured record sizes and rates, and what docs/scale.md says."""

from __future__ import annotations

import pytest
import yaml

from macd.producer.encoding import order_encoder, payment_encoder
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

INCLUDE = REPOSITORY / "include"
PROFILES = [yaml.safe_load(path.read_text()) for path in sorted((INCLUDE / "scale").glob("*.yaml"))]
DOCUMENT = (REPOSITORY / "docs" / "scale.md").read_text()
# Bytes a record with its key, in docs/scale.md.
ORDER, PAYMENT, DOCUMENT_BYTES = 150, 135, 523
# Records a second of one task; where each was measured is in docs/scale.md. Half of it is planned with.
SINK, JOIN, HEADROOM = 3_000, {"ksqldb": 5_600, "flink": 3_300}, 2
# Bytes of documents that one shard is planned to hold.
SHARD = 1e12


def peak(profile: dict) -> float:
    return profile["orders_per_day"] / 86_400 * profile["peak_factor"]


def test_records_are_as_large_as_the_document_says():
    schemas = {spec.subject: spec.definition for spec in load_pipeline(INCLUDE, "local").schemas}
    order = order_encoder(1, schemas["macd_orders-value"])
    payment = payment_encoder(2, schemas["macd_payments-value"])
    sales = list(Run("scale", SeedParameters(orders=1_000), 1_700_000_000_000).sales())
    for expected, sizes in (
        (ORDER, [len(sale.order.order_id) + len(order(sale.order)) for sale in sales]),
        (
            PAYMENT,
            [len(sale.payment.payment_id) + len(payment(sale.payment)) for sale in sales if sale.payment],
        ),
    ):
        assert sum(sizes) / len(sizes) == pytest.approx(expected, rel=0.02)
        assert f"{expected} bytes" in DOCUMENT


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile["name"])
def test_the_knobs_carry_the_peak(profile):
    rate = peak(profile)
    assert profile["sink_tasks"] * SINK >= rate * HEADROOM
    tasks = profile.get("parallelism", 1)
    assert tasks * JOIN[profile["join"]] >= rate * HEADROOM
    # A task without a partition has nothing to do.
    assert max(profile["sink_tasks"], tasks) <= profile["partitions"]
    stored = profile["orders_per_day"] * profile["document_days"] * DOCUMENT_BYTES
    assert profile["atlas"]["shards"] * SHARD >= stored


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile["name"])
def test_the_document_names_every_knob(profile):
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{profile['name']}`"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    atlas = profile["atlas"]
    size = (
        f"{profile['csus']} CSUs"
        if profile["join"] == "ksqldb"
        else f"Flink, parallelism {profile['parallelism']}"
    )
    assert cells[1:] == [
        *(f"{peak(profile):,.0f}", str(profile["partitions"]), size, str(profile["sink_tasks"])),
        f"{atlas['tier']}, {atlas['shards']} shard{'s' if atlas['shards'] > 1 else ''}",
    ]


def test_a_million_is_what_the_cloud_topics_are_cut_for():
    [million] = [profile for profile in PROFILES if profile["name"] == "million"]
    topics = (INCLUDE / "topics" / "macd_orders.yaml").read_text()
    assert f"cloud: {{partitions: {million['partitions']}," in topics
