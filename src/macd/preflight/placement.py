"""Cloud targets: is everything in one region, does ksqlDB's cluster run, does Atlas let the connectors in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from macd.errors import MacdError, SpecError
from macd.preflight.management import (
    AtlasManagement,
    AtlasSource,
    ConfluentManagement,
    ConfluentSource,
    KsqlCluster,
    Network,
    Place,
)
from macd.preflight.result import Answer, Check, cannot_tell, failed, failed_with, ok, warning
from macd.preflight.rules import Rules
from macd.preflight.scene import Scene
from macd.specs.files import validate
from macd.specs.models import Spec, TargetSpec
from macd.specs.services import fill

SERVICE = "Cloud"
_WHERE = "include/preflight/placement.yaml"
_MADE = ("PROVISIONED", "UP")
_ANYBODY = ("0.0.0.0/0", "::/0")
_EGRESS = "https://docs.confluent.io/cloud/current/networking/static-egress-ip-addresses.html"
_OVERRIDE = "To go on nevertheless: --allow-region-mismatch, in Airflow's form 'Allow region mismatch'."


class Placement(Spec):
    """Where everything has to be, and where to read where it is."""

    cloud: str
    region: str
    confluent: ConfluentSource
    atlas: AtlasSource


class Management(NamedTuple):
    """The two APIs."""

    confluent: ConfluentManagement
    atlas: AtlasManagement

    @classmethod
    def of(cls, placement: Placement) -> Management:
        """Their clients."""
        return cls(ConfluentManagement(placement.confluent), AtlasManagement(placement.atlas))


def checks(scene: Scene, connect: Callable[[Placement], Management] = Management.of) -> list[Check]:
    """None on a target that is in no cloud."""
    if scene.pipeline.spec.target.name not in scene.rules.placements:
        return []
    return [
        Check("same region", partial(_region, scene, connect)),
        Check("ksqlDB cluster", partial(_ksqldb, scene, connect)),
        Check("access list", partial(_access_list, scene, connect)),
    ]


def placement_of(scene: Scene) -> Placement:
    """The target's placement with its references filled in; SpecError names what is not set."""
    target = scene.pipeline.spec.target.name
    where = f"{_WHERE}: placements.{target}"
    filled = fill(scene.rules.placements[target], scene.pipeline.environment, where)
    return validate(Placement, filled, Path(_WHERE))


def confluent_source(
    rules: Rules, target: TargetSpec, environment: Mapping[str, str]
) -> ConfluentSource | None:
    """Who tells of a target's clusters in Confluent Cloud; None for a target that is not there."""
    if target.name not in rules.placements:
        return None
    where = f"{_WHERE}: placements.{target.name}.confluent"
    filled = fill(rules.placements[target.name].get("confluent", {}), environment, where)
    return validate(ConfluentSource, filled, Path(_WHERE))


def _region(scene: Scene, connect: Callable[[Placement], Management]) -> Answer:
    """What cannot be read blocks like a mismatch: nobody knows that there is none."""
    try:
        placement = placement_of(scene)
        apis = connect(placement)
        places = [apis.confluent.kafka_cluster(), apis.confluent.ksqldb_cluster(), apis.atlas.cluster()]
    except MacdError as error:
        if scene.allow_region_mismatch:
            return cannot_tell(error.message, error.remedy)
        answer = failed_with(error)
        return failed(answer.detail, f"{answer.remedy} {_OVERRIDE}", may_pass=answer.may_pass)
    return judge(places, placement.cloud, placement.region, allowed=scene.allow_region_mismatch)


def judge(places: list[Place], cloud: str, region: str, *, allowed: bool) -> Answer:
    """Whether everything is in the one region; a mismatch that is allowed is a warning."""
    if all((place.cloud, place.region) == (cloud, region) for place in places):
        return ok(f"everything is in {cloud} {region}")
    told = f"{'; '.join(map(str, places))}; has to be {cloud} {region}"
    remedy = "Put them into one region, or name another with MACD_CLOUD_PROVIDER and MACD_CLOUD_REGION."
    return warning(told, remedy) if allowed else failed(told, f"{remedy} {_OVERRIDE}")


def _ksqldb(scene: Scene, connect: Callable[[Placement], Management]) -> Answer:
    try:
        placement = placement_of(scene)
    except SpecError as error:
        return cannot_tell(error.message, error.remedy)
    return judge_ksqldb(connect(placement).confluent.ksqldb())


def judge_ksqldb(found: KsqlCluster) -> Answer:
    """Whether a managed ksqlDB cluster is made and runs."""
    if found.is_paused:
        return failed(
            "it is paused", "Open it in the Confluent Cloud Console, which says why, and resume it."
        )
    if found.phase == "PROVISIONING":
        return failed("it is PROVISIONING", "Wait some minutes until it is PROVISIONED.", may_pass=True)
    if found.phase not in _MADE:
        return failed(
            f"its phase is {found.phase}", "Delete it and make a new one, or ask Confluent's support."
        )
    return ok(f"{found.phase}, its topics and groups begin with _confluent-ksql-{found.topic_prefix}")


def _access_list(scene: Scene, connect: Callable[[Placement], Management]) -> Answer:
    try:
        placement = placement_of(scene)
    except SpecError as error:
        return cannot_tell(error.message, error.remedy)
    apis = connect(placement)
    listed = apis.atlas.access_list()
    if not listed:
        return failed("it is empty: nobody may connect", f"Add the addresses of {_EGRESS} and your own.")
    if any(str(each) in _ANYBODY for each in listed):
        return warning(
            "it lets the whole internet in", f"Keep only your own addresses and those of {_EGRESS}."
        )
    return _covers(listed, apis.confluent.connector_addresses(placement.cloud, placement.region))


def _covers(listed: list[Network], needed: list[Network]) -> Answer:
    if not needed:
        return cannot_tell("Confluent Cloud names no address of its connectors", f"See {_EGRESS}.")
    left_out = [str(each) for each in needed if not any(_is_within(each, outer) for outer in listed)]
    if left_out:
        told = f"{len(left_out)} of {len(needed)} addresses of managed connectors are left out"
        return warning(
            f"{told}: {', '.join(left_out)}", f"Add them, unless the network is private ({_EGRESS})."
        )
    return ok(f"it lets in every address of managed connectors ({len(needed)})")


def _is_within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
