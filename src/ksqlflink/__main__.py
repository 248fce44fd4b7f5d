"""Command line of the server."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ksqlflink.server import Server, Settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ksqlflink", description="A ksqlDB-compatible server on Flink SQL.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8088, help="port to listen on")
    parser.add_argument("--bootstrap-servers", required=True, help="Kafka brokers, as Flink reaches them")
    parser.add_argument("--registry-url", required=True, help="Confluent-compatible schema registry")
    parser.add_argument("--flink-url", required=True, help="REST API of the Flink job manager")
    parser.add_argument("--gateway-url", required=True, help="REST API of the Flink SQL gateway")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of the catalogue")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the server until it is stopped."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    Server(Settings(**vars(options))).serve()


if __name__ == "__main__":
    main()
