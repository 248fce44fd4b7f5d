"""The lanes of `make test`: what needs no stack first, then three stacks beside one another.

Most of what an integration test takes is waiting, for Airflow's tasks, for checkpoints and for services that
are away on purpose, so three stacks on two cores take hardly longer than one. Each has a folder and ports of
its own. What a file needs decides its lane; how long the files take, which of the two with Airflow.
"""

from __future__ import annotations

UNIT, SERVICES = "unit", "services"
WITH_AIRFLOW = {
    # The acceptance kit begins with an empty stack and has to leave one to the whole DAG behind it.
    "pipeline": (
        "test_acceptance.py",
        "test_dag.py",
        "test_failures.py",
        "test_outages.py",
        "test_repair.py",
    ),
    "airflow": (
        "test_alerts.py",
        "test_data_quality.py",
        "test_reseed.py",
        "test_secrets.py",
        "test_teardown.py",
        "test_dashboard.py",
        "test_trigger_forms.py",
    ),
}
STACKS = (*WITH_AIRFLOW, SERVICES)
NAMES = (UNIT, *STACKS)
# A session without a lane: all tests, one after the other, on one stack.
ALL = "all"


def lane_of(file: str, needs_stack: bool) -> str:
    """Where the tests of a file run."""
    if not needs_stack:
        return UNIT
    return next((name for name, files in WITH_AIRFLOW.items() if file in files), SERVICES)
