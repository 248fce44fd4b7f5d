"""What Airflow is told of the dashboard. Every task and scheduler reads this, so it loads almost nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import conf

PREFIX = "/macd"


class OnDemand:
    """The dashboard's app, made when the API server gets the first request for it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands the request on."""
        from macd_airflow.ui.app import app

        await app()(scope, receive, send)


def base_path() -> str:
    """The path under which Airflow is published, without its last slash; empty at the root of a host."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


def _icon(theme: str) -> str:
    return f"{base_path()}{PREFIX}/static/icon-{theme}.svg"


APPS = [{"app": OnDemand(), "url_prefix": PREFIX, "name": "MACD pipeline dashboard"}]
VIEWS = [
    {
        "name": "Pipeline",
        "href": f"{base_path()}{PREFIX}/",
        "url_route": "macd",
        "destination": "nav",
        "nav_top_level": True,
        "icon": _icon("light"),
        "icon_dark_mode": _icon("dark"),
    }
]
