"""What has to be there before Airflow's services start: the login's password and the database's tables.

The simple auth manager reads passwords from a file; one that it finds empty it would fill with a password of
its own and log it.
"""

from __future__ import annotations

import json
import os

from airflow.cli.cli_parser import get_parser  # noqa: TID251
from airflow.configuration import conf  # noqa: TID251


def write_password(path: str, password: str) -> None:
    """The password of the user `admin`, in a file that only this user can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"admin": password}, file)


def main() -> None:
    """Writes the password and runs `airflow db migrate`."""
    file = conf.get("core", "simple_auth_manager_passwords_file")
    write_password(file, os.environ["AIRFLOW_ADMIN_PASSWORD"])
    arguments = get_parser().parse_args(["db", "migrate"])
    arguments.func(arguments)


if __name__ == "__main__":
    main()
