"""The HTTP server: HTTP/1.1 and, for clients that begin with it, HTTP/2 without encryption, as ksqlDB's."""

from __future__ import annotations

import asyncio
import logging

from hypercorn.asyncio import serve as serve_hypercorn
from hypercorn.config import Config
from starlette.types import ASGIApp

_SHUTDOWN_SECONDS = 5.0
_KEEP_ALIVE_SECONDS = 60.0
_STREAMS = 1000  # of one HTTP/2 connection: each push query of a client is one


def _config(host: str, port: int) -> Config:
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None
    config.include_date_header = False
    config.include_server_header = False
    config.graceful_timeout = _SHUTDOWN_SECONDS
    config.shutdown_timeout = _SHUTDOWN_SECONDS
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.h2_max_concurrent_streams = _STREAMS
    return config


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(serve_hypercorn(app, _config(host, port), mode="asgi"))  # type: ignore[arg-type]
