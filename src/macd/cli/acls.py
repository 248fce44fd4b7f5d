"""`macd acls`: the commands that give each service account what it needs on Kafka; changes nothing."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import Annotated

import typer

from macd.acls import confluent, grants, kafka_acls
from macd.errors import SpecError
from macd.preflight.management import ConfluentManagement
from macd.preflight.placement import confluent_source
from macd.preflight.rules import load_rules
from macd.settings import Settings
from macd.specs import TargetSpec, load_pipeline
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
    chosen = _chosen(load_acls(settings.include_dir), account, principal)
    is_named = any(spec.needs_service_id for spec in chosen)
    service_id = _service_id(settings, pipeline.target) if is_named else ""
    for spec in chosen:
        name = principal or f"macd-{spec.name}"
        typer.echo(f"# {spec.name}: {spec.description}")
        for grant in grants(spec, pipeline, service_id):
            typer.echo(_WRITERS[form](name, grant))


def _service_id(settings: Settings, target: TargetSpec) -> str:
    """What the ksqlDB server's own names begin with; where the target does not say it, its management API."""
    if target.ksqldb_service_id:
        return target.ksqldb_service_id
    source = confluent_source(load_rules(settings.include_dir), target, os.environ)
    if source and (prefix := ConfluentManagement(source).ksqldb().topic_prefix):
        return prefix
    raise SpecError(
        f"include/targets/{target.name}.yaml: field 'ksqldb_service_id' is missing.",
        remedy="Set it to the ksql.service.id of the ksqlDB server.",
    )


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
