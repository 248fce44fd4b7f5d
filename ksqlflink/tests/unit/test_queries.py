"""Supervision: whatever Flink reports, each query runs once, from its newest checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock

from ksqlflink.catalogue.model import FlinkJob, Query
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.errors import ServerProblem
from ksqlflink.flink.cluster import FlinkCluster
from ksqlflink.flink.gateway import FlinkRefusal, SqlGateway
from ksqlflink.flink.queries import QueryManager
from ksqlflink.services.http import JsonService

JOB = FlinkJob({"parallelism.default": "1"}, ("CREATE TEMPORARY TABLE t",), "INSERT INTO t", "prefix")
FLINK, GATEWAY = "http://flink", "http://gateway"


def job(state: str, job_id: str = "j1", running: int = 2, age: int = 1_000_000) -> dict[str, Any]:
    return {"jid": job_id, "state": state, "duration": age, "tasks": {"running": running, "total": 2}}


class Cluster:
    """A Flink cluster and its gateway that answer what the test says and remember what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.adapter = requests_mock.Adapter()
        session = requests.Session()
        session.mount("http://", self.adapter)
        self.catalogue = Catalogue(":memory:")
        self.aborted: list[str] = []
        self.gateway = SqlGateway(JsonService("gateway", GATEWAY, session))
        self.manager = QueryManager(
            self.catalogue,
            FlinkCluster(JsonService("Flink", FLINK, session)),
            self.gateway,
            self.aborted.append,
        )
        self.get("/overview", {"taskmanagers": 1})
        config = {"key": "execution.checkpointing.dir", "value": folder.as_uri()}
        self.get("/jobmanager/config", [config])
        self.get("/jobs/j1/exceptions?maxExceptions=1", {"exceptionHistory": {"entries": []}})
        self.jobs()
        self._gateway()

    def get(self, path: str, answer: Any, status: int = 200) -> None:
        self.adapter.register_uri("GET", FLINK + path, json=answer, status_code=status)

    def jobs(self, *listed: dict[str, Any]) -> None:
        self.get("/jobs/overview", {"jobs": list(listed)})

    def sequence(self, *answers: list[dict[str, Any]]) -> None:
        responses = [{"json": {"jobs": listed}} for listed in answers]
        self.adapter.register_uri("GET", FLINK + "/jobs/overview", responses)

    def _gateway(self) -> None:
        session = f"{GATEWAY}/v2/sessions"
        self.adapter.register_uri("GET", f"{GATEWAY}/v2/info", json={})
        self.adapter.register_uri("POST", session, json={"sessionHandle": "s"})
        self.adapter.register_uri("DELETE", f"{session}/s", json={})
        self.adapter.register_uri("POST", f"{session}/s/configure-session", json={})
        self.adapter.register_uri("POST", f"{session}/s/statements", json={"operationHandle": "o"})
        ready = [{"json": {"resultType": "NOT_READY"}}, {"json": {"resultType": "EOS"}}]
        self.adapter.register_uri("GET", f"{session}/s/operations/o/result/0", ready)

    def query(self, **changes: Any) -> Query:
        query = replace(Query("Q", "S", "s", ("R",), "CREATE", JOB, "j1"), **changes)
        self.catalogue.put_query(query)
        return query

    def failed_at(self, timestamp: int, completed: dict[str, Any] | None = None) -> None:
        entry = {"stacktrace": "java.Because\nat x", "timestamp": timestamp}
        self.get("/jobs/j1/exceptions?maxExceptions=1", {"exceptionHistory": {"entries": [entry]}})
        self.get("/jobs/j1/checkpoints", {"latest": {"completed": completed}})

    def checkpoint(self, job_id: str, number: int, complete: bool = True) -> str:
        folder = self.folder / job_id / f"chk-{number}"
        folder.mkdir(parents=True)
        if complete:
            (folder / "_metadata").touch()
        return folder.as_uri()

    def asked(self, method: str, path: str) -> list[Any]:
        history = self.adapter.request_history
        return [
            json.loads(r.text) if r.text else None for r in history if (r.method, r.path) == (method, path)
        ]

    def submissions(self) -> list[dict[str, str]]:
        return [asked["properties"] for asked in self.asked("POST", "/v2/sessions")]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path / "checkpoints")


def test_a_query_is_submitted_under_the_id_decided_beforehand(cluster: Cluster) -> None:
    cluster.manager.start(cluster.query())
    assert cluster.submissions() == [
        {"parallelism.default": "1", "$internal.pipeline.job-id": "j1", "pipeline.name": "Q"}
    ]
    assert cluster.asked("POST", "/v2/sessions/s/configure-session") == [
        {"statement": "CREATE TEMPORARY TABLE t"}
    ]
    assert cluster.asked("POST", "/v2/sessions/s/statements") == [{"statement": "INSERT INTO t"}]
    assert cluster.asked("DELETE", "/v2/sessions/s") == [None]


def test_a_rehearsal_plans_a_job_and_runs_none(cluster: Cluster) -> None:
    cluster.gateway.rehearse(JOB)
    assert cluster.submissions() == [{"parallelism.default": "1"}]
    assert cluster.asked("POST", "/v2/sessions/s/statements") == [{"statement": "EXPLAIN INSERT INTO t"}]
    assert cluster.asked("DELETE", "/v2/sessions/s") == [None]


def test_a_table_that_flink_refuses_is_the_statements_error(cluster: Cluster) -> None:
    url = f"{GATEWAY}/v2/sessions/s/configure-session"
    cluster.adapter.register_uri("POST", url, json={"errors": ["java.Inner: no"]}, status_code=500)
    with pytest.raises(FlinkRefusal, match=r"^java\.Inner: no$"):
        cluster.manager.start(cluster.query())
    assert cluster.asked("DELETE", "/v2/sessions/s") == [None]


def test_what_flink_says_of_a_bad_statement_is_passed_on(cluster: Cluster) -> None:
    trace = "Internal error.\nCaused by: java.Outer: no\n\tat x\nCaused by: java.Inner: because\n\tat y"
    url = f"{GATEWAY}/v2/sessions/s/operations/o/result/0"
    cluster.adapter.register_uri("GET", url, json={"errors": ["Oops", trace]}, status_code=500)
    with pytest.raises(FlinkRefusal, match=r"^java\.Inner: because$"):
        cluster.manager.start(cluster.query())
    assert cluster.asked("DELETE", "/v2/sessions/s") == [None]


def test_a_gateway_that_does_not_answer_leaves_the_query_to_the_supervisor(cluster: Cluster) -> None:
    cluster.adapter.register_uri("POST", f"{GATEWAY}/v2/sessions", exc=requests.ReadTimeout)
    cluster.manager.start(cluster.query())
    assert [query.id for query in cluster.catalogue.queries()] == ["Q"]


def test_a_running_job_is_left_alone_and_its_checkpoint_recorded(cluster: Cluster) -> None:
    cluster.query()
    cluster.jobs(job("RUNNING"))
    cluster.get("/jobs/j1/checkpoints", {"latest": {"completed": {"external_path": "file:///chk-7"}}})
    cluster.manager.tick()
    assert cluster.submissions() == []
    assert cluster.catalogue.queries()[0].checkpoint == "file:///chk-7"


def test_a_job_the_cluster_lost_resumes_from_its_newest_complete_checkpoint(cluster: Cluster) -> None:
    cluster.query(checkpoint="file:///long/gone")
    cluster.checkpoint("j1", 9)
    newest = cluster.checkpoint("j1", 10)
    cluster.checkpoint("j1", 11, complete=False)
    cluster.manager.tick()
    (settings,) = cluster.submissions()
    assert settings["$internal.pipeline.job-id"] == "j1"
    assert settings["execution.state-recovery.path"] == newest
    assert settings["execution.state-recovery.claim-mode"] == "CLAIM"


def test_a_job_lost_before_its_first_checkpoint_starts_where_it_first_started(cluster: Cluster) -> None:
    cluster.query()
    cluster.get("/jobs/j1/checkpoints", {}, status=404)
    cluster.manager.tick()
    (settings,) = cluster.submissions()
    assert "execution.state-recovery.path" not in settings


def test_a_failed_job_is_replaced_by_one_with_a_new_id(cluster: Cluster) -> None:
    cluster.query()
    newest = cluster.checkpoint("j1", 3)
    cluster.jobs(job("FAILED", running=0))
    cluster.failed_at(5)
    cluster.manager.tick()
    (settings,) = cluster.submissions()
    (query,) = cluster.catalogue.queries()
    assert settings["$internal.pipeline.job-id"] == query.job_id != "j1"
    assert settings["execution.state-recovery.path"] == query.checkpoint == newest


def test_a_job_that_keeps_failing_is_not_submitted_again_at_once(cluster: Cluster) -> None:
    cluster.query()
    cluster.get("/jobs/j1/checkpoints", {}, status=404)
    cluster.manager.tick()
    cluster.manager.tick()
    assert len(cluster.submissions()) == 1


def test_a_query_whose_checkpoint_is_gone_does_not_start_over_and_holds_up_no_other(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.query(checkpoint=(cluster.folder / "j1" / "chk-4").as_uri())
    cluster.query(id="R", job_id="j2")
    for job_id in ("j1", "j2"):
        cluster.get(f"/jobs/{job_id}/checkpoints", {}, status=404)
    cluster.manager.tick()
    cluster.manager.tick()
    assert [settings["pipeline.name"] for settings in cluster.submissions()] == ["R"]
    (message,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert message.startswith("Q cannot be looked after: its checkpoint ")
    assert message.endswith("is gone; drop and create it again")


def test_nothing_is_done_while_there_is_no_task_manager(cluster: Cluster) -> None:
    cluster.query()
    cluster.get("/overview", {"taskmanagers": 0})
    cluster.manager.tick()
    assert cluster.submissions() == []
    with pytest.raises(ServerProblem, match="does not answer"):
        cluster.manager.check()


@pytest.mark.parametrize(
    ("listed", "state"),
    [
        ([job("RUNNING")], "RUNNING"),
        ([job("RUNNING", running=1, age=5_000)], "RUNNING"),
        ([job("RUNNING", running=1)], "UNRESPONSIVE"),
        ([job("RESTARTING", running=0)], "ERROR"),
        ([job("FAILED", running=0)], "ERROR"),
        ([job("RUNNING", job_id="other")], "UNRESPONSIVE"),
    ],
)
def test_states(cluster: Cluster, listed: list[dict[str, Any]], state: str) -> None:
    cluster.query()
    cluster.jobs(*listed)
    assert cluster.manager.states() == {"Q": state}


@pytest.mark.parametrize(("checkpoint_at", "state"), [(None, "ERROR"), (4, "ERROR"), (6, "RUNNING")])
def test_a_job_that_failed_is_in_error_until_a_checkpoint_completes(
    cluster: Cluster, checkpoint_at: int | None, state: str
) -> None:
    cluster.query()
    cluster.jobs(job("RUNNING"))
    cluster.failed_at(5, {"latest_ack_timestamp": checkpoint_at} if checkpoint_at else None)
    assert cluster.manager.states() == {"Q": state}


def test_why_a_job_fails_is_said_once(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.query()
    cluster.jobs(job("RESTARTING"))
    cluster.failed_at(5)
    cluster.manager.tick()
    cluster.manager.tick()
    assert [record.getMessage() for record in caplog.records] == ["Q fails and is restarted: java.Because"]


def test_a_cluster_that_does_not_answer_makes_every_query_unresponsive(cluster: Cluster) -> None:
    cluster.query()
    cluster.adapter.register_uri("GET", FLINK + "/jobs/overview", exc=requests.ConnectionError)
    assert cluster.manager.states() == {"Q": "UNRESPONSIVE"}


# -- stopping -----------------------------------------------------------------------------------------------


def stopping(cluster: Cluster) -> Query:
    query = cluster.query()
    cluster.catalogue.remove_query(query.id)
    cluster.catalogue.add_stopping(query)
    return query


def test_a_job_is_stopped_with_a_savepoint_and_its_files_are_removed(cluster: Cluster) -> None:
    query = stopping(cluster)
    cluster.checkpoint("j1", 1)
    savepoint = cluster.folder / "savepoint"
    savepoint.mkdir()
    cluster.sequence([job("RUNNING")], [job("FINISHED", running=0)])
    cluster.adapter.register_uri("POST", f"{FLINK}/jobs/j1/stop", json={"request-id": "t"})
    done = {"status": {"id": "COMPLETED"}, "operation": {"location": savepoint.as_uri()}}
    cluster.get("/jobs/j1/savepoints/t", done)
    cluster.manager.stop(query)
    assert cluster.catalogue.stopping() == []
    assert cluster.aborted == []
    assert not savepoint.exists()
    assert not (cluster.folder / "j1").exists()


def test_a_job_that_cannot_make_a_savepoint_is_cancelled_and_its_transactions_aborted(
    cluster: Cluster,
) -> None:
    query = stopping(cluster)
    restarting, cancelled = [job("RESTARTING", running=0)], [job("CANCELED", running=0)]
    cluster.sequence(restarting, restarting, cancelled)
    cluster.adapter.register_uri("PATCH", f"{FLINK}/jobs/j1?mode=cancel", text="")
    cluster.manager.stop(query)
    assert cluster.aborted == ["prefix"]
    assert cluster.catalogue.stopping() == []


def test_a_job_that_died_leaves_no_transaction_open(cluster: Cluster) -> None:
    cluster.manager.stop(stopping(cluster))
    assert cluster.aborted == ["prefix"]


def test_stopping_goes_on_when_flink_is_back(cluster: Cluster) -> None:
    query = stopping(cluster)
    cluster.adapter.register_uri("GET", FLINK + "/jobs/overview", exc=requests.ConnectionError)
    cluster.manager.stop(query)
    assert cluster.catalogue.stopping() == [query]
    cluster.jobs()
    cluster.manager.tick()
    assert cluster.catalogue.stopping() == []


# -- pausing and replacing ----------------------------------------------------------------------------------


def savepoint(cluster: Cluster, location: str) -> None:
    """Let the next stop with a savepoint succeed."""
    cluster.adapter.register_uri("POST", f"{FLINK}/jobs/j1/stop", json={"request-id": "r"})
    done = {"status": {"id": "COMPLETED"}, "operation": {"location": location}}
    cluster.get("/jobs/j1/savepoints/r", done)


def test_a_paused_query_rests_at_its_savepoint_and_is_left_alone(cluster: Cluster) -> None:
    cluster.query()
    savepoint(cluster, "file:///kept")
    cluster.catalogue.set_paused("Q", is_paused=True)
    cluster.sequence([job("RUNNING")], [job("RUNNING")], [job("FINISHED")], [job("FINISHED")])
    cluster.manager.pause("Q")
    (query,) = cluster.catalogue.queries()
    assert query.checkpoint == "file:///kept"
    assert query.job_id != "j1"
    cluster.manager.tick()
    assert cluster.submissions() == []
    assert cluster.manager.states() == {"Q": "PAUSED"}


def test_a_paused_query_whose_job_still_runs_is_paused_by_the_supervisor(cluster: Cluster) -> None:
    cluster.query()
    savepoint(cluster, "file:///kept")
    cluster.catalogue.set_paused("Q", is_paused=True)
    cluster.sequence([job("RUNNING")], [job("RUNNING")], [job("FINISHED")], [job("FINISHED")])
    cluster.manager.tick()
    assert cluster.catalogue.queries()[0].checkpoint == "file:///kept"


def test_a_resumed_query_goes_on_from_its_savepoint(cluster: Cluster) -> None:
    cluster.query(checkpoint="file:///kept", job_id="j2")
    cluster.jobs(job("FINISHED"))
    cluster.manager.resume("Q")
    (submitted,) = cluster.submissions()
    assert submitted["execution.state-recovery.path"] == "file:///kept"
    assert submitted["$internal.pipeline.job-id"] == "j2"


def test_a_query_without_a_savepoint_is_replaced_from_its_newest_checkpoint(cluster: Cluster) -> None:
    query = cluster.query()
    newest = cluster.checkpoint("j1", 7)
    cluster.adapter.register_uri("PATCH", f"{FLINK}/jobs/j1?mode=cancel", json={})
    cluster.sequence([job("RESTARTING")], [job("RESTARTING")], [job("RESTARTING")], [job("CANCELED")])
    replaced = cluster.manager.replace(query)
    assert (replaced.checkpoint, replaced.job_id) == (newest, cluster.catalogue.queries()[0].job_id)


def test_the_supervisor_does_not_start_what_is_being_replaced(cluster: Cluster) -> None:
    query = cluster.query()
    replaced = cluster.manager.replace(query)
    cluster.manager.tick()
    assert cluster.submissions() == []
    cluster.manager.start(replaced)
    assert len(cluster.submissions()) == 1


def test_a_job_that_the_supervisor_has_submitted_already_is_not_submitted_again(cluster: Cluster) -> None:
    cluster.jobs(job("RUNNING"))
    cluster.manager.start(cluster.query())
    assert cluster.submissions() == []
