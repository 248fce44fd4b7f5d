"""The read-only management APIs of Confluent Cloud and MongoDB Atlas, in one region."""

from __future__ import annotations

from typing import Any

from tests.cloud import credentials
from tests.cloud.answer import Answer
from tests.cloud.connect import CLUSTER, ENVIRONMENT

KSQLDB, REGISTRY = "lksqlc-fake1", "lsrc-fake1"
TOPIC_PREFIX = "pksqlc-fake1"
PROJECT, ATLAS_CLUSTER = "65f000000000000000000001", "macd"
ATLAS = f"/api/atlas/v2/groups/{PROJECT}"
ATLAS_TYPE = "application/vnd.atlas."


class ManagementApi:
    """Clusters and addresses; a test may change `ksqldb_status` and `atlas_region`."""

    def __init__(self) -> None:
        # Fields: github.com/confluentinc/ccloud-sdk-go-v2, ksql/v2/docs/KsqldbcmV2ClusterStatus.md.
        self.ksqldb_status = {
            "http_endpoint": "https://pksqlc-fake1.test",
            "phase": "PROVISIONED",
            "is_paused": False,
            "storage": 125,
            "topic_prefix": TOPIC_PREFIX,
        }
        self.atlas_region = {"providerName": "AWS", "regionName": "AP_SOUTH_1", "priority": 7}

    def confluent(self, path: str, query: dict[str, str]) -> Answer:
        """What a Cloud API key may read."""
        if path == "/org/v2/environments":
            return _page([{"id": ENVIRONMENT, "display_name": "macd"}])
        if query.get("environment") != ENVIRONMENT and path != "/networking/v1/ip-addresses":
            return confluent_error(400, "environment is required")
        found: dict[str, Any] = {
            f"/cmk/v2/clusters/{CLUSTER}": _kafka(),
            f"/ksqldbcm/v2/clusters/{KSQLDB}": _ksqldb() | {"status": self.ksqldb_status},
            "/srcm/v3/clusters": _list([_registry()]),
            "/networking/v1/ip-addresses": _list([_address("10.20.30.40/32")]),
        }
        return Answer(200, found[path]) if path in found else confluent_error(404, "no such resource")

    def atlas(self, path: str) -> Answer:
        """What a login with Project Read Only may read."""
        if path == f"{ATLAS}/clusters/{ATLAS_CLUSTER}":
            specs = [{"regionConfigs": [self.atlas_region]}]
            return Answer(200, {"name": ATLAS_CLUSTER, "stateName": "IDLE", "replicationSpecs": specs})
        if path == f"{ATLAS}/accessList":
            entry = {"cidrBlock": "10.20.30.0/24", "groupId": PROJECT}
            return Answer(200, {"totalCount": 1, "results": [entry]})
        return Answer(404, {"error": 404, "errorCode": "RESOURCE_NOT_FOUND", "detail": "no such resource"})


def atlas_token(authorization: str | None, form: dict[str, str]) -> Answer:
    """https://www.mongodb.com/docs/atlas/api/service-accounts/generate-oauth2-token/"""
    if not credentials.is_basic(authorization, credentials.ATLAS_CLIENT, credentials.ATLAS_CLIENT_SECRET):
        return Answer(401, {"error": "invalid_client"})
    if form != {"grant_type": "client_credentials"}:
        return Answer(400, {"error": "unsupported_grant_type"})
    token = {"access_token": credentials.ATLAS_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    return Answer(200, token)


def confluent_error(status: int, detail: str) -> Answer:
    """As the management APIs refuse: {"errors": [{"status", "detail"}]}."""
    return Answer(status, {"errors": [{"id": "fake", "status": str(status), "detail": detail}]})


def _kafka() -> dict[str, Any]:
    spec = {"display_name": "macd", "cloud": "AWS", "region": "ap-south-1", "config": {"kind": "Basic"}}
    return {
        "id": CLUSTER,
        "spec": {**spec, "environment": {"id": ENVIRONMENT}},
        "status": {"phase": "PROVISIONED"},
    }


def _ksqldb() -> dict[str, Any]:
    spec = {"display_name": "macd", "csu": 1, "kafka_cluster": {"id": CLUSTER, "environment": ENVIRONMENT}}
    return {"id": KSQLDB, "spec": spec}


def _registry() -> dict[str, Any]:
    spec = {
        "package": "ESSENTIALS",
        "cloud": "AWS",
        "region": "ap-south-1",
        "environment": {"id": ENVIRONMENT},
    }
    return {"id": REGISTRY, "spec": spec, "status": {"phase": "PROVISIONED"}}


def _address(prefix: str) -> dict[str, Any]:
    where = {"cloud": "AWS", "region": "ap-south-1", "address_type": "EGRESS", "services": ["CONNECT"]}
    return {"ip_prefix": prefix, **where}


def _page(data: list[dict[str, Any]]) -> Answer:
    return Answer(200, _list(data))


def _list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": data, "metadata": {"total_size": len(data)}}
