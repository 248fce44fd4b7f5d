"""How many INSERT VALUES a server takes, and how long a pull query takes.

    python ksqlflink/benchmarks/values_and_pulls.py URL [--against URL] [--rounds 3]

Sends the same requests to one server, or to two in turn, and prints the ratio of the medians: 300 INSERT
VALUES one after the other and by four clients at once, 300 pull queries by key, 5 of a whole table of 300
rows. Stream and table are made where a server does not have them; a second server over the same brokers finds
them there when it was started on a copy of the first one's catalogue.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests

KEYS = 300
CLIENTS = 4
PULL_SECONDS = 60.0
STATEMENTS = (
    "CREATE STREAM bench_in (k VARCHAR KEY, n INT, t VARCHAR)"
    " WITH (KAFKA_TOPIC='bench_in', VALUE_FORMAT='{format}', PARTITIONS=1);",
    "CREATE TABLE bench_table AS SELECT k, COUNT(*) AS times, MAX(n) AS n FROM bench_in GROUP BY k;",
)
INSERT = "INSERT INTO bench_in (k, n, t) VALUES ('k%s', %s, UCASE('text %s'));"
BY_KEY, SCAN = "SELECT * FROM bench_table WHERE k = 'k%s';", "SELECT * FROM bench_table WHERE times > 0;"
Measured = dict[str, list[float]]


class Client:
    """Speaks to one server, over one connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def run(self, text: str) -> list[dict[str, object]]:
        """Run statements."""
        properties = {"ksql.streams.auto.offset.reset": "earliest"}
        answer = self._session.post(f"{self._url}/ksql", json={"ksql": text, "streamsProperties": properties})
        if not answer.ok:
            raise SystemExit(f"{text}\n{answer.text}")
        return list(answer.json())

    def pull(self, text: str) -> list[str]:
        """Return the rows of a query, as they come."""
        answer = self._session.post(f"{self._url}/query-stream", data=json.dumps({"sql": text}))
        answer.raise_for_status()
        return answer.text.splitlines()[1:]

    def insert(self, number: int) -> None:
        """Insert a row."""
        self.run(INSERT % (number % KEYS, number, number))


def main() -> None:
    """Prints what is measured of each server, and the ratios."""
    arguments = _arguments()
    urls = [arguments.url] + ([arguments.against] if arguments.against else [])
    for url in urls:
        _prepare(Client(url), arguments.format)
    found: dict[str, Measured] = {url: {} for url in urls}
    for _ in range(arguments.rounds):
        for url in urls:
            for name, value in _measured(url).items():
                found[url].setdefault(name, []).append(value)
    for name in found[urls[0]]:
        medians = [statistics.median(found[url][name]) for url in urls]
        ratio = f", other / this = {medians[1] / medians[0]:.2f}" if len(urls) > 1 else ""
        print(f"{name}: " + " and ".join(f"{value:.1f}" for value in medians) + ratio)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="INSERT VALUES and pull queries, timed.")
    parser.add_argument("url")
    parser.add_argument("--against", metavar="URL")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", default="JSON", help="of the values: JSON or AVRO")
    return parser.parse_args()


def _prepare(client: Client, value_format: str) -> None:
    (listed,) = client.run("SHOW TABLES;")
    if "BENCH_TABLE" not in json.dumps(listed):
        for statement in STATEMENTS:
            client.run(statement.format(format=value_format))
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client.insert, range(KEYS)))
    deadline = time.monotonic() + PULL_SECONDS
    while len(client.pull("SELECT k FROM bench_table;")) < KEYS:
        if time.monotonic() > deadline:
            raise SystemExit("the table does not fill")


def _measured(url: str) -> dict[str, float]:
    client = Client(url)
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [Client(url) for _ in range(CLIENTS)]
        together = _seconds(lambda: list(pool.map(lambda n: clients[n % CLIENTS].insert(n), range(KEYS))))
    one = _seconds(lambda: [client.insert(number) for number in range(KEYS)])
    pulls = sorted(1000 * _seconds(partial(client.pull, BY_KEY % number)) for number in range(KEYS))
    scans = [1000 * _seconds(partial(client.pull, SCAN)) for _ in range(5)]
    return {
        "INSERT VALUES a second, one client": KEYS / one,
        f"INSERT VALUES a second, {CLIENTS} clients": KEYS / together,
        "pull by key, median ms": statistics.median(pulls),
        "pull by key, 95 % ms": pulls[int(0.95 * KEYS)],
        "pull of the whole table, median ms": statistics.median(scans),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
