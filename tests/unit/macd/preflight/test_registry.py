from __future__ import annotations

import pytest

from macd.preflight import registry as module
from macd.preflight.result import Outcome
from macd.specs import HttpService
from tests.unit.macd.preflight.conftest import DATE, REGISTRY

CHECKS = module.checks

SUBJECTS = ["macd_orders-value", "macd_payments-value"]


@pytest.fixture
def registry(http):
    http.get(f"{REGISTRY}/subjects", json=SUBJECTS, headers={"Date": DATE})
    http.get(f"{REGISTRY}/mode", json={"mode": "READWRITE"})
    http.get(f"{REGISTRY}/v1/metadata/version", json={"version": "7.9.0", "commitId": "x"})
    for subject in SUBJECTS:
        path = f"{REGISTRY}/compatibility/subjects/{subject}/versions/latest"
        http.post(path, json={"is_compatible": True})
    return http


def test_a_registry_that_is_well_is_ok_all_over(registry, look):
    for check in ("access", "write subjects", "schemas fit", "version", "clock"):
        assert look(check).outcome is Outcome.OK, check
    assert {request.method for request in registry.request_history} == {"GET", "POST"}
    asked = [request.path for request in registry.request_history if request.method == "POST"]
    assert all(path.startswith("/compatibility/") for path in asked)


def test_a_registry_that_only_reads_fails(registry, look):
    registry.get(f"{REGISTRY}/mode", json={"mode": "READONLY"})
    answer = look("write subjects")
    assert (answer.outcome, answer.detail) == (Outcome.FAILED, "its mode is READONLY")


def test_apicurio_knows_neither_mode_nor_version(registry, look):
    # As recorded from 2.4.2, whose error code is 0.
    registry.get(f"{REGISTRY}/mode", status_code=404, json={"message": "not supported", "error_code": 0})
    registry.get(f"{REGISTRY}/v1/metadata/version", status_code=404, json={"message": "x", "error_code": 0})
    assert look("write subjects").outcome is Outcome.OK
    assert look("version").outcome is Outcome.UNKNOWN


def test_whether_an_account_may_register_is_not_guessed(registry, look, scene):
    registry.get(f"{REGISTRY}/subjects", json=[])
    assert look("write subjects").outcome is Outcome.OK
    services = scene.pipeline.services
    keyed = HttpService(url=REGISTRY, username="key", password="canary")
    object.__setattr__(scene.pipeline, "services", services.model_copy(update={"schema_registry": keyed}))
    answer = look("write subjects")
    assert answer.outcome is Outcome.UNKNOWN
    assert "DeveloperWrite" in answer.remedy


def test_an_incompatible_schema_fails_with_the_registrys_reason(registry, look):
    path = f"{REGISTRY}/compatibility/subjects/macd_orders-value/versions/latest"
    registry.post(path, json={"is_compatible": False, "messages": ["field gone"]})
    answer = look("schemas fit")
    assert (answer.outcome, "macd_orders-value (field gone)" in answer.detail) == (Outcome.FAILED, True)
