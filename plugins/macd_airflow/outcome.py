"""What a task leaves behind for people: a verdict for the run's note, and findings for the alerts."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.sdk import Context

from macd.incidents.finding import Finding

VERDICT = "verdict"
FINDINGS = "findings"
SUBJECTS = "subjects"


def publish(
    context: Context,
    verdict: str,
    findings: Iterable[Finding] | None = None,
    subjects: Iterable[str] = (),
) -> None:
    """Pushes all of it as XComs, before a task may fail because of it.

    `verdict` is one line that the listener writes into the note of the DAG run. `findings` are those of a
    task that looked; an empty list means that it found nothing wrong, None that it did not look. `subjects`
    are what it looked at completely ("run <run id>", "pipeline"): an open incident of theirs that is not
    among the findings is over. A look that had to leave something out names no subject.
    """
    task_instance = context["ti"]
    task_instance.xcom_push(VERDICT, verdict)
    if findings is not None:
        task_instance.xcom_push(FINDINGS, [finding.model_dump(mode="json") for finding in findings])
        task_instance.xcom_push(SUBJECTS, list(subjects))
