"""Every data case, recorded or our own, gives the recorded records in the worker, without any service."""

from __future__ import annotations

import pytest

from conformance.test_cases import ALL
from ksqldb_conformance.case import Case
from ksqlflink.testing.cases import case_differences
from ksqlflink.worker.process import Worker


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_records_are_as_recorded(case: Case, worker: Worker) -> None:
    differences = case_differences(worker, case)
    assert differences == [], "\n".join([f"{case.name}: {case.why}", *differences])


def test_a_wrong_expectation_is_noticed(worker: Worker) -> None:
    case = next(one for one in ALL if one.name.startswith("jc01"))
    [(topic, records)] = case.outputs.items()
    moved = [one.model_copy(update={"timestamp": one.timestamp + 1}) for one in records]
    assert case_differences(worker, case.model_copy(update={"outputs": {topic: moved}}))
    assert case_differences(worker, case.model_copy(update={"outputs": {topic: records[:-1]}}))
    assert case_differences(worker, case.model_copy(update={"output_partitions": {topic: 9}}))
    assert case_differences(worker, case.model_copy(update={"warnings": ["mind the gap"]}))
    assert case_differences(worker, case.model_copy(update={"output_schemas": {}}))
