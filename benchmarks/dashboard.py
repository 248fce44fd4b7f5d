"""How long the dashboard's charts take with many documents, against reading them and adding up in Python.

Both sides in one run, on the MongoDB that MACD_TARGET names, in a collection of its own that is dropped at
the end. The page asks each question at most once in 15 seconds, however many people look.

    python benchmarks/dashboard.py --documents 1000000
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from bson import Decimal128
from pymongo.collection import Collection

from macd.clients.mongodb import Document, connected
from macd.dashboard.models import PaymentMethods, PaymentMismatches, Revenue
from macd.dashboard.sales import Sales
from macd.pipeline import Pipeline
from macd.plan.indexes import FIELDS, NAME
from macd.settings import Settings

COLLECTION = "benchmark_dashboard"
HOURS = 168
MISMATCHES = 50
BATCH = 5_000
METHODS = ("credit_card", "debit_card", "cash", "mobile_payment")


def orders(count: int, now: datetime) -> Iterator[Document]:
    """Documents as the sink writes them, over the range of the charts; one in a thousand mismatched."""
    chance = random.Random(7)  # noqa: S311
    for number in range(count):
        total = Decimal(chance.randrange(300, 9_000)).scaleb(-2)
        paid = total + Decimal("0.05") if number % 1_000 == 0 else total
        yield {
            "_id": f"{number:036d}",
            "order_id": f"{number:036d}",
            "customer_id": f"cust_{number % 10_000}",
            "order_total": Decimal128(total),
            "order_items": [{"item_name": "Big Mac", "quantity": 2, "price": Decimal128("5.99")}] * 3,
            "order_time": now - timedelta(seconds=chance.random() * (HOURS - 1) * 3600),
            "payment_id": f"p{number:035d}",
            "payment_amount": Decimal128(paid),
            "payment_method": METHODS[number % len(METHODS)],
            "payment_time": now,
        }


def load(collection: Collection[Document], count: int, now: datetime) -> None:
    """Replaces the collection."""
    collection.drop()
    collection.create_index([(field, 1) for field in FIELDS], name=NAME)
    documents = orders(count, now)
    while batch := list(islice(documents, BATCH)):
        collection.insert_many(batch, ordered=False)


def in_range(collection: Collection[Document], now: datetime) -> Iterator[Document]:
    """Every document of the range, whole, as a reader without aggregations gets it."""
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    # In batches: the local MongoDB-wire server would put all of it into one message.
    return collection.find({"order_time": {"$gte": since, "$lte": now}}, batch_size=BATCH)


def revenue_by_hand(collection: Collection[Document], now: datetime) -> Any:
    """Revenue of each hour."""
    found: dict[datetime, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for order in in_range(collection, now):
        hour = found[order["order_time"].replace(minute=0, second=0, microsecond=0)]
        hour[0] += 1
        hour[1] += order["order_total"].to_decimal()
    return sum(orders for orders, _ in found.values()), sum(money for _, money in found.values())


def methods_by_hand(collection: Collection[Document], now: datetime) -> Any:
    """Amount of each method."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for order in in_range(collection, now):
        found[order["payment_method"]] += order["payment_amount"].to_decimal()
    return dict(found)


def mismatches_by_hand(collection: Collection[Document], now: datetime) -> Any:
    """The newest orders that were not paid their total."""
    found = [o for o in in_range(collection, now) if o["order_total"] != o["payment_amount"]]
    newest = sorted(found, key=lambda order: order["order_time"], reverse=True)
    return [order["_id"] for order in newest[:MISMATCHES]]


def comparable(answer: Revenue | PaymentMethods | PaymentMismatches) -> Any:
    """The chart's answer in the form of the one by hand, so that both are known to say the same."""
    if isinstance(answer, Revenue):
        return sum(hour.orders for hour in answer.hours), sum(hour.revenue for hour in answer.hours)
    if isinstance(answer, PaymentMethods):
        return {each.method: each.amount for each in answer.methods}
    return [each.order_id for each in answer.mismatches]


def seconds(do: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The median of some rounds, and what came out."""
    times, result = [], None
    for _ in range(rounds):
        began = time.perf_counter()
        result = do()
        times.append(time.perf_counter() - began)
    return statistics.median(times), result


def compare(collection: Collection[Document], now: datetime, rounds: int) -> None:
    """Prints a line a chart."""
    sales = Sales(collection, lambda: now)
    charts: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "revenue": (lambda: sales.revenue(HOURS), lambda: revenue_by_hand(collection, now)),
        "methods": (lambda: sales.payment_methods(HOURS), lambda: methods_by_hand(collection, now)),
        "mismatches": (
            lambda: sales.mismatches(HOURS, MISMATCHES),
            lambda: mismatches_by_hand(collection, now),
        ),
    }
    print(f"{'chart':<12}{'one query':>12}{'in Python':>12}{'ratio':>8}")
    for name, (chart, by_hand) in charts.items():
        asked, answer = seconds(chart, rounds)
        added, wanted = seconds(by_hand, rounds)
        if comparable(answer) != wanted:
            raise SystemExit(f"{name}: the two ways do not agree")
        print(f"{name:<12}{asked:>10.2f} s{added:>10.2f} s{added / asked:>8.1f}")


def main() -> None:
    """Loads, compares, drops."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    with connected(Pipeline.load(Settings()).services.mongodb) as database:
        collection = database[COLLECTION]
        version = database.client.server_info()["version"]
        try:
            took, _ = seconds(lambda: load(collection, given.documents, now), 1)
            print(
                f"{given.documents:,} documents of {HOURS} hours on MongoDB {version}, loaded in {took:.0f} s"
            )
            compare(collection, now, given.rounds)
        finally:
            collection.drop()


if __name__ == "__main__":
    main()
