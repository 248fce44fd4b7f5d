"""What statements need of the engine that runs persistent queries."""

from __future__ import annotations

from typing import Protocol

from ksqlflink.catalogue.model import Query


class Jobs(Protocol):
    """What executing statements needs of the query engine."""

    def check(self) -> None:
        """Raise ServerProblem when no job could be submitted now."""

    def start(self, query: Query) -> None:
        """Start a query that the catalogue holds; FlinkRefusal when Flink does not accept it."""

    def stop(self, query: Query) -> None:
        """Stop the job of a query that the catalogue lists as stopping."""

    def pause(self, query_id: str) -> None:
        """Stop the job of a query that the catalogue lists as paused, keeping its state."""

    def resume(self, query_id: str) -> None:
        """Let a query that is not paused any more go on from the state that was kept."""

    def replace(self, query: Query) -> Query:
        """Stop the job of a query, keeping its state, and return the query as it can be started again."""

    def states(self) -> dict[str, str]:
        """Return RUNNING, ERROR, UNRESPONSIVE or PAUSED by query id."""


class NoJobs:
    """Stands in for the query engine while a request is validated."""

    def check(self) -> None:
        """Do nothing."""

    def start(self, query: Query) -> None:
        """Do nothing."""

    def stop(self, query: Query) -> None:
        """Do nothing."""

    def pause(self, query_id: str) -> None:
        """Do nothing."""

    def resume(self, query_id: str) -> None:
        """Do nothing."""

    def replace(self, query: Query) -> Query:
        """Return the query."""
        return query

    def states(self) -> dict[str, str]:
        """Return nothing."""
        return {}
