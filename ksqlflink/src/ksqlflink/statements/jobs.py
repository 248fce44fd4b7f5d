"""What statements need of the engine that runs persistent queries."""

# ruff: noqa: ARG002 - what does nothing has no use for its arguments

from __future__ import annotations

from typing import Protocol

from ksqlflink.catalogue.model import Query


class Jobs(Protocol):
    """What executing statements needs of the query engine; what is written here does nothing."""

    def check(self) -> None:
        """Raise ServerProblem when no job could be submitted now."""
        return

    def start(self, query: Query) -> None:
        """Start a query that the catalogue holds; FlinkRefusal when Flink does not accept it."""
        return

    def stop(self, query: Query) -> None:
        """Stop the job of a query that the catalogue lists as stopping."""
        return

    def pause(self, query_id: str) -> None:
        """Stop the job of a query that the catalogue lists as paused, keeping its state."""
        return

    def resume(self, query_id: str) -> None:
        """Let a query that is not paused any more go on from the state that was kept."""
        return

    def replace(self, query: Query) -> Query:
        """Stop the job of a query, keeping its state, and return the query as it can be started again."""
        return query

    def states(self) -> dict[str, str]:
        """Return RUNNING, ERROR, UNRESPONSIVE or PAUSED by query id."""
        return {}


class NoJobs(Jobs):
    """Stands in for the query engine while a request is validated."""
