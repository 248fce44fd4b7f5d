from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.preflight.report import PreflightReport
from macd.preflight.result import Answer, CheckOutcome, failed, ok, warning
from macd_airflow.operators import check_services
from macd_airflow.operators.check_services import CheckServicesOperator
from tests.unit.macd_airflow.context import context

pytestmark = pytest.mark.usefixtures("connections")


class Preflight:
    """Finds what the test says, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.checks = tuple(CheckOutcome.of("Kafka", "access", answer) for answer in answers)
        self.allowed: list[bool] = []
        self.addresses: list[str] = []

    def __call__(self, pipeline: Any, _: Any, *, allow_region_mismatch: bool) -> PreflightReport:
        self.allowed.append(allow_region_mismatch)
        self.addresses.append(pipeline.services.ksqldb.url)
        return PreflightReport(target="local", looked_at=datetime.now(UTC), took_s=0.1, checks=self.checks)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def execute(preflight: Preflight, task: dict[str, Any] | None = None, **arguments: Any) -> Any:
        monkeypatch.setattr(check_services, "run_preflight", preflight)
        return CheckServicesOperator(task_id="t", **arguments).execute(task or context())

    return execute


def test_the_report_is_logged_and_returned(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    preflight = Preflight(ok("cluster 1"), warning("slow", "Look."))
    report = run(preflight)
    assert report["passed"] is True
    printed = capsys.readouterr().out
    assert "PASSED preflight of target local" in printed
    assert "Kafka access: Look." in printed
    assert preflight.addresses == ["http://ksqldb.test"]


@pytest.mark.parametrize(("may_pass", "raised"), [(True, AirflowException), (False, AirflowFailException)])
def test_only_what_waiting_may_cure_is_tried_again(run: Any, may_pass: bool, raised: type) -> None:
    task = context()
    with pytest.raises(AirflowException, match=r"Kafka access: down\. Remedy: Start it\.") as caught:
        run(Preflight(failed("down", "Start it.", may_pass=may_pass)), task)
    assert type(caught.value) is raised
    assert task["ti"].xcoms["verdict"] == "FAILED preflight of target local: failed: Kafka access"


@pytest.mark.parametrize(("entered", "allowed"), [("True", True), ("False", False), (True, True)])
def test_the_region_may_be_overridden(run: Any, entered: bool | str, allowed: bool) -> None:
    preflight = Preflight(ok("x"))
    run(preflight, allow_region_mismatch=entered)
    assert preflight.allowed == [allowed]
