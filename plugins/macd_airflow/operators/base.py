"""What the operators share: where the desired state lies, and showing a plan before applying it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context

from macd.plan import Change, MongoLedger, Part, Plan, undeclared
from macd.settings import Settings
from macd.specs import PipelineSpec, load_pipeline
from macd_airflow.errors import airflow_errors
from macd_airflow.hooks.mongodb import MongoDbHook


class PipelineOperator(BaseOperator):
    """Reads the desired state.

    :param include_dir: folder with topics/, schemas/, ksql/, connectors/, checks/ and targets/;
        MACD_INCLUDE_DIR or the package's own when None.
    :param target: name of a file in targets/; MACD_TARGET or `local` when None.
    """

    template_fields: Sequence[str] = ("include_dir", "target")

    def __init__(self, *, include_dir: str | None = None, target: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.include_dir = include_dir
        self.target = target

    def pipeline(self) -> PipelineSpec:
        """The files under include_dir, validated."""
        return load_pipeline(*self.origin())

    def origin(self) -> tuple[Path, str]:
        """Folder and target that are in force."""
        settings = Settings()
        return Path(self.include_dir or settings.include_dir), self.target or settings.target


class PlanOperator(PipelineOperator):
    """Plans, shows the plan in the log, applies that very plan, and keeps in MongoDB what it made.

    :param mongodb_conn_id: Airflow connection to MongoDB.
    """

    template_fields: Sequence[str] = (*PipelineOperator.template_fields, "mongodb_conn_id")

    def __init__(self, *, mongodb_conn_id: str = MongoDbHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mongodb_conn_id = mongodb_conn_id

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """What has to happen so that the services are as the files say."""
        raise NotImplementedError

    def confirm(self, pipeline: PipelineSpec) -> None:
        """Waits until what was applied also works; by default there is nothing to wait for."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Returns the changes, those that were not needed included."""
        with airflow_errors():
            pipeline = self.pipeline()
            plan = self.plan(pipeline)
            self._show(plan, pipeline.target.name)
            self.apply(plan, pipeline)
            self.confirm(pipeline)
        return [change.as_dict() for change in plan.changes]

    def apply(self, plan: Plan, pipeline: PipelineSpec) -> None:
        """Makes the changes, with a record of each."""
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            plan.apply(self._done, MongoLedger(database, pipeline.target.name))

    def undeclared(self, pipeline: PipelineSpec) -> list[Part]:
        """What was made on the target, here or by `macd apply`, and no file declares any more."""
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            return undeclared(MongoLedger(database, pipeline.target.name).parts, pipeline)

    def _show(self, plan: Plan, target: str) -> None:
        self.log.info("Plan for target %s (%d of %d to do):", target, len(plan.pending), len(plan.changes))
        for line in plan.render().splitlines():
            self.log.info("  %s", line)

    def _done(self, change: Change) -> None:
        self.log.info("Done: %s %s", change.action, change.resource)
