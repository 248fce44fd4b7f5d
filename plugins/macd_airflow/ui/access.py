"""Who may see the dashboard: whoever may read the DAG macd_pipeline, as Airflow's auth manager says."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, status

DAG_ID = "macd_pipeline"


def may_read(user: Annotated[Any, Depends(get_user)]) -> None:
    """HTTP 401 (from `get_user`) for nobody, 403 for somebody who may not read the pipeline's DAG."""
    details = DagDetails(id=DAG_ID)
    if not get_auth_manager().is_authorized_dag(method="GET", details=details, user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not read the DAG {DAG_ID}.")


def login_url(next_url: str) -> str:
    """Airflow's login page, which leads back to `next_url`."""
    return get_auth_manager().get_url_login(next_url=next_url)
