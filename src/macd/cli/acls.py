"""`macd acls`: the commands that give each service account what it needs on Kafka; changes nothing."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from macd.acls import confluent, grants, kafka_acls
from macd.errors import SpecError
from macd.settings import Settings
from macd.specs import load_pipeline
from macd.specs.acls import AclSpec, load_acls


class Format(StrEnum):
    """Whose command is printed."""

    KAFKA_ACLS = "kafka-acls"
    CONFLUENT = "confluent"


_WRITERS = {Format.KAFKA_ACLS: kafka_acls, Format.CONFLUENT: confluent}
_PRINCIPAL = re.compile(r"\A[A-Za-z0-9._-]{1,200}\Z")


def acls(
    account: Annotated[
        str | None, typer.Argument(help="One account of include/acls; all without it.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Whose command to print.")] = Format.KAFKA_ACLS,
    principal: Annotated[
        str | None, typer.Option(help="Name or id (sa-...) of the account there; macd-<account> without it.")
    ] = None,
) -> None:
    """Print the commands that give each service account what it needs on Kafka. Changes nothing."""
    settings = Settings()
    pipeline = load_pipeline(settings.include_dir, settings.target)
    for spec in _chosen(load_acls(settings.include_dir), account, principal):
        name = principal or f"macd-{spec.name}"
        typer.echo(f"# {spec.name}: {spec.description}")
        for grant in grants(spec, pipeline):
            typer.echo(_WRITERS[form](name, grant))


def _chosen(known: tuple[AclSpec, ...], account: str | None, principal: str | None) -> tuple[AclSpec, ...]:
    """The accounts that are asked for; raises SpecError on one that is not known, or one name for many."""
    if principal is not None and (account is None or not _PRINCIPAL.match(principal)):
        raise SpecError(
            "--principal names one account: letters, digits, dot, dash, underscore.",
            remedy="Say which: `macd acls airflow --principal sa-123abc`.",
        )
    chosen = tuple(spec for spec in known if account in (None, spec.name))
    if not chosen:
        names = ", ".join(spec.name for spec in known) or "none"
        raise SpecError(f"There is no account {account!r}.", remedy=f"Choose one of: {names}.")
    return chosen
