"""Migrate Airflow's metadata database and import the Connections, in one process.

Each `airflow` command takes seconds only to start; this runs the same two commands after one start.
Usage: python airflow_setup.py CONNECTIONS.json
"""

from __future__ import annotations

import sys

from airflow.cli.cli_parser import get_parser  # noqa: TID251


def main(connections: str) -> None:
    """Runs `airflow db migrate` and `airflow connections import --overwrite`."""
    parser = get_parser()
    for command in (["db", "migrate"], ["connections", "import", "--overwrite", connections]):
        arguments = parser.parse_args(command)
        arguments.func(arguments)


if __name__ == "__main__":
    main(sys.argv[1])
