"""Reads where things are from the management APIs of Confluent Cloud and MongoDB Atlas; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import requests
from pydantic import Field, SecretStr, model_validator
from requests.auth import AuthBase, HTTPDigestAuth

from macd.clients.http import TIMEOUT, HttpClient
from macd.specs.endpoints import HttpService
from macd.specs.models import Spec

Network = IPv4Network | IPv6Network
_CLOUD_KEY = "MACD_CLOUD_API_KEY and MACD_CLOUD_API_SECRET"
_ATLAS_ACCOUNT = "MACD_ATLAS_CLIENT_ID and MACD_ATLAS_CLIENT_SECRET"
_ATLAS_KEY = "MACD_ATLAS_PUBLIC_KEY and MACD_ATLAS_PRIVATE_KEY"


class Place(NamedTuple):
    """Where something is: `cloud` in lower case (aws), `region` as the cloud writes it (ap-south-1)."""

    what: str
    cloud: str
    region: str

    def __str__(self) -> str:
        return f"{self.what} in {self.cloud} {self.region}"


class ConfluentSource(Spec):
    """Which clusters of Confluent Cloud to look at, and with which Cloud API key."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    username: str
    password: SecretStr
    environment: str
    kafka_cluster: str
    ksqldb_cluster: str


class AtlasSource(Spec):
    """Which cluster of which Atlas project to look at, and with which login.

    A service account (`client_id`, `client_secret`) comes before an API key (`username`, `password`), as
    https://www.mongodb.com/docs/atlas/api/api-authentication/ recommends.
    """

    url: str = Field(pattern=r"^https?://[^\s]+$")
    username: str = ""
    password: SecretStr = SecretStr("")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    project: str
    cluster: str

    @model_validator(mode="after")
    def _has_a_login(self) -> AtlasSource:
        if not self.has_account and not (self.username and self.password.get_secret_value()):
            raise ValueError(f"set {_ATLAS_ACCOUNT} (a service account), or {_ATLAS_KEY} (an API key)")
        return self

    @property
    def has_account(self) -> bool:
        """Whether to log in as a service account."""
        return bool(self.client_id and self.client_secret.get_secret_value())


class KsqlCluster(NamedTuple):
    """A managed ksqlDB cluster.

    Its groups and internal topics begin with _confluent-ksql- and `topic_prefix`, its transactions with
    `topic_prefix` alone.
    """

    kafka_cluster: str
    phase: str
    is_paused: bool
    topic_prefix: str


class ConfluentManagement(HttpClient):
    """Clusters and addresses of one environment."""

    name = "Confluent Cloud"
    connection = "MACD_CLOUD_API_URL"

    def __init__(self, source: ConfluentSource, session: requests.Session | None = None) -> None:
        super().__init__(_service(source), session)
        self._source = source

    def kafka_cluster(self) -> Place:
        """The Kafka cluster: `spec.cloud` and `spec.region`.

        https://docs.confluent.io/cloud/current/clusters/view-cluster.html
        """
        return self._place("Kafka cluster", self._source.kafka_cluster)

    def ksqldb_cluster(self) -> Place:
        """The ksqlDB cluster is where the Kafka cluster is that it works on (`spec.kafka_cluster.id`).

        https://docs.confluent.io/cloud/current/ccloud/get-ksqldbcm-v-2-cluster/
        """
        return self._place("ksqlDB cluster", self.ksqldb().kafka_cluster)

    def ksqldb(self) -> KsqlCluster:
        """The ksqlDB cluster itself: `spec.kafka_cluster.id` and `status`."""
        found = self._get("/ksqldbcm/v2/clusters/", self._source.ksqldb_cluster)
        status = found["status"]
        return KsqlCluster(
            kafka_cluster=str(found["spec"]["kafka_cluster"]["id"]),
            phase=str(status["phase"]),
            is_paused=bool(status.get("is_paused")),
            topic_prefix=str(status.get("topic_prefix") or ""),
        )

    def connector_addresses(self, cloud: str, region: str) -> list[Network]:
        """From where managed connectors of a region come.

        https://docs.confluent.io/cloud/current/networking/static-egress-ip-addresses.html
        """
        path: str | None = "/networking/v1/ip-addresses?page_size=100"
        found: list[dict[str, Any]] = []
        while path:
            page = self.request("GET", path)
            found += page["data"]
            path = ((page.get("metadata") or {}).get("next") or "").removeprefix(self._url) or None
        return [ip_network(each["ip_prefix"]) for each in found if _is_connectors(each, cloud, region)]

    def _place(self, what: str, cluster: str) -> Place:
        spec = self._get("/cmk/v2/clusters/", cluster)["spec"]
        return Place(what, str(spec["cloud"]).lower(), str(spec["region"]))

    def _get(self, path: str, cluster: str) -> dict[str, Any]:
        query = urlencode({"environment": self._source.environment})
        return dict(self.request("GET", f"{path}{quote(cluster, safe='')}?{query}"))


class AtlasManagement(HttpClient):
    """One cluster and the access list of its project."""

    name = "MongoDB Atlas"
    connection = "MACD_ATLAS_API_URL"
    # The version of the API: https://www.mongodb.com/docs/atlas/api/versioned-api-overview/
    content_type = "application/vnd.atlas.2024-08-05+json"

    def __init__(self, source: AtlasSource, session: requests.Session | None = None) -> None:
        super().__init__(_service(source), session)
        self._source = source
        # API keys are checked by digest: https://www.mongodb.com/docs/atlas/configure-api-access/
        digest = HTTPDigestAuth(source.username, source.password.get_secret_value())
        self._session.auth = _Bearer(lambda: self._token) if source.has_account else digest

    def cluster(self) -> Place:
        """The region of highest priority, where the primary is: AP_SOUTH_1 is AWS's ap-south-1.

        A free cluster is a TENANT of a cloud that `backingProviderName` names.

        https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-getgroupcluster
        """
        found = self._get(f"/clusters/{quote(self._source.cluster, safe='')}")
        regions = [region for spec in found["replicationSpecs"] for region in spec["regionConfigs"]]
        first = max(regions, key=lambda region: region["priority"])
        return Place(
            "Atlas cluster",
            str(first.get("backingProviderName") or first["providerName"]).lower(),
            str(first["regionName"]).lower().replace("_", "-"),
        )

    def access_list(self) -> list[Network]:
        """From where connections are let in.

        https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/operation/operation-listgroupaccesslistentries
        """
        found = self._get("/accessList?itemsPerPage=500")["results"]
        ranges = (each.get("cidrBlock") or each.get("ipAddress") for each in found)
        return [ip_network(each) for each in ranges if each]

    @cached_property
    def _token(self) -> str:
        """Lasts an hour, a preflight seconds.

        https://www.mongodb.com/docs/atlas/api/service-accounts/generate-oauth2-token/
        """
        answer = requests.post(
            f"{self._url}/api/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self._source.client_id, self._source.client_secret.get_secret_value()),
            headers={"Accept": "application/json"},
            timeout=TIMEOUT,
        )
        if answer.status_code in (401, 403):
            raise self._refused(answer.status_code)
        if not answer.ok:
            raise self._rejection(answer)
        return str(answer.json()["access_token"])

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self.request("GET", f"/api/atlas/v2/groups/{quote(self._source.project, safe='')}{path}"))


class _Bearer(AuthBase):
    """Sends a token that is asked for with the first request."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


def _service(source: ConfluentSource | AtlasSource) -> HttpService:
    user, password, kept_in = source.username, source.password, _CLOUD_KEY
    if isinstance(source, AtlasSource):
        kept_in = _ATLAS_KEY
        if source.has_account:
            user, password, kept_in = source.client_id, source.client_secret, _ATLAS_ACCOUNT
    return HttpService(url=source.url, username=user, password=password, kept_in=kept_in)


def _is_connectors(address: dict[str, Any], cloud: str, region: str) -> bool:
    return (
        address["address_type"] == "EGRESS"
        and "CONNECT" in address["services"]
        and (str(address["cloud"]).lower(), address["region"]) == (cloud, region)
    )
