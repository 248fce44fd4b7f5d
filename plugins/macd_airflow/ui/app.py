"""The dashboard's page and its JSON endpoints. Everything is GET, and nothing is there for strangers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Query, Request, status
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from macd.dashboard.dashboard import Dashboard
from macd.dashboard.desk import AGAIN_S, Desk, Question
from macd.dashboard.models import (
    MOST_MISMATCHES,
    MOST_RUNS,
    Alerts,
    MissingOrders,
    PaymentMethods,
    PaymentMismatches,
    Problem,
    Revenue,
    RunDetail,
    Runs,
)
from macd.dashboard.problems import problem_of
from macd.errors import MacdError, RunNotFound
from macd.health.state import PipelineState
from macd_airflow.ui.access import MAY_READ, login_url
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

# Seconds that an answer holds. A page asks every five; sales are a scan of the range, and nobody reads a
# chart that often.
LIVE_S = 3.0
SALES_S = 15.0

Hours = Annotated[
    int, Query(ge=1, le=A_MONTH_IN_HOURS, description="How many hours back, the current one included.")
]
RunId = Annotated[str, Query(min_length=1, max_length=250, description="A seeding run.")]
Next = Callable[[Request], Awaitable[Response]]
Answer = TypeVar("Answer")


class Reception:
    """Takes questions to the dashboard of this process."""

    def __init__(self, board: Callable[[], Dashboard], desk: Desk) -> None:
        self._board = board
        self._desk = desk

    async def live(self, key: Hashable, ask: Callable[[Dashboard], Answer]) -> Answer:
        """What is asked for again and again."""
        return await self._desk.answer(Question(key, LIVE_S), lambda: ask(self._board()))

    async def sales(self, key: Hashable, ask: Callable[[Dashboard], Answer]) -> Answer:
        """What costs more, and changes less."""
        return await self._desk.answer(Question(key, SALES_S), lambda: ask(self._board()))


RECEPTION = Reception(Boards().get, Desk())


async def reception() -> Reception:
    """Where to ask. A plain function would run in one of the threads that all of Airflow's API shares."""
    return RECEPTION


Asked = Annotated[Reception, Depends(reception)]
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status.HTTP_404_NOT_FOUND: {"model": Problem, "description": "There is no such run."},
    status.HTTP_503_SERVICE_UNAVAILABLE: {
        "model": Problem,
        "description": "A service cannot be used, or answers too slowly; Retry-After says when to ask again.",
    },
}
api = APIRouter(prefix="/api", tags=["dashboard"], dependencies=[MAY_READ], responses=_PROBLEMS)


@api.get("/pipeline", summary="State of every part")
async def pipeline(asked: Asked) -> PipelineState:
    """Topics, schemas, queries, connectors and the collection: state, messages, and lag between them."""
    return await asked.live("pipeline", lambda board: board.pipeline())


@api.get("/revenue", summary="Revenue by hour")
async def revenue(asked: Asked, hours: Hours = 24) -> Revenue:
    """Orders, revenue and average basket of each hour, by order time."""
    return await asked.sales(("revenue", hours), lambda board: board.revenue(hours))


@api.get("/payment-methods", summary="Payments by method")
async def payment_methods(asked: Asked, hours: Hours = 24) -> PaymentMethods:
    """Number and amount of the payments of each method."""
    return await asked.sales(("methods", hours), lambda board: board.payment_methods(hours))


@api.get("/mismatches", summary="Payments that differ from the order's total")
async def mismatches(
    asked: Asked, hours: Hours = 24, limit: Annotated[int, Query(ge=1, le=MOST_MISMATCHES)] = 50
) -> PaymentMismatches:
    """The newest orders that were not paid their total."""
    found = await asked.sales(("mismatches", hours), lambda board: board.mismatches(hours))
    return found.first(limit)


@api.get("/runs", summary="Latest runs")
async def runs(asked: Asked, limit: Annotated[int, Query(ge=1, le=MOST_RUNS)] = 20) -> Runs:
    """The seeding runs with the verdict of their latest reconciliation, newest first."""
    found = await asked.live("runs", lambda board: board.runs())
    return found.first(limit)


@api.get("/run", summary="One run")
async def run(asked: Asked, run_id: RunId) -> RunDetail:
    """Figures, checks and the first orders of each list of one run."""
    return await asked.live(("run", run_id), lambda board: board.run(run_id))


@api.get("/run/missing", summary="Missing orders of a run")
async def missing(
    asked: Asked,
    run_id: RunId,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> MissingOrders:
    """The missing orders that the report names, each with the hop that lost it."""
    found = await asked.live(("missing", run_id), lambda board: board.missing(run_id))
    return found.part(offset, limit)


@api.get("/alerts", summary="Alerts")
async def alerts(asked: Asked) -> Alerts:
    """Incidents: what is wrong now first, then what was."""
    return await asked.live("alerts", lambda board: board.alerts())


pages = APIRouter(include_in_schema=False, dependencies=[MAY_READ])


@pages.get("/")
async def page(request: Request) -> Response:
    """The page itself."""
    return await STATIC.get_response("index.html", request.scope)


@pages.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
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
    told = problem_of(error).model_dump()
    if isinstance(error, RunNotFound):
        return JSONResponse(told, status.HTTP_404_NOT_FOUND)
    return JSONResponse(told, status.HTTP_503_SERVICE_UNAVAILABLE, {"Retry-After": str(AGAIN_S)})


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
