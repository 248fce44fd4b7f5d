"""The checks of a target in the cloud, from its file and environment to the fake of tests/cloud."""

from __future__ import annotations

import pytest

from macd.clients.kafka import ClusterState
from macd.pipeline import Pipeline
from macd.preflight import placement
from macd.preflight.result import Answer, Outcome
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY, Settings
from tests.cloud import credentials
from tests.cloud.management import ATLAS_CLUSTER, KSQLDB, PROJECT
from tests.cloud.process import Cloud
from tests.cloud.target import ENVIRONMENT

ACCOUNT = {
    "MACD_ATLAS_CLIENT_ID": credentials.ATLAS_CLIENT,
    "MACD_ATLAS_CLIENT_SECRET": credentials.ATLAS_CLIENT_SECRET,
}
KEY = {
    "MACD_ATLAS_PUBLIC_KEY": credentials.ATLAS_KEY,
    "MACD_ATLAS_PRIVATE_KEY": credentials.ATLAS_SECRET,
}


def answers(cloud: Cloud, login: dict[str, str]) -> dict[str, Answer]:
    place = {
        "MACD_CLOUD_API_URL": cloud.url,
        "MACD_CLOUD_KSQLDB_CLUSTER": KSQLDB,
        "MACD_ATLAS_API_URL": cloud.url,
        "MACD_ATLAS_PROJECT": PROJECT,
        "MACD_ATLAS_CLUSTER": ATLAS_CLUSTER,
    }
    pipeline = Pipeline.load(Settings(target="cloud"), {**ENVIRONMENT, **place, **login})
    scene = Scene(pipeline, load_rules(REPOSITORY / "include"), lambda: ClusterState("lkc-fake1", 3))
    return {check.name: check.look() for check in placement.checks(scene)}


@pytest.mark.parametrize("login", [ACCOUNT, KEY, {**KEY, "MACD_ATLAS_PRIVATE_KEY": "old", **ACCOUNT}])
def test_either_login_to_atlas_will_do_and_a_service_account_comes_first(
    cloud: Cloud, login: dict[str, str]
) -> None:
    assert {name: answer.outcome for name, answer in answers(cloud, login).items()} == dict.fromkeys(
        ("same region", "ksqlDB cluster", "access list"), Outcome.OK
    )


def test_a_free_cluster_in_the_region_will_do(cloud: Cloud) -> None:
    cloud.change_management("atlas_region", providerName="TENANT", backingProviderName="AWS")
    assert answers(cloud, ACCOUNT)["same region"].detail == "everything is in aws ap-south-1"


def test_a_paused_ksqldb_fails_its_own_check_only(cloud: Cloud) -> None:
    cloud.change_management("ksqldb_status", is_paused=True)
    found = answers(cloud, ACCOUNT)
    assert [name for name, answer in found.items() if answer.outcome is Outcome.FAILED] == ["ksqlDB cluster"]
    assert "Confluent Cloud Console" in found["ksqlDB cluster"].remedy
