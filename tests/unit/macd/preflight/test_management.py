"""The readers of the management APIs, against the fake of tests/cloud: TLS, Basic and Digest for real."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_network

import pytest

from macd.errors import AuthenticationFailed, RequestRejected
from macd.preflight.management import AtlasManagement, AtlasSource, ConfluentManagement, ConfluentSource
from tests.cloud import credentials, management
from tests.cloud.connect import CLUSTER, ENVIRONMENT
from tests.cloud.process import Cloud


def confluent(cloud: Cloud, **changes: str) -> ConfluentManagement:
    key = {"username": credentials.CLOUD_KEY, "password": credentials.CLOUD_SECRET}
    place = {"environment": ENVIRONMENT, "kafka_cluster": CLUSTER, "ksqldb_cluster": management.KSQLDB}
    return ConfluentManagement(ConfluentSource(url=cloud.url, **{**key, **place, **changes}))


def atlas(cloud: Cloud, **changes: str) -> AtlasManagement:
    key = {"username": credentials.ATLAS_KEY, "password": credentials.ATLAS_SECRET}
    place = {"project": management.PROJECT, "cluster": management.ATLAS_CLUSTER}
    return AtlasManagement(AtlasSource(url=cloud.url, **{**key, **place, **changes}))


def account(cloud: Cloud, **changes: str) -> AtlasManagement:
    login = {
        "client_id": credentials.ATLAS_CLIENT,
        "client_secret": credentials.ATLAS_CLIENT_SECRET,
        "username": "",
        "password": "",
    }
    return atlas(cloud, **{**login, **changes})


def test_everything_is_in_one_region(cloud: Cloud) -> None:
    places = [confluent(cloud).kafka_cluster(), confluent(cloud).ksqldb_cluster(), atlas(cloud).cluster()]
    assert {(place.cloud, place.region) for place in places} == {("aws", "ap-south-1")}


@pytest.mark.parametrize(("backing", "cloud_name"), [("AWS", "aws"), ("GCP", "gcp")])
def test_a_free_cluster_is_where_the_cloud_behind_it_is(cloud: Cloud, backing: str, cloud_name: str) -> None:
    cloud.change_management("atlas_region", providerName="TENANT", backingProviderName=backing)
    assert atlas(cloud).cluster() == ("Atlas cluster", cloud_name, "ap-south-1")


def test_a_ksqldb_cluster_tells_its_state_and_the_prefix_of_its_names(cloud: Cloud) -> None:
    assert confluent(cloud).ksqldb() == (CLUSTER, "PROVISIONED", False, "pksqlc-fake1")


def test_a_service_account_gets_a_token_and_sends_it(cloud: Cloud) -> None:
    assert account(cloud).cluster().region == "ap-south-1"
    client = account(cloud)
    assert client.access_list() == [ip_network("10.20.30.0/24")]
    assert client.cluster().cloud == "aws"
    assert cloud.requests().count("POST /api/oauth/token") == 2


def test_a_refused_service_account_is_named_without_its_secret(cloud: Cloud) -> None:
    with pytest.raises(AuthenticationFailed, match=r"of mdb_sa_id_\w+ .*MACD_ATLAS_CLIENT_SECRET") as caught:
        account(cloud, client_secret="canary-wrong").cluster()
    assert "canary" not in str(caught.value)


def test_a_secret_that_atlas_quotes_is_not_repeated(cloud: Cloud) -> None:
    secret = credentials.ATLAS_CLIENT_SECRET
    login = b64encode(f"{credentials.ATLAS_CLIENT}:{secret}".encode()).decode()
    cloud.fail(400, message=f"malformed: {secret}, Basic {login}")
    with pytest.raises(RequestRejected, match=r"malformed: .*code 400") as caught:
        account(cloud).cluster()
    assert "canary" not in str(caught.value)
    assert login not in str(caught.value)


def test_a_token_that_cannot_be_had_now_is_an_error_of_atlas(cloud: Cloud) -> None:
    cloud.fail(500)
    with pytest.raises(RequestRejected, match=r"MongoDB Atlas: .*code 500"):
        account(cloud).cluster()


def test_atlas_lets_the_connectors_in(cloud: Cloud) -> None:
    assert atlas(cloud).access_list() == [ip_network("10.20.30.0/24")]
    assert confluent(cloud).connector_addresses("aws", "ap-south-1") == [ip_network("10.20.30.40/32")]


def test_refused_keys_are_named_with_where_they_are_kept(cloud: Cloud) -> None:
    with pytest.raises(AuthenticationFailed, match=r"CLOUDKEYEXPIRED1 .*MACD_CLOUD_API_SECRET"):
        confluent(cloud, username=credentials.EXPIRED_KEY).kafka_cluster()
    with pytest.raises(AuthenticationFailed, match=r"of atlaskey .*MACD_ATLAS_PRIVATE_KEY"):
        atlas(cloud, password="wrong").cluster()


def test_a_cluster_that_does_not_exist_is_told(cloud: Cloud) -> None:
    with pytest.raises(RequestRejected, match="no such resource"):
        confluent(cloud, kafka_cluster="lkc-other").kafka_cluster()


def test_reading_waits_as_long_as_it_is_asked_to(cloud: Cloud) -> None:
    cloud.fail(429, times=2, retry_after=0)
    assert confluent(cloud).kafka_cluster().region == "ap-south-1"
