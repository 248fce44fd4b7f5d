"""Grants as commands of Kafka's kafka-acls.sh and of Confluent Cloud's CLI, ready for a POSIX shell."""

from __future__ import annotations

import shlex

from macd.acls.grants import Grant


def kafka_acls(principal: str, grant: Grant) -> str:
    """kafka-acls.sh (kafka.apache.org/documentation/#security_authz_cli); $KAFKA is the broker's address.

    Credentials of the administrator go into the file admin.properties and so into no process list.
    """
    on = ["--cluster"] if grant.resource == "cluster" else [_flag(grant), grant.name]
    pattern = ["--resource-pattern-type", "prefixed"] if grant.pattern == "prefixed" else []
    operations = [word for each in grant.operations for word in ("--operation", _camel(each))]
    said = shlex.join(["--allow-principal", f"User:{principal}", *operations, *on, *pattern])
    return f'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add {said}'


def confluent(principal: str, grant: Grant) -> str:
    """`confluent kafka acl create` for a service account's id such as sa-123abc.

    Flags: docs.confluent.io/confluent-cli/current/command-reference/kafka/acl/confluent_kafka_acl_create.html
    """
    operations = ",".join(each.replace("_", "-") for each in grant.operations)
    kind = "--consumer-group" if grant.resource == "group" else _flag(grant)
    on = ["--cluster-scope"] if grant.resource == "cluster" else [kind, grant.name]
    prefix = ["--prefix"] if grant.pattern == "prefixed" else []
    account = ["--allow", "--service-account", principal]
    return shlex.join(
        ["confluent", "kafka", "acl", "create", *account, "--operations", operations, *on, *prefix]
    )


def _flag(grant: Grant) -> str:
    return f"--{grant.resource.replace('_', '-')}"


def _camel(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))
