"""Against the fake of tests/cloud: a process with TLS and credentials."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from macd.clients.confluent_connect import ConfluentConnect
from macd.clients.connect import SinkOffsets
from macd.clients.connectors import connect_client
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs.endpoints import ConnectService
from tests.cloud import credentials
from tests.cloud.connect import BASE, CLUSTER

CONFIG = {
    "connector.class": "MongoDbAtlasSink",
    "topics": "macd_orders_payments_joined",
    "input.data.format": "AVRO",
    "connection.host": "macd.fake.mongodb.net",
    "connection.user": "sink",
    "connection.password": "canary-sink-password",
    "kafka.auth.mode": "SERVICE_ACCOUNT",
    "kafka.service.account.id": "sa-fake",
}


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(ConfluentConnect, "retry", ConfluentConnect.retry.new(backoff_factor=0))


@pytest.fixture
def client(cloud):
    return connect_client(cloud.service())


@pytest.fixture
def sink(client):
    client.put_config("sink", CONFIG)
    return client


def test_the_protocol_is_chosen_by_data(client):
    assert isinstance(client, ConfluentConnect)
    with pytest.raises(ValueError, match="needs environment"):
        ConnectService(url="https://api", api="confluent_cloud", cluster="lkc-1")


def test_a_connector_is_created_changed_and_deleted(client, cloud):
    assert client.connectors() == []
    assert client.config("sink") is None
    client.put_config("sink", CONFIG)
    assert client.connectors() == ["sink"]
    assert cloud.sent("sink") == {**CONFIG, "name": "sink"}
    assert client.consumer_group("sink") == "connect-lcc-fake1"
    assert client.consumer_group("other") is None
    assert client.plugins() == {"MongoDbAtlasSink": "1.0.0"}
    client.delete("sink")
    client.delete("sink")
    assert client.status("sink") is None


def test_defaults_and_masked_secrets_are_no_difference(sink):
    listed = sink.config("sink")
    assert set(listed["connection.password"]) == {"*"}
    assert sink.differing(listed, CONFIG) == ()
    changed = {**CONFIG, "topics": "other", "connection.password": "canary-new", "max.batch.size": "10"}
    assert sink.differing(listed, changed) == ("max.batch.size", "topics")


def test_a_new_connector_is_provisioned_before_it_runs(client, cloud):
    cloud.provision_for(2)
    client.put_config("sink", CONFIG)
    first, second, third = (client.status("sink") for _ in range(3))
    assert (first.state, second.state, third.state) == ("PROVISIONING", "PROVISIONING", "RUNNING")
    assert (first.healthy, first.failed, third.healthy) == (False, False, True)


@pytest.mark.parametrize("word", ["USER_ACTIONABLE_ERROR", "SYSTEM_ERROR"])
def test_a_failed_task_is_failed_in_the_words_of_the_self_managed_one(sink, cloud, word):
    tasks = [{"id": 0, "state": word, "worker_id": "", "msg": "Authentication failed\n\tat com.mongodb"}]
    cloud.change("sink", state="FAILED", trace="Unable to log in at mongodb+srv://sink:pw@h", tasks=tasks)
    status = sink.status("sink")
    assert [task.trace for task in status.failures] == [f"{word}: Authentication failed"]
    assert status.detail == (
        f"FAILED Unable to log in at mongodb+srv://***@h; task 0 FAILED {word}: Authentication failed"
    )


def test_degraded_and_paused_are_not_healthy(sink, cloud):
    tasks = [
        {"id": 0, "state": "RUNNING"},
        {"id": 1, "state": "SYSTEM_ERROR"},
        {"id": 2, "state": "UNASSIGNED"},
    ]
    cloud.change("sink", state="DEGRADED", tasks=tasks)
    degraded = sink.status("sink")
    assert (degraded.healthy, degraded.failed, [task.task for task in degraded.failures]) == (
        False,
        True,
        [1],
    )
    cloud.change("sink", state="PAUSED", tasks=[{"id": 0, "state": "STOPPED"}])
    paused = sink.status("sink")
    assert (paused.healthy, paused.failed) == (False, False)
    assert paused.detail == "PAUSED; task 0 PAUSED"


def test_a_connector_that_was_deleted_is_gone_although_its_status_is_told(sink, cloud):
    cloud.change("sink", state="DELETED")
    assert sink.status("sink") is None


def test_a_restart_brings_it_back(sink, cloud):
    cloud.change("sink", state="FAILED", trace="Boom")
    sink.restart_failed("sink")
    assert sink.status("sink").healthy


def test_only_the_task_that_failed_is_restarted(sink, cloud):
    tasks = [{"id": 0, "state": "RUNNING"}, {"id": 1, "state": "SYSTEM_ERROR"}]
    cloud.change("sink", state="DEGRADED", tasks=tasks)
    sink.restart_failed("sink")
    assert sink.status("sink").healthy
    assert [each for each in cloud.requests() if each.startswith("POST")] == [
        f"POST {BASE}/connectors/sink/tasks/1/restart"
    ]


def test_where_no_task_can_be_restarted_the_connector_is(sink, cloud):
    tasks = [{"id": 0, "state": "USER_ACTIONABLE_ERROR"}]
    cloud.change("sink", tasks=tasks, has_task_restart=False)
    sink.restart_failed("sink")
    assert sink.status("sink").healthy
    assert [each for each in cloud.requests() if each.startswith("POST")] == [
        f"POST {BASE}/connectors/sink/tasks/0/restart",
        f"POST {BASE}/connectors/sink/restart",
    ]


def test_offsets_are_told_with_the_time_at_which_they_were_seen(sink, cloud):
    cloud.change("sink", offsets={"0": 7, "1": 4})
    assert sink.offsets("sink") == SinkOffsets(
        {("macd_orders_payments_joined", 0): 7, ("macd_orders_payments_joined", 1): 4},
        datetime(2026, 1, 1, 0, 0, 0, 123456, UTC),
    )


def test_offsets_that_nobody_observed_or_this_key_may_not_see_are_unknown(sink, cloud):
    assert sink.offsets("sink") is None
    cloud.change("sink", offsets={})
    assert sink.offsets("sink") is None
    cloud.change("sink", offsets={"0": 7}, observed_at=None)
    assert sink.offsets("sink") is None
    cloud.fail(403)
    assert sink.offsets("sink") is None


def test_complaints_name_field_and_reason_and_no_secret(client):
    wrong = {**CONFIG, "name": "sink", "write.strategy": "Sideways", "connection.host": ""}
    assert sorted(client.complaints(wrong)) == [
        'connection.host: "connection.host" is required',
        "write.strategy: Invalid value Sideways. Has to be one of: "
        "DefaultWriteModelStrategy, InsertOneDefaultStrategy, ReplaceOneDefaultStrategy",
    ]


def test_a_refusal_that_quotes_the_request_shows_no_secret(client):
    for wrong in ({**CONFIG, "topics": ""}, {**CONFIG, "connector.class": "com.mongodb.kafka.MongoSink"}):
        with pytest.raises(RequestRejected) as caught:
            client.put_config("sink", wrong)
        assert "canary" not in str(caught.value)
        assert "'connection.password': '***'" in str(caught.value)


def test_too_many_requests_are_waited_for(client, cloud):
    cloud.fail(429, times=2, retry_after=0)
    assert client.connectors() == []
    assert cloud.requests() == [f"GET {BASE}/connectors"] * 3


def test_too_long_a_wait_is_an_error_that_says_so(client, cloud):
    cloud.fail(429, retry_after=900)
    with pytest.raises(RequestRejected, match=r"code 429.*try again in 900 s"):
        client.connectors()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_passing_fault_passes(client, cloud, status):
    cloud.fail(status, times=2)
    assert client.connectors() == []


def test_a_lasting_fault_is_an_error(client, cloud):
    cloud.fail(500, times=20)
    with pytest.raises(RequestRejected, match=r"no \(code 500\).*status.confluent.cloud"):
        client.connectors()


def test_an_expired_key_is_named_with_where_it_is_kept(cloud):
    client = ConfluentConnect(cloud.service(username=credentials.EXPIRED_KEY))
    with pytest.raises(AuthenticationFailed) as caught:
        client.connectors()
    told = str(caught.value)
    assert f"refused the credentials of {credentials.EXPIRED_KEY} (HTTP 401)" in told
    assert "kept in the vault" in told
    assert credentials.CLOUD_SECRET not in told


def test_a_key_without_rights_is_told_which_role_it_lacks(cloud):
    client = ConfluentConnect(cloud.service(username=credentials.POWERLESS_KEY))
    assert client.connectors() == []
    with pytest.raises(AuthenticationFailed, match="CloudClusterAdmin"):
        client.put_config("sink", CONFIG)


def test_a_wrong_cluster_names_the_fields_to_check(cloud):
    with pytest.raises(RequestRejected, match=r"account not found.*lkc-"):
        ConfluentConnect(cloud.service(cluster=f"{CLUSTER}x")).connectors()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(cloud, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ServiceUnreachable, match="SSLError"):
        ConfluentConnect(cloud.service()).connectors()
