"""The dashboard's page and its JSON endpoints. Everything is GET, and nothing is there for strangers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, status
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from macd.dashboard.dashboard import Dashboard
from macd.dashboard.models import (
    Alerts,
    MissingOrders,
    PaymentMethods,
    PaymentMismatches,
    Problem,
    Revenue,
    RunDetail,
    Runs,
)
from macd.errors import MacdError, RunNotFound
from macd.health.state import PipelineState
from macd_airflow.ui.access import login_url, may_read
from macd_airflow.ui.boards import Boards
from macd_airflow.ui.views import PREFIX, base_path

STATIC = StaticFiles(directory=Path(__file__).parent / "static")
# Nothing from elsewhere, no inline script, and no frame but Airflow's own page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
A_MONTH_IN_HOURS = 744

BOARDS = Boards()

Hours = Annotated[
    int, Query(ge=1, le=A_MONTH_IN_HOURS, description="How many hours back, the current one included.")
]
RunId = Annotated[str, Query(min_length=1, max_length=250, description="A seeding run.")]
Next = Callable[[Request], Awaitable[Response]]


def dashboard() -> Dashboard:
    """The dashboard of this process; another one once a Connection or a file of include/ has changed."""
    return BOARDS.get()


Board = Annotated[Dashboard, Depends(dashboard)]
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status.HTTP_404_NOT_FOUND: {"model": Problem, "description": "There is no such run."},
    status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Problem, "description": "A service cannot be used."},
}
api = APIRouter(prefix="/api", tags=["dashboard"], dependencies=[Depends(may_read)], responses=_PROBLEMS)


@api.get("/pipeline", summary="State of every part")
def pipeline(board: Board) -> PipelineState:
    """Topics, schemas, queries, connectors and the collection: state, messages, and lag between them."""
    return board.pipeline()


@api.get("/revenue", summary="Revenue by hour")
def revenue(board: Board, hours: Hours = 24) -> Revenue:
    """Orders, revenue and average basket of each hour, by order time."""
    return board.revenue(hours)


@api.get("/payment-methods", summary="Payments by method")
def payment_methods(board: Board, hours: Hours = 24) -> PaymentMethods:
    """Number and amount of the payments of each method."""
    return board.payment_methods(hours)


@api.get("/mismatches", summary="Payments that differ from the order's total")
def mismatches(
    board: Board, hours: Hours = 24, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> PaymentMismatches:
    """The newest orders that were not paid their total."""
    return board.mismatches(hours, limit)


@api.get("/runs", summary="Latest runs")
def runs(board: Board, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Runs:
    """The seeding runs with the verdict of their latest reconciliation, newest first."""
    return board.runs(limit)


@api.get("/run", summary="One run")
def run(board: Board, run_id: RunId) -> RunDetail:
    """Figures, checks and the first orders of each list of one run."""
    return board.run(run_id)


@api.get("/run/missing", summary="Missing orders of a run")
def missing(
    board: Board,
    run_id: RunId,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> MissingOrders:
    """The missing orders that the report names, each with the hop that lost it."""
    return board.missing(run_id, offset, limit)


@api.get("/alerts", summary="Alerts")
def alerts(board: Board) -> Alerts:
    """Incidents: what is wrong now first, then what was."""
    return board.alerts()


pages = APIRouter(include_in_schema=False, dependencies=[Depends(may_read)])


@pages.get("/")
async def page(request: Request) -> Response:
    """The page itself."""
    return await STATIC.get_response("index.html", request.scope)


@pages.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """The description of the endpoints."""
    return JSONResponse(request.app.openapi())


@pages.get("/static/{name:path}")
async def static(name: str, request: Request) -> Response:
    """A file of the page; the browser asks each time whether its copy is still the right one."""
    return await STATIC.get_response(name, request.scope)


@cache
def app() -> FastAPI:
    """The app that Airflow mounts under /macd. FastAPI's own documentation pages load from elsewhere."""
    made = FastAPI(
        title="MACD pipeline dashboard",
        description="State of the Kafka -> ksqlDB -> MongoDB pipeline. All times are UTC.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    made.include_router(api)
    made.include_router(pages)
    made.middleware("http")(_add_headers)
    made.add_exception_handler(MacdError, _problem)
    made.add_exception_handler(HTTPException, _refusal)
    return made


async def _add_headers(request: Request, answer: Next) -> Response:
    response = await answer(request)
    response.headers.update(HEADERS)
    # Kept by the browser, but asked about each time: an upgrade shows at once.
    response.headers["Cache-Control"] = "no-cache" if "/static/" in request.url.path else "no-store"
    return response


async def _problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, MacdError):
        raise error
    code = (
        status.HTTP_404_NOT_FOUND if isinstance(error, RunNotFound) else status.HTTP_503_SERVICE_UNAVAILABLE
    )
    return JSONResponse(Problem(error=error.message, remedy=error.remedy).model_dump(), status_code=code)


async def _refusal(request: Request, error: Exception) -> Response:
    """A browser without a session is led to the login, a script is told by the status."""
    if not isinstance(error, HTTPException):
        raise error
    is_page = "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path
    if error.status_code == status.HTTP_401_UNAUTHORIZED and is_page:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(login_url(f"{base_path()}{PREFIX}/{query}"), status.HTTP_303_SEE_OTHER)
    remedy = "Log in to Airflow with an account that may read the pipeline."
    problem = Problem(error=str(error.detail), remedy=remedy)
    return JSONResponse(
        problem.model_dump(), status_code=error.status_code, headers=dict(error.headers or {})
    )
