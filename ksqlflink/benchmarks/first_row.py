"""How long a client waits for the first row of a push query.

    python ksqlflink/benchmarks/first_row.py --kafka HOST:PORT --url URL [--against URL] [--rounds 10]

Makes a stream of 1,000 records in a topic of its own and asks each kind of query over it from the beginning,
`--rounds` times. With --against the same is asked of another server on the same Kafka, in turn, and the ratio
of the medians is printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import requests
from confluent_kafka import Producer

TOPIC, RECORDS = "first_row", 1_000
SETUP = f"CREATE STREAM {TOPIC} (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='{TOPIC}', VALUE_FORMAT='JSON'"
CLEAR = f"DROP STREAM IF EXISTS {TOPIC}"
QUERIES = {
    "rows": f"SELECT * FROM {TOPIC} EMIT CHANGES;",  # noqa: S608
    "count": f"SELECT k, COUNT(*) AS n FROM {TOPIC} GROUP BY k EMIT CHANGES;",  # noqa: S608
}


def main() -> None:
    """Prints the medians of each kind of query, and their ratio."""
    arguments = _arguments()
    urls = [arguments.url] + ([arguments.against] if arguments.against else [])
    for position, url in enumerate(urls):
        _run(url, f"{CLEAR};")
        _run(url, f"{SETUP}{', PARTITIONS=2' if position == 0 else ''});")
    _fill(arguments.kafka)
    for kind, text in QUERIES.items():
        found = [[_first_row(url, text) for url in urls] for _ in range(arguments.rounds)]
        medians = [statistics.median(each) for each in zip(*found, strict=True)]
        shown = ", ".join(
            f"{median * 1000:.0f} ms ({url})" for median, url in zip(medians, urls, strict=True)
        )
        print(f"{kind}: {shown}, ratio {medians[-1] / medians[0]:.1f}")
    for url in reversed(urls):
        _run(url, f"{CLEAR}{' DELETE TOPIC' if url == urls[0] else ''};")


def _run(url: str, text: str) -> None:
    answer = requests.post(f"{url}/ksql", json={"ksql": text}, timeout=60)
    answer.raise_for_status()


def _fill(kafka: str) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(RECORDS):
        producer.produce(TOPIC, key=f"k{number % 10}", value=json.dumps({"v": number}))
    producer.flush()


def _first_row(url: str, text: str) -> float:
    body = {"sql": text, "properties": {"auto.offset.reset": "earliest"}}
    start = time.monotonic()
    with requests.post(f"{url}/query-stream", json=body, stream=True, timeout=120) as answer:
        lines = answer.iter_lines()
        next(lines)
        next(lines)
        return time.monotonic() - start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--against")
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
