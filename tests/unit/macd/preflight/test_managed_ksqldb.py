"""What a managed ksqlDB server lets a client set, against the fake of tests/cloud; nothing is set."""

from __future__ import annotations

import pytest

from macd.clients.kafka import ClusterState
from macd.errors import RequestRejected
from macd.pipeline import Pipeline
from macd.preflight import ksqldb
from macd.preflight.result import Answer, Outcome
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY, Settings
from tests.cloud.process import Cloud
from tests.cloud.target import ENVIRONMENT

CACHE = "ksql.streams.cache.max.bytes.buffering"


def settings(cloud: Cloud) -> Answer:
    pipeline = Pipeline.load(Settings(target="cloud"), {**ENVIRONMENT, "MACD_CLOUD_KSQLDB_URL": cloud.url})
    scene = Scene(pipeline, load_rules(REPOSITORY / "include"), lambda: ClusterState("lkc-fake1", 3))
    return next(check for check in ksqldb.checks(scene) if check.name == "settings").look()


@pytest.mark.parametrize("refusal", [None, 403, 404, 405])
def test_a_server_that_denies_other_things_will_do(cloud: Cloud, refusal: int | None) -> None:
    cloud.change_ksqldb(refusal=refusal)
    answer = settings(cloud)
    assert (answer.outcome, answer.detail) == (Outcome.OK, "a client may set what statements need (2)")


@pytest.mark.parametrize("refusal", [None, 403, 404, 405])
def test_a_server_that_denies_what_statement_05_sets_is_told_with_file_and_remedy(
    cloud: Cloud, refusal: int | None
) -> None:
    cloud.change_ksqldb(denied=["ksql.suppress.enabled", CACHE], refusal=refusal)
    answer = settings(cloud)
    assert (answer.outcome, answer.may_pass) == (Outcome.FAILED, False)
    assert answer.detail == f"it lets no client set {CACHE}, which include/ksql/05_macd_paid_orders.sql does"
    assert "ksql.properties.overrides.denylist" in answer.remedy
    assert "or take the SET out of the file; docs/cloud.md" in answer.remedy


@pytest.mark.parametrize("others", [[], [CACHE]])
def test_what_the_client_sends_itself_can_be_taken_out_of_no_file(cloud: Cloud, others: list[str]) -> None:
    cloud.change_ksqldb(denied=["ksql.streams.auto.offset.reset", *others])
    answer = settings(cloud)
    told = "it lets no client set ksql.streams.auto.offset.reset, which every statement of include/ksql does"
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith(told)
    assert answer.remedy.endswith(
        "ksql.properties.overrides.denylist (a managed server: ask Confluent's support)."
    )


def test_nothing_is_set_by_asking(cloud: Cloud) -> None:
    settings(cloud)
    assert {request.split()[0] for request in cloud.requests()} == {"GET"}


def test_a_server_that_tells_nothing_is_not_called_well(cloud: Cloud) -> None:
    cloud.change_ksqldb(refusal=404, denied=None)
    assert settings(cloud).outcome is Outcome.UNKNOWN


def test_a_fault_of_the_server_is_no_answer(cloud: Cloud) -> None:
    cloud.change_ksqldb(refusal=500)
    with pytest.raises(RequestRejected, match="code 50000"):
        settings(cloud)
