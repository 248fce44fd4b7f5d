from __future__ import annotations

import pytest
import requests
import requests_mock

from macd.clients.airflow import Airflow, LogLine, TaskRun
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs import HttpService

URL = "http://airflow.test"
RUN = "manual__2026-01-01T00:00:00+00:00"
RUN_PATH = f"{URL}/api/v2/dags/d/dagRuns/manual__2026-01-01T00%3A00%3A00%2B00%3A00"


@pytest.fixture
def api() -> requests_mock.Adapter:
    return requests_mock.Adapter()


@pytest.fixture
def airflow(api: requests_mock.Adapter) -> Airflow:
    session = requests.Session()
    session.mount("http://", api)
    return Airflow(HttpService(url=f"{URL}/", username="admin", password="secret"), session)


def test_logging_in_fetches_a_token_that_every_request_carries(airflow, api):
    api.register_uri("POST", f"{URL}/auth/token", json={"access_token": "t0k3n"}, status_code=201)
    api.register_uri("GET", f"{URL}/api/v2/dags/d", json={"dag_id": "d"})
    airflow.log_in()
    assert api.last_request.json() == {"username": "admin", "password": "secret"}
    assert "Authorization" not in api.last_request.headers
    assert airflow.has_dag("d")
    assert api.last_request.headers["Authorization"] == "Bearer t0k3n"


def test_airflow_quotes_what_it_refuses_and_no_message_repeats_the_secrets_in_it(airflow, api):
    refused = {"detail": [{"type": "string_type", "input": {"username": 1, "password": "secret"}}]}
    api.register_uri("POST", f"{URL}/auth/token", [{"status_code": 422, "json": refused}])
    with pytest.raises(RequestRejected) as raised:
        airflow.log_in()
    assert "secret" not in str(raised.value)
    api.register_uri("POST", f"{URL}/auth/token", json={"access_token": "t0k3n"}, status_code=201)
    api.register_uri("GET", f"{URL}/api/v2/dags/d", status_code=500, text="Authorization: Bearer t0k3n")
    airflow.log_in()
    with pytest.raises(RequestRejected) as raised:
        airflow.has_dag("d")
    assert "t0k3n" not in str(raised.value)


def test_a_wrong_password_says_so_without_quoting_it(airflow, api):
    api.register_uri("POST", f"{URL}/auth/token", status_code=401, json={"detail": "Invalid credentials"})
    with pytest.raises(AuthenticationFailed) as raised:
        airflow.log_in()
    assert "secret" not in str(raised.value)


def test_no_airflow_gives_address_and_remedy(airflow, api):
    api.register_uri("POST", f"{URL}/auth/token", exc=requests.ConnectionError)
    with pytest.raises(ServiceUnreachable, match=r"Airflow: no answer from http://airflow.test.*Remedy"):
        airflow.log_in()


def test_an_unknown_dag_is_no_error(airflow, api):
    api.register_uri("GET", f"{URL}/api/v2/dags/d", status_code=404, json={"detail": "not found"})
    assert not airflow.has_dag("d")


def test_import_errors_are_listed_by_file(airflow, api):
    found = [{"filename": "d.py", "stack_trace": "SyntaxError", "timestamp": "", "import_error_id": 1}]
    api.register_uri("GET", f"{URL}/api/v2/importErrors", json={"import_errors": found, "total_entries": 1})
    assert airflow.import_errors() == {"d.py": "SyntaxError"}


def test_a_run_is_triggered_with_only_the_given_params(airflow, api):
    api.register_uri("PATCH", f"{URL}/api/v2/dags/d?update_mask=is_paused", json={})
    api.register_uri("POST", f"{URL}/api/v2/dags/d/dagRuns", json={"dag_run_id": RUN})
    airflow.unpause("d")
    assert api.last_request.json() == {"is_paused": False}
    assert airflow.trigger("d", {"orders": 10}) == RUN
    assert api.last_request.json() == {"logical_date": None, "conf": {"orders": 10}}


def test_params_that_the_dag_refuses_give_its_reason(airflow, api):
    api.register_uri("POST", f"{URL}/api/v2/dags/d/dagRuns", status_code=400, json={"detail": "0 is too few"})
    with pytest.raises(RequestRejected, match="0 is too few"):
        airflow.trigger("d", {"orders": 0})


def test_tasks_come_in_the_order_of_their_dependencies(airflow, api):
    tasks = [
        {"task_id": "a_last", "downstream_task_ids": []},
        {"task_id": "middle", "downstream_task_ids": ["a_last"]},
        {"task_id": "z_first", "downstream_task_ids": ["middle"]},
    ]
    api.register_uri("GET", f"{URL}/api/v2/dags/d/tasks", json={"tasks": tasks})
    assert airflow.task_ids("d") == ("z_first", "middle", "a_last")


def test_states_of_a_run_and_its_tasks(airflow, api):
    tasks = [
        {"task_id": "one", "state": "success", "try_number": 1, "duration": 1.5},
        {"task_id": "two", "state": None, "try_number": 0, "duration": None},
    ]
    api.register_uri("GET", RUN_PATH, json={"state": "running"})
    api.register_uri("GET", f"{RUN_PATH}/taskInstances", json={"task_instances": tasks})
    assert airflow.state("d", RUN) == "running"
    assert airflow.task_runs("d", RUN) == {
        "one": TaskRun("one", "success", 1, 1.5),
        "two": TaskRun("two", "none", 0, None),
    }


def test_a_log_shows_what_was_raised_last_first(airflow, api):
    errors = [
        {"exc_type": "AirflowException", "exc_value": "Kafka: no answer. Remedy: Start it.", "frames": []},
        {"exc_type": "OSError", "exc_value": "refused", "frames": []},
    ]
    content = [
        {"event": "hello", "level": "info", "timestamp": None},
        {"event": "Task failed with exception", "level": "error", "error_detail": errors},
        "a line of a library",
    ]
    api.register_uri(
        "GET", f"{RUN_PATH}/taskInstances/one/logs/2?full_content=true", json={"content": content}
    )
    assert airflow.log("d", RUN, TaskRun("one", "failed", 2, 1.0)) == (
        LogLine("info", "hello"),
        LogLine(
            "error",
            "Task failed with exception",
            ("Kafka: no answer. Remedy: Start it.", "OSError: refused"),
        ),
        LogLine("info", "a line of a library"),
    )


def test_a_dag_is_paused_and_asked_for_its_open_runs(airflow, api):
    api.register_uri("PATCH", f"{URL}/api/v2/dags/d?update_mask=is_paused", json={})
    api.register_uri("GET", f"{URL}/api/v2/dags/d", json={"is_paused": True})
    open_runs = f"{URL}/api/v2/dags/d/dagRuns?state=queued&state=running&limit=1"
    api.register_uri("GET", open_runs, json={"dag_runs": [{}], "total_entries": 3})
    airflow.pause("d")
    assert api.last_request.json() == {"is_paused": True}
    assert airflow.is_paused("d")
    assert airflow.active_runs("d") == 3


def test_a_run_is_set_to_failed_and_nothing_else_of_it_changed(airflow, api):
    api.register_uri("PATCH", f"{RUN_PATH}?update_mask=state", json={})
    airflow.fail("d", RUN)
    assert api.last_request.json() == {"state": "failed"}


def test_a_run_without_a_note_has_an_empty_one(airflow, api):
    api.register_uri("GET", RUN_PATH, [{"json": {"note": "PASSED"}}, {"json": {"note": None}}])
    assert [airflow.note("d", RUN), airflow.note("d", RUN)] == ["PASSED", ""]
