"""include/acls/<account>.yaml: what one service account may do on Kafka, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from macd.errors import SpecError
from macd.specs.files import read_yaml, validate
from macd.specs.models import Spec, TargetName

Resource = Literal["topic", "group", "transactional_id", "cluster"]
Pattern = Literal["literal", "prefixed"]
# What a rule may take from the pipeline's own files instead of a name.
Source = Literal[
    "declared_topics",
    "produced_topics",
    "query_input_topics",
    "query_output_topics",
    "sink_topics",
    "repaired_topics",
    "dead_letter_topics",
    "sink_groups",
]
Operation = Literal["alter_configs", "create", "delete", "describe", "describe_configs", "read", "write"]
# Stands in a name for what the ksqlDB server's own topics and groups begin with.
SERVICE_ID = "{service_id}"
# Without quotes, blanks and shell syntax: the names end up in printed commands.
ResourceName = Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z0-9._-]|\{service_id\}){1,249}$")]


class AclRule(Spec):
    """Operations on one resource: a `name` (literal or prefix), or what `of` finds in include.

    `only` is for targets whose connectors and ksqlDB are one's own, or managed by somebody else.
    """

    resource: Resource
    name: ResourceName | None = None
    of: Source | None = None
    pattern: Pattern = "literal"
    only: Literal["self_managed", "managed"] | None = None
    operations: tuple[Operation, ...] = Field(min_length=1)
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_one_thing(self) -> AclRule:
        named = (self.name is not None) + (self.of is not None)
        if named != (self.resource != "cluster"):
            raise ValueError("give exactly one of name and of, and neither for the cluster")
        if self.pattern == "prefixed" and self.name is None:
            raise ValueError("only a name can be a prefix")
        if self.of and (self.of == "sink_groups") != (self.resource == "group"):
            raise ValueError(f"{self.of} are not of the kind {self.resource}")
        return self


class AclSpec(Spec):
    """One service account; `page` is the vendor's page from which its needs were taken."""

    name: TargetName
    description: str
    page: str
    rules: tuple[AclRule, ...] = Field(min_length=1)

    @property
    def needs_service_id(self) -> bool:
        """Whether names hold the ksqlDB server's service id."""
        return any(SERVICE_ID in (rule.name or "") for rule in self.rules)


def load_acls(include_dir: Path) -> tuple[AclSpec, ...]:
    """All accounts under `include_dir`; raises SpecError with file and field."""
    found = []
    for path in sorted((include_dir / "acls").glob("*.yaml")):
        spec = validate(AclSpec, read_yaml(path), path)
        if spec.name != path.stem:
            raise SpecError(
                f"{path}: field 'name' is '{spec.name}'.", remedy="Give file and field the same name."
            )
        found.append(spec)
    return tuple(found)
