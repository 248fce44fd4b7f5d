"""What a task that has ended says about the pipeline: its findings, or that it failed without any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from airflow.sdk import Context, conf
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from macd.incidents.finding import Finding
from macd.incidents.incident import Incident, Where
from macd.redaction import redacted
from macd_airflow.outcome import FINDINGS, SUBJECTS, VERDICT

TASK_FAILED = "task_failed"
_NO_ERROR = "The task ended without a Python error; it may have been killed. Remedy: Read its log."
_NO_REMEDY = "Read the task's log, remove the cause, then clear the task or start a new run."
_MOST_CHARACTERS = 2_000
# Airflow's names for why a DAG run failed.
_AT_A_TASK = "task_failure"
_TIMED_OUT = "timed_out"


@dataclass(frozen=True)
class Look:
    """Subjects that were looked at completely, what was found about any, and where that was.

    `second_hand`: the task itself has most likely told of the findings already, and better.
    """

    subjects: frozenset[str]
    findings: tuple[Finding, ...]
    where: Where
    verdict: str
    verdict_subjects: frozenset[str]
    second_hand: bool = False

    @property
    def all_subjects(self) -> list[str]:
        """Everything that is to be booked, in a fixed order."""
        return sorted(self.subjects | {finding.subject for finding in self.findings})

    def about(self, subject: str) -> list[Finding]:
        """The findings about one subject."""
        return [finding for finding in self.findings if finding.subject == subject]

    def news(self, known: Iterable[Incident]) -> Look:
        """Second hand only what nobody has told of; the look itself otherwise."""
        if not self.second_hand:
            return self
        told = {incident.identity for incident in known if incident.is_open}
        new = tuple(each for each in self.findings if (each.subject, each.check) not in told)
        return replace(self, findings=new)

    def verdict_on(self, subject: str) -> str:
        """What the task said, when it spoke about this subject only."""
        return self.verdict if self.verdict_subjects == {subject} else ""


def look_of(context: Context, *, failed: bool) -> Look:
    """The look of a task that has ended for good.

    A task that failed without a finding that explains it has a finding about itself; one that succeeded, or
    failed because of what it found, did its work and ends such an incident.
    """
    ti: Any = context["ti"]
    found = [Finding.model_validate(each) for each in _pulled(ti, FINDINGS) or ()]
    subjects = frozenset(_pulled(ti, SUBJECTS) or ())
    explained = any(finding.severity == "fail" for finding in found)
    told = subjects | {finding.subject for finding in found}
    own = task_subject(ti)
    if failed and not explained:
        found.append(_failure(own, context))
    return Look(
        subjects=subjects | {own},
        findings=tuple(found),
        where=Where(f"{ti.dag_id}.{ti.task_id}", run_url(ti.dag_id, ti.run_id), ti.log_url),
        verdict=str(_pulled(ti, VERDICT) or "") if told else "",
        verdict_subjects=frozenset(told),
    )


def has_tries_left(context: Context) -> bool:
    """Whether Airflow buries a task that it may well try again.

    A task that fails by itself is called back after its last try, with its error. Of one without a heartbeat
    the DAG processor tells, which knows no error, and not every Airflow asks it whether tries are left
    (apache/airflow#65400).
    """
    ti: Any = context["ti"]
    return "exception" not in context and ti.try_number <= ti.max_tries


def look_of_run(context: Context, *, failed: bool) -> Look | None:
    """The look of a DAG run that has ended; None when there is nothing to say about it.

    One that failed at a task is looked at through that task: it has told of its failure itself, unless it
    was killed.
    """
    reason = str(context.get("reason") or "")
    if failed and reason == _AT_A_TASK:
        return _of_its_task(context)
    dag_id, run_id = context["dag"].dag_id, str(context["run_id"])
    subject = f"dag {dag_id}"
    return Look(
        subjects=frozenset({subject}),
        findings=(_run_failure(subject, run_id, reason),) if failed else (),
        where=Where(dag_id, run_url(dag_id, run_id)),
        verdict="",
        verdict_subjects=frozenset(),
    )


def _of_its_task(context: Context) -> Look | None:
    if "ti" not in context:
        return None
    return replace(look_of(context, failed=True), subjects=frozenset(), second_hand=True)


def task_subject(ti: Any) -> str:
    """The task; one of a mapped task's instances counts for itself, by what it was mapped over."""
    mapped = f"[{_instance(ti)}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    return f"task {ti.dag_id}.{ti.task_id}{mapped}"


def _instance(ti: Any) -> str:
    """The name that map_index_template gives it. The index itself stands for another run each time."""
    return str(getattr(ti, "rendered_map_index", None) or _mapped_over(ti) or ti.map_index)


def _mapped_over(ti: Any) -> Any:
    """The value, looked up again: of a task that was killed nobody has rendered the name."""
    values = getattr(getattr(getattr(ti, "task", None), "expand_input", None), "value", {})
    source = values.get("run_id") if isinstance(values, dict) else None
    if not isinstance(source, PlainXComArg):
        return None
    found = ti.xcom_pull(task_ids=source.operator.task_id, key=source.key)
    return found[ti.map_index] if found and ti.map_index < len(found) else None


def base_url() -> str:
    """Where the UI is, for links."""
    return str(conf.get("api", "base_url", fallback=None) or "http://localhost:8080").rstrip("/")


def run_url(dag_id: str, run_id: str) -> str:
    """The page of the DAG run."""
    return f"{base_url()}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def _pulled(ti: Any, key: str) -> Any:
    return ti.xcom_pull(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)


def _run_failure(subject: str, run_id: str, reason: str) -> Finding:
    timed_out = reason == _TIMED_OUT
    told = "took longer than its dagrun_timeout and was ended" if timed_out else f"failed: {reason}"
    return Finding(
        subject=subject,
        check="run_timed_out" if timed_out else "run_failed",
        severity="fail",
        message=f"The run {run_id} {told}",
        next_step="See in the run which task was still at work, and in its log what it waited for.",
    )


def _failure(subject: str, context: Context) -> Finding:
    error: Any = context.get("exception")
    # What is no Unicode, half a character of a file's name for instance, can neither be booked nor mailed.
    told = str(error).encode(errors="replace").decode()
    # Airflow knows its Connections' secrets, and nothing of logins in other people's URIs.
    text = redacted(str(redact(told)))[:_MOST_CHARACTERS] if error else _NO_ERROR
    message, _, remedy = text.partition(" Remedy: ")
    named = message if " " in message else f"{type(error).__name__}: {message}"
    return Finding(
        subject=subject,
        check=TASK_FAILED,
        severity="fail",
        message=named,
        next_step=remedy or _NO_REMEDY,
    )
