"""Where the dashboard is."""

from __future__ import annotations

from urllib.parse import quote


def dashboard_url(base_url: str, run_id: str | None = None) -> str:
    """The dashboard of the Airflow at `base_url`; with a run id the page of that run."""
    query = f"?run={quote(run_id, safe='')}" if run_id else ""
    return f"{base_url.rstrip('/')}/macd/{query}"
