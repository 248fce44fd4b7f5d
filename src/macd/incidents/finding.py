"""One thing found wrong by one look at a run, at the pipeline or at a task."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["fail", "warn"]


class Finding(BaseModel):
    """What did not hold, in a form that goes through an XCom into a mail and onto the dashboard.

    `subject` is what was looked at: "run <run id>", "pipeline", "sinks" or "task <dag_id>.<task_id>".
    Together with `check` it identifies an incident. `examples` are at most 20 lines, each beginning with an
    order id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    check: str
    severity: Severity
    message: str
    next_step: str
    examples: tuple[str, ...] = ()
    run_id: str | None = None
