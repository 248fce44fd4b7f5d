"""Against answers in the shape of the documentation, whose pages `macd.preflight.management` names."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from macd.errors import AuthenticationFailed
from macd.pipeline import Pipeline
from macd.preflight import placement as module
from macd.preflight.management import AtlasManagement, AtlasSource, Place
from macd.preflight.placement import judge
from macd.preflight.result import Outcome
from macd.preflight.scene import Scene

CHECKS = module.checks
CONFLUENT, ATLAS = "https://api.confluent.test", "https://atlas.test"
ENVIRONMENT = {
    "MACD_CLOUD_API_URL": CONFLUENT,
    "MACD_CLOUD_API_KEY": "key",
    "MACD_CLOUD_API_SECRET": "canary-1",
    "MACD_CLOUD_ENVIRONMENT": "env-1",
    "MACD_CLOUD_KAFKA_CLUSTER": "lkc-1",
    "MACD_CLOUD_KSQLDB_CLUSTER": "lksqlc-1",
    "MACD_ATLAS_API_URL": ATLAS,
    "MACD_ATLAS_PUBLIC_KEY": "public",
    "MACD_ATLAS_PRIVATE_KEY": "canary-2",
    "MACD_ATLAS_PROJECT": "p1",
    "MACD_ATLAS_CLUSTER": "macd",
}
GROUP = f"{ATLAS}/api/atlas/v2/groups/p1"


def kafka(cloud="AWS", region="ap-south-1"):
    return {"id": "lkc-1", "spec": {"cloud": cloud, "region": region, "config": {"kind": "Basic"}}}


def cluster(kafka_cluster="lkc-1", phase="PROVISIONED", is_paused=False):
    status = {"phase": phase, "is_paused": is_paused, "topic_prefix": "pksqlc-abcde"}
    return {"id": "lksqlc-1", "spec": {"csu": 1, "kafka_cluster": {"id": kafka_cluster}}, "status": status}


def atlas(*regions):
    configs = [
        {"providerName": "AWS", "regionName": name, "priority": 7 - number}
        for number, name in enumerate(regions)
    ]
    return {"name": "macd", "stateName": "IDLE", "replicationSpecs": [{"regionConfigs": configs}]}


def address(prefix, region="ap-south-1", services=("CONNECT",)):
    return {
        "ip_prefix": prefix,
        "cloud": "AWS",
        "region": region,
        "services": list(services),
        "address_type": "EGRESS",
    }


@pytest.fixture
def cloud(http):
    http.get(f"{CONFLUENT}/cmk/v2/clusters/lkc-1?environment=env-1", json=kafka())
    ksqldb = cluster()
    http.get(f"{CONFLUENT}/ksqldbcm/v2/clusters/lksqlc-1?environment=env-1", json=ksqldb)
    second = f"{CONFLUENT}/networking/v1/ip-addresses?page_token=x"
    pages = [
        {"data": [address("3.6.1.1/32"), address("9.9.9.9/32", "us-east-1")], "metadata": {"next": second}},
        {"data": [address("3.6.1.2/32"), address("8.8.8.8/32", services=["KAFKA"])], "metadata": {}},
    ]
    http.get(f"{CONFLUENT}/networking/v1/ip-addresses", [{"json": page} for page in pages])
    http.get(f"{GROUP}/clusters/macd", json=atlas("AP_SOUTH_1"))
    http.get(f"{GROUP}/accessList", json={"results": [{"cidrBlock": "3.6.1.0/24"}, {"ipAddress": "1.2.3.4"}]})
    return http


@pytest.fixture
def scene(scene, pipeline):
    return on_cloud(scene, pipeline)


def on_cloud(scene, pipeline, allow=False, **changes):
    target = pipeline.target.model_copy(update={"name": "cloud"})
    spec = pipeline.model_copy(update={"target": target})
    environment = {key: value for key, value in (ENVIRONMENT | changes).items() if value is not None}
    made = Pipeline(spec, scene.pipeline.services, environment)
    return Scene(made, scene.rules, scene.cluster, allow_region_mismatch=allow)


def test_one_region_is_ok_and_everything_is_only_read(cloud, look):
    answer = look("same region")
    assert (answer.outcome, answer.detail) == (Outcome.OK, "everything is in aws ap-south-1")
    answer = look("access list")
    assert answer.detail == "it lets in every address of managed connectors (2)"
    assert {request.method for request in cloud.request_history} == {"GET"}


def test_a_cluster_elsewhere_blocks_and_may_be_allowed(cloud, look, scene, pipeline):
    cloud.get(f"{GROUP}/clusters/macd", json=atlas("EU_WEST_1", "AP_SOUTH_1"))
    answer = look("same region")
    assert (answer.outcome, answer.may_pass) == (Outcome.FAILED, False)
    assert "Atlas cluster in aws eu-west-1; has to be aws ap-south-1" in answer.detail
    assert "--allow-region-mismatch" in answer.remedy
    allowed = look("same region", on_cloud(scene, pipeline, allow=True))
    assert (allowed.outcome, allowed.detail) == (Outcome.WARNING, answer.detail)


def test_another_region_may_be_the_wanted_one(cloud, look, scene, pipeline):
    changed = on_cloud(scene, pipeline, MACD_CLOUD_REGION="eu-west-1")
    assert look("same region", changed).outcome is Outcome.FAILED
    cloud.get(f"{CONFLUENT}/cmk/v2/clusters/lkc-1?environment=env-1", json=kafka(region="eu-west-1"))
    cloud.get(f"{GROUP}/clusters/macd", json=atlas("EU_WEST_1"))
    assert look("same region", changed).outcome is Outcome.OK


def test_ksqldb_on_another_kafka_cluster_is_where_that_one_is(cloud, look):
    ksqldb = cluster("lkc-2")
    cloud.get(f"{CONFLUENT}/ksqldbcm/v2/clusters/lksqlc-1?environment=env-1", json=ksqldb)
    cloud.get(f"{CONFLUENT}/cmk/v2/clusters/lkc-2?environment=env-1", json=kafka("GCP", "asia-south1"))
    assert "ksqlDB cluster in gcp asia-south1" in look("same region").detail


def test_a_region_that_cannot_be_read_blocks_unless_it_is_allowed(cloud, look, scene, pipeline):
    cloud.get(f"{GROUP}/clusters/macd", status_code=401)
    answer = look("same region")
    assert answer.outcome is Outcome.FAILED
    assert "MACD_ATLAS_PUBLIC_KEY" in answer.remedy
    assert "canary" not in answer.detail + answer.remedy
    assert look("same region", on_cloud(scene, pipeline, allow=True)).outcome is Outcome.UNKNOWN


def test_a_variable_that_is_not_set_is_named(cloud, look, scene, pipeline):
    changed = on_cloud(scene, pipeline, MACD_CLOUD_API_KEY=None)
    answer = look("same region", changed)
    assert (answer.outcome, "MACD_CLOUD_API_KEY" in answer.remedy) == (Outcome.FAILED, True)
    assert look("access list", changed).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("entries", "outcome", "says"),
    [
        ([], Outcome.FAILED, "nobody may connect"),
        ([{"cidrBlock": "0.0.0.0/0"}], Outcome.WARNING, "whole internet"),
        ([{"cidrBlock": "3.6.1.1/32"}], Outcome.WARNING, "1 of 2 addresses.*: 3.6.1.2/32"),
        ([{"cidrBlock": "2001:db8::/32"}, {"cidrBlock": "3.0.0.0/8"}], Outcome.OK, "every address"),
    ],
)
def test_the_access_list_has_to_let_the_connectors_in(cloud, look, entries, outcome, says):
    cloud.get(f"{GROUP}/accessList", json={"results": entries})
    answer = look("access list")
    assert answer.outcome is outcome
    assert re.search(says, answer.detail)


@pytest.mark.parametrize(
    ("found", "outcome", "may_pass", "says"),
    [
        ({}, Outcome.OK, False, "begin with _confluent-ksql-pksqlc-abcde"),
        ({"phase": "UP"}, Outcome.OK, False, "UP"),
        ({"is_paused": True}, Outcome.FAILED, False, "paused"),
        ({"phase": "PROVISIONING"}, Outcome.FAILED, True, "PROVISIONING"),
        ({"phase": "FAILED"}, Outcome.FAILED, False, "its phase is FAILED"),
    ],
)
def test_the_ksqldb_cluster_has_to_be_made_and_to_run(cloud, look, found, outcome, may_pass, says):
    url = f"{CONFLUENT}/ksqldbcm/v2/clusters/lksqlc-1?environment=env-1"
    cloud.get(url, json=cluster(**found))
    answer = look("ksqlDB cluster")
    assert (answer.outcome, answer.may_pass) == (outcome, may_pass)
    assert says in answer.detail


def test_a_login_to_atlas_that_is_not_set_is_named_in_both_its_forms(cloud, look, scene, pipeline):
    changed = on_cloud(scene, pipeline, MACD_ATLAS_PUBLIC_KEY=None, MACD_ATLAS_CLIENT_ID="mdb_sa_id_1")
    answer = look("same region", changed)
    assert answer.outcome is Outcome.FAILED
    assert "MACD_ATLAS_CLIENT_ID and MACD_ATLAS_CLIENT_SECRET" in answer.detail
    assert "MACD_ATLAS_PUBLIC_KEY and MACD_ATLAS_PRIVATE_KEY" in answer.detail
    assert "canary" not in answer.detail + answer.remedy


def test_a_target_in_no_cloud_has_no_such_checks(scene, pipeline):
    here = Pipeline(pipeline, scene.pipeline.services, {})
    assert module.checks(Scene(here, scene.rules, scene.cluster)) == []


def test_three_places_are_named_in_full():
    places = [Place("A", "aws", "x"), Place("B", "aws", "y")]
    assert judge(places, "aws", "x", allowed=False).detail == "A in aws x; B in aws y; has to be aws x"


class Digesting(BaseHTTPRequestHandler):
    """Lets in only whoever answers its challenge, as Atlas does."""

    def do_GET(self) -> None:
        if not self.headers.get("Authorization", "").startswith('Digest username="public"'):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = json.dumps({"results": [{"cidrBlock": "10.0.0.0/8"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Accept"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_atlas_keys_are_used_by_digest():
    with ThreadingHTTPServer(("127.0.0.1", 0), Digesting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = AtlasSource(
            url=f"http://127.0.0.1:{server.server_port}",
            username="public",
            password="canary",
            project="p1",
            cluster="macd",
        )
        assert [str(each) for each in AtlasManagement(source).access_list()] == ["10.0.0.0/8"]
        wrong = AtlasManagement(source.model_copy(update={"username": "somebody"}))
        with pytest.raises(AuthenticationFailed, match="MongoDB Atlas") as refused:
            wrong.access_list()
        server.shutdown()
    assert "canary" not in str(refused.value)
