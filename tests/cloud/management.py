"""The read-only management APIs of Confluent Cloud and MongoDB Atlas, in one region."""

from __future__ import annotations

from typing import Any

from tests.cloud.answer import Answer
from tests.cloud.connect import CLUSTER, ENVIRONMENT

KSQLDB, REGISTRY = "lksqlc-fake1", "lsrc-fake1"
PROJECT, ATLAS_CLUSTER = "65f000000000000000000001", "macd"
ATLAS = f"/api/atlas/v2/groups/{PROJECT}"
ATLAS_TYPE = "application/vnd.atlas."


def confluent(path: str, query: dict[str, str]) -> Answer:
    """What a Cloud API key may read."""
    if path == "/org/v2/environments":
        return _page([{"id": ENVIRONMENT, "display_name": "macd"}])
    if query.get("environment") != ENVIRONMENT and path != "/networking/v1/ip-addresses":
        return confluent_error(400, "environment is required")
    found: dict[str, Any] = {
        f"/cmk/v2/clusters/{CLUSTER}": _kafka(),
        f"/ksqldbcm/v2/clusters/{KSQLDB}": _ksqldb(),
        "/srcm/v3/clusters": _list([_registry()]),
        "/networking/v1/ip-addresses": _list([_address("10.20.30.40/32")]),
    }
    return Answer(200, found[path]) if path in found else confluent_error(404, "no such resource")


def atlas(path: str) -> Answer:
    """What an Atlas API key with Project Read Only may read."""
    if path == f"{ATLAS}/clusters/{ATLAS_CLUSTER}":
        return Answer(200, _atlas_cluster())
    if path == f"{ATLAS}/accessList":
        return Answer(200, {"totalCount": 1, "results": [{"cidrBlock": "10.20.30.0/24", "groupId": PROJECT}]})
    return Answer(404, {"error": 404, "errorCode": "RESOURCE_NOT_FOUND", "detail": "no such resource"})


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
    return {"id": KSQLDB, "spec": spec, "status": {"phase": "PROVISIONED", "is_paused": False}}


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


def _atlas_cluster() -> dict[str, Any]:
    region = {"providerName": "AWS", "regionName": "AP_SOUTH_1", "priority": 7}
    return {"name": ATLAS_CLUSTER, "stateName": "IDLE", "replicationSpecs": [{"regionConfigs": [region]}]}


def _page(data: list[dict[str, Any]]) -> Answer:
    return Answer(200, _list(data))


def _list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": data, "metadata": {"total_size": len(data)}}
