"""Checks that more than one service has: clock, version, and the Kafka cluster behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from packaging.specifiers import SpecifierSet

from macd.preflight.result import Answer, Check, cannot_tell, failed, ok, warning
from macd.preflight.scene import Scene

# A Date header is cut to the second.
HTTP_DATE_RESOLUTION_S = 1.0
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def clock(scene: Scene, ask: Callable[[], datetime | None], resolution_s: float) -> Check:
    """Holds a service's clock, as `ask` reads it, against this machine's."""
    return Check("clock", partial(_compare_clocks, scene, ask, resolution_s))


def skew_s(told: float, resolution_s: float, before: float, after: float) -> float:
    """Seconds that a clock is ahead (negative: behind), at least; 0 when nothing speaks against it.

    It was read as `told`, cut to `resolution_s`, some time between `before` and `after`.
    """
    if told > after:
        return told - after
    return min(0.0, told + resolution_s - before)


def _compare_clocks(scene: Scene, ask: Callable[[], datetime | None], resolution_s: float) -> Answer:
    before = scene.now()
    told = ask()
    if told is None:
        return cannot_tell("its answers carry no time", "Check by hand that its machine follows NTP.")
    skew = skew_s(told.timestamp(), resolution_s, before, scene.now())
    limits = scene.rules.limits
    if abs(skew) <= limits.clock_skew_warn_s:
        return ok(f"within {limits.clock_skew_warn_s:g} s of this machine's")
    said = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    remedy = "Let both machines follow NTP (timedatectl status, chronyc tracking)."
    return failed(said, remedy) if abs(skew) > limits.clock_skew_fail_s else warning(said, remedy)


def version(scene: Scene, service: str, ask: Callable[[], str | None], name: str = "version") -> Check:
    """Holds a version against include/preflight/versions.yaml."""
    return Check(name, partial(_judge_version, scene, service, ask))


def _judge_version(scene: Scene, service: str, ask: Callable[[], str | None]) -> Answer:
    announced, rule = ask(), scene.rules.versions[service]
    number = _NUMBER.search(announced or "")
    if number is None:
        return cannot_tell("it names no version", f"Check by hand that it is {rule.accepted}: {rule.why}.")
    if SpecifierSet(rule.accepted).contains(number.group()):
        return ok(f"{announced} ({rule.accepted})")
    return failed(f"{announced}, has to be {rule.accepted}", f"Upgrade it: {rule.why} ({rule.page}).")


def same_cluster(scene: Scene, ask: Callable[[], str | None]) -> Check:
    """Whether a service that works on Kafka works on the same cluster as the pipeline."""
    return Check("same Kafka", partial(_compare_clusters, scene, ask))


def _compare_clusters(scene: Scene, ask: Callable[[], str | None]) -> Answer:
    theirs, ours = ask(), scene.cluster_id()
    if theirs is None:
        return cannot_tell("it does not say on which cluster it works", "Look into its configuration.")
    if ours is None:
        return cannot_tell(f"it works on cluster {theirs}; Kafka itself does not answer", "See Kafka.")
    if theirs != ours:
        return failed(
            f"it works on cluster {theirs}, macd_kafka leads to {ours}",
            "Point both at the same Kafka cluster: the address here, or macd_kafka.",
        )
    return ok(f"cluster {ours}")
