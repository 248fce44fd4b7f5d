"""Who may see the dashboard: whoever may read the DAG macd_pipeline, as Airflow says, teams included."""

from __future__ import annotations

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends

DAG_ID = "macd_pipeline"
# HTTP 401 for nobody, 403 for somebody who may not read the pipeline's DAG. Not DagAccessEntity.RUN or the
# like: the dashboard shows no task, no log and no XCom.
MAY_READ = Depends(requires_access_dag(method="GET", param_dag_id=DAG_ID))


def login_url(next_url: str) -> str:
    """Airflow's login page, which leads back to `next_url`."""
    return get_auth_manager().get_url_login(next_url=next_url)
