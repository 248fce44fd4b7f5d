"""TERMINATE, PAUSE and RESUME of persistent queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ksqlflink.catalogue.model import Query
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement
from ksqlflink.statements import entities
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.jobs import Jobs
from ksqlflink.statements.world import World


@dataclass(frozen=True)
class Lifecycle:
    """Ends, rests and wakes queries."""

    world: World
    jobs: Jobs

    def terminate(self, statement: st.Terminate) -> Entity:
        """End a query for good, or all of them."""
        queries = self._stopping(statement.query_id) or self._named(statement, statement.query_id)
        command, message = _command("terminate", statement.query_id, queries), "Query terminated."
        with self.world.catalogue.transaction():
            self.forget(queries)
            sequence = self.world.catalogue.log(command, statement.text, message)
        self.stop(queries)
        return entities.current_status(statement.text, command, message, sequence)

    def pause(self, statement: st.Pause) -> Entity:
        """Let a query rest where it is; its state is kept."""
        return self._switch(statement, "pause", self.jobs.pause)

    def resume(self, statement: st.Resume) -> Entity:
        """Let a paused query go on from where it rests."""
        return self._switch(statement, "resume", self.jobs.resume)

    def _switch(
        self, statement: st.Pause | st.Resume, action: str, carry_out: Callable[[str], None]
    ) -> Entity:
        queries = self._named(statement, statement.query_id)
        command, message = _command(action, statement.query_id, queries), f"Query {action}d."
        with self.world.catalogue.transaction():
            for query in queries:
                self.world.catalogue.set_paused(query.id, is_paused=action == "pause")
            sequence = self.world.catalogue.log(command, statement.text, message)
        for query in queries:
            carry_out(query.id)
        return entities.current_status(statement.text, command, message, sequence)

    def _named(self, statement: st.Statement, query_id: str | None) -> list[Query]:
        if query_id is None:
            return self.world.catalogue.queries()
        query = self.world.catalogue.query(query_id)
        if query is None:
            raise BadStatement(f"Unknown queryId: {query_id}", statement.text)
        return [query]

    def _stopping(self, query_id: str | None) -> list[Query]:
        """One that was terminated before, and whose job has not ended: it is listed until it has."""
        return [query for query in self.world.catalogue.stopping() if query.id == query_id]

    def forget(self, queries: Sequence[Query]) -> None:
        """Take queries out of the catalogue; their jobs still have to be stopped."""
        for query in queries:
            self.world.catalogue.remove_query(query.id)
            # Noted first: a server killed before the job has ended still ends it after its restart.
            self.world.catalogue.add_stopping(query)

    def stop(self, queries: Sequence[Query]) -> None:
        """Stop the jobs of forgotten queries."""
        for query in queries:
            self.jobs.stop(query)


def _command(action: str, query_id: str | None, queries: Sequence[Query]) -> str:
    return f"{action}/{'ALL' if query_id is None else queries[0].id}/execute"
