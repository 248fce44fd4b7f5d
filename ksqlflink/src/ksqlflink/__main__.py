"""Command line: `ksqlflink [serve]` runs the server, `translate` prints Flink SQL, `test` runs tests."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ksqlflink.statements.pushes import MAX_PUSH_QUERIES

_SERVE, _TRANSLATE, _TEST = "serve", "translate", "test"
_WORDS = (_SERVE, _TRANSLATE, _TEST, "-h", "--help", "--version")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ksqlflink", description="A ksqlDB-compatible server on Flink SQL.")
    parser.add_argument("--version", action="version", version=f"ksqlflink {version('ksqlflink')}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_serve(commands.add_parser(_SERVE, help="run the server (what happens without a command)"))
    _add_translate(commands.add_parser(_TRANSLATE, help="print the Flink SQL of a ksql file"))
    _add_test(commands.add_parser(_TEST, help="run tests of SQL files, without Kafka and Flink"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8088, help="port to listen on")
    parser.add_argument("--bootstrap-servers", required=True, help="Kafka brokers, as Flink reaches them")
    parser.add_argument("--registry-url", required=True, help="Confluent-compatible schema registry")
    parser.add_argument("--flink-url", required=True, help="REST API of the Flink job manager")
    parser.add_argument("--gateway-url", required=True, help="REST API of the Flink SQL gateway")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of the catalogue")
    parser.add_argument("--connect-url", help="Kafka Connect, for statements about connectors")
    parser.add_argument(
        "--allowed-host",
        action="append",
        dest="allowed_hosts",
        default=[],
        metavar="NAME",
        help="a name by which clients call the server, beside localhost and addresses; may be repeated",
    )
    parser.add_argument(
        "--max-push-queries", type=_count, default=MAX_PUSH_QUERIES, help="push queries and PRINTs at once"
    )
    _add_jar(parser)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _add_translate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="file of ksqlDB statements; - is standard input")
    parser.add_argument("--bootstrap-servers", default="kafka:9092", help="Kafka brokers, for the tables")
    parser.add_argument("--registry-url", help="schema registry to take schemas and their ids from")
    _add_jar(parser)


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, help="files of tests, and folders of such files")
    parser.add_argument("-s", "--sql-file", type=Path, help="statements of a test in three files")
    parser.add_argument("-i", "--input-file", type=Path, help="its input records")
    parser.add_argument("-o", "--output-file", type=Path, help="its expected records")
    parser.add_argument(
        "-k", dest="words", default="", help="run only tests with these words in name or path"
    )
    parser.add_argument("--junit", type=Path, help="write the verdicts into this file, as JUnit XML")
    parser.add_argument("--watch", action="store_true", help="run again when a file changes")


def _add_jar(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runtime-jar", help="URL of ksqlflink's jar, where it does not lie beside Flink's own"
    )


def arguments_of(words: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line; `serve` is the command where none is given."""
    given = list(words)
    if not given or given[0] not in _WORDS:
        given.insert(0, _SERVE)
    return _parser().parse_args(given)


# Imported when it runs: the server takes a moment to load, and the bare install lacks what it needs.
def _serve(**options: Any) -> None:
    from ksqlflink.server import Server, Settings

    Server(Settings(**options)).serve()


def _translate(**options: Any) -> None:
    from ksqlflink.translation import translate_file

    sys.exit(translate_file(**options))


def _test(**options: Any) -> None:
    try:
        from ksqlflink.testing.command import test_files
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"There is no {missing.name}: pip install 'ksqlflink[server,conformance]'\n")
        sys.exit(2)
    sys.exit(test_files(**options))


_COMMANDS = {_SERVE: _serve, _TRANSLATE: _translate, _TEST: _test}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the server until it is stopped, or another command to its end."""
    options = vars(arguments_of(sys.argv[1:] if arguments is None else arguments))
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    command = options.pop("command")
    try:
        _COMMANDS[command](**options)
    except ModuleNotFoundError as error:
        if (error.name or "ksqlflink").startswith("ksqlflink"):
            raise
        sys.exit(f"ksqlflink {command} needs {error.name}, which comes with: pip install 'ksqlflink[server]'")


if __name__ == "__main__":
    main()
