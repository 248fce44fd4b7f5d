from __future__ import annotations

import threading

import pytest

from macd.errors import (
    AuthenticationFailed,
    PreflightBlocked,
    PreflightFailed,
    RequestRejected,
    ServiceUnreachable,
)
from macd.pipeline import Pipeline
from macd.preflight.cluster import ClusterOnce
from macd.preflight.report import CostItem, PreflightReport, raise_for_failures
from macd.preflight.result import Check, Outcome, cannot_tell, failed, ok, warning
from macd.preflight.rules import load_rules
from macd.preflight.run import run_preflight
from macd.settings import REPOSITORY
from macd.specs import resolve_services

RULES = load_rules(REPOSITORY / "include")


def raising(error):
    def look():
        raise error

    return look


@pytest.fixture
def run(pipeline):
    def preflight(deadline_s=RULES.limits.deadline_s, **services):
        limits = RULES.limits.model_copy(update={"deadline_s": deadline_s})
        rules = RULES.model_copy(update={"limits": limits})
        made = Pipeline(pipeline, resolve_services(pipeline.target, {}), {})
        named = {name: (lambda _, checks=checks: checks) for name, checks in services.items()}
        return run_preflight(made, rules, services=named)

    return preflight


def test_one_service_that_is_down_hides_no_other(run):
    down = ServiceUnreachable("A", "no answer", remedy="Start A.")
    report = run(
        a=[Check("access", raising(down), essential=True), Check("version", lambda: ok("1"))],
        b=[Check("access", lambda: ok("there"))],
    )
    assert [(c.service, c.check, c.outcome) for c in report.checks] == [
        ("a", "access", Outcome.FAILED),
        ("b", "access", Outcome.OK),
    ]
    with pytest.raises(PreflightFailed, match=r"a access: A: no answer.*Start A") as caught:
        raise_for_failures(report)
    assert not isinstance(caught.value, PreflightBlocked)


def test_a_check_that_fails_leaves_those_beside_it(run):
    report = run(a=[Check("x", lambda: failed("bad", "Do it.")), Check("y", lambda: ok("fine"))])
    assert [check.outcome for check in report.checks] == [Outcome.FAILED, Outcome.OK]
    with pytest.raises(PreflightBlocked):
        raise_for_failures(report)


def test_credentials_are_not_cured_by_waiting(run):
    refused = AuthenticationFailed("A", "refused", remedy="Check the key.")
    down = ServiceUnreachable("B", "no answer", remedy="Start B.")
    report = run(a=[Check("access", raising(refused))], b=[Check("access", raising(down))])
    with pytest.raises(PreflightBlocked, match=r"Check the key\. Start B\."):
        raise_for_failures(report)


@pytest.mark.parametrize(("code", "may_pass"), [(500, True), (50001, True), (40001, False), (58, False)])
def test_an_error_of_the_server_may_pass(run, code, may_pass):
    report = run(a=[Check("x", raising(RequestRejected("A", "no", remedy="Look.", code=code)))])
    assert report.checks[0].may_pass is may_pass


def test_another_service_at_the_address_is_suspected(run):
    rejected = RequestRejected("A", "HTTP 404", remedy="Read its log.", code=404)
    report = run(
        a=[Check("access", raising(rejected), essential=True)], b=[Check("x", raising(KeyError("v")))]
    )
    assert report.checks[0].remedy == "Something answers there, but not as a: check the address."
    assert report.checks[1].detail == "not an answer of b (KeyError)"


def test_warnings_and_what_cannot_be_told_do_not_stop_the_pipeline(run):
    report = run(a=[Check("x", lambda: warning("w", "Look.")), Check("y", lambda: cannot_tell("?", "Ask."))])
    raise_for_failures(report)
    assert report.passed
    assert "0 of 2 checks are ok" in report.verdict


def test_a_service_that_never_answers_costs_no_more_than_the_deadline(run):
    released = threading.Event()
    hanging = Check("slow", lambda: ok(str(released.wait(30))))
    report = run(deadline_s=0.2, a=[Check("access", lambda: ok("there")), hanging], b=[hanging])
    released.set()
    assert report.took_s < 5
    assert [(c.check, c.outcome) for c in report.checks] == [
        ("access", Outcome.OK),
        ("slow", Outcome.FAILED),
        ("slow", Outcome.FAILED),
    ]
    assert report.checks[1].detail == "no answer within 0.2 s"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_breaks_is_not_taken_for_a_short_list(run):
    report = run(a=[Check("odd", raising(RuntimeError("bug")))])
    assert [(c.check, c.outcome, c.detail) for c in report.checks] == [
        ("odd", Outcome.FAILED, "the check itself broke")
    ]


def test_the_report_reads_as_text_and_as_json(run):
    report = run(a=[Check("x", lambda: warning("w", "Look."))])
    known = CostItem(what="cluster", amount="1", usd=0.5, unit="hour", page="https://p.test")
    unknown = CostItem(
        what="tasks", amount="1", usd=None, unit="hour", page="https://q.test", note="per task"
    )
    priced = report.model_copy(update={"costs": (known, unknown)})
    text = priced.render_text()
    assert "a        x      warning  w" in text
    assert "  a x: Look." in text
    assert "0.5 USD per hour (https://p.test)" in text
    assert "price not documented here, see https://q.test" in text
    assert "  tasks: per task" in text
    document = priced.as_dict()
    assert document["passed"] is True
    assert PreflightReport.model_validate(
        {key: value for key, value in document.items() if key not in ("passed", "verdict")}
    )


def test_the_cluster_is_asked_for_once_whatever_comes_of_it():
    asked = []

    def find():
        asked.append(1)
        raise ServiceUnreachable("Kafka", "no answer", remedy="Start it.")

    once = ClusterOnce(find)
    for _ in range(2):
        with pytest.raises(ServiceUnreachable):
            once()
    assert asked == [1]
