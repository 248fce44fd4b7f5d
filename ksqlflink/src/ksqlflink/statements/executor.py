"""Carries out parsed statements, one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ksqlflink.dialect import statements as st
from ksqlflink.errors import WrongEndpoint, not_supported
from ksqlflink.statements.assertions import Asserter
from ksqlflink.statements.connectors import Connect, Connectors, NoConnect
from ksqlflink.statements.create_query import JobBuilder
from ksqlflink.statements.creation import Creator
from ksqlflink.statements.custom_types import CustomTypes
from ksqlflink.statements.drops import Dropper
from ksqlflink.statements.entities import Entity, entity
from ksqlflink.statements.explain import Explainer
from ksqlflink.statements.function_docs import describe_function
from ksqlflink.statements.insert_values import ValueInserter
from ksqlflink.statements.inspection import Inspector
from ksqlflink.statements.jobs import Jobs, NoJobs
from ksqlflink.statements.lifecycle import Lifecycle
from ksqlflink.statements.properties import check_set
from ksqlflink.statements.pushes import NoPushes, Pushes
from ksqlflink.statements.world import World

Properties = dict[str, Any]
_WRONG_ENDPOINT = (
    "The following statement types should be issued to the websocket endpoint '/query':"
    "\n\t* PRINT\n\t* SELECT"
)


@dataclass
class Session:
    """What the statements of one request share and change: streamsProperties and variables."""

    properties: Properties = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Executor:
    """Executes statements on a world; `server` is what SHOW PROPERTIES lists."""

    world: World
    jobs: Jobs
    builder: Callable[[], JobBuilder]
    server: Mapping[str, str]
    connect: Connect = field(default_factory=NoConnect)
    pushes: Pushes = field(default_factory=NoPushes)
    validating: bool = False

    def sandbox(self) -> Executor:
        """Return an executor whose statements leave no trace, to validate a whole request with."""
        world = self.world.sandbox()
        return replace(self, world=world, jobs=NoJobs(), connect=NoConnect(), validating=True)

    def execute(self, statement: st.Statement, session: Session) -> Entity | None:
        """Carry out a statement; SET, UNSET, DEFINE, UNDEFINE and INSERT VALUES answer nothing."""
        match statement:
            case st.SetProperty(name, value):
                check_set(name, value, statement.text)
                session.properties.pop(name, None)
                if value is not None:
                    session.properties[name] = value
                return None
            case st.Define(name, value):
                session.variables[name.lower()] = value
                return None
            case st.Undefine(name):
                session.variables.pop(name.lower(), None)
                return None
            case st.SelectStatement() | st.Print():
                raise WrongEndpoint(_WRONG_ENDPOINT, statement.text)
            case st.Unsupported(construct):
                raise not_supported(construct, statement.position, statement.text)
        if isinstance(statement, _OUTSIDE):
            # As in ksqlDB, these are not validated before a request of several statements is carried out.
            return None if self.validating else self._outside(statement)
        if isinstance(statement, _LOOKING):
            return self._look(statement, session)
        return self._change(statement, session)

    def _outside(self, statement: st.Statement) -> Entity | None:
        """Carry out what ends in Kafka, the registry or Kafka Connect and not in the catalogue."""
        connectors = Connectors(self.connect)
        match statement:
            case st.InsertValues():
                ValueInserter(self.world).insert(statement)
                return None
            case st.AssertTopic():
                return Asserter(self.world).topic(statement)
            case st.AssertSchema():
                return Asserter(self.world).schema(statement)
            case st.CreateConnector():
                return connectors.create(statement)
            case st.DropConnector():
                return connectors.drop(statement)
            case st.DescribeConnector():
                return connectors.describe(statement)
        raise not_supported(type(statement).__name__, statement.position, statement.text)

    def _look(self, statement: st.Statement, session: Session) -> Entity:
        """Answer what changes nothing."""
        inspector = Inspector(self.world, self.jobs, self.server, self.pushes)
        match statement:
            case st.Show(what) if what.endswith("CONNECTORS"):
                return Connectors(self.connect).show(statement)
            case st.Show():
                return inspector.show(statement, session.properties, session.variables)
            case st.Describe():
                return inspector.describe(statement)
            case st.DescribeAll(kind, extended):
                return inspector.describe_all(statement.text, kind, extended)
            case st.DescribeFunction():
                return describe_function(statement.text, statement.name)
            case st.Explain():
                return self._explain(statement, session.properties)
        raise not_supported(type(statement).__name__, statement.position, statement.text)

    def _explain(self, statement: st.Explain, properties: Properties) -> Entity:
        explainer = Explainer(self.world, self.jobs.states())
        if statement.statement is None:
            return explainer.running(statement)
        outline = self._creator().outline(statement.statement, properties)
        described = explainer.outline(statement.statement, outline, properties)
        return entity("queryDescription", statement.text, {"queryDescription": described})

    def _creator(self) -> Creator:
        return Creator(self.world, self.jobs, self.builder)

    def _change(self, statement: st.Statement, session: Session) -> Entity:
        """Carry out what changes the catalogue."""
        lifecycle = Lifecycle(self.world, self.jobs)
        match statement:
            case st.CreateSource():
                return self._creator().source(statement, session.properties)
            case st.CreateAsSelect():
                return self._creator().query(statement, session.properties)
            case st.InsertSelect():
                return self._creator().insert(statement, session.properties)
            case st.Drop():
                return Dropper(self.world, lifecycle).drop(statement)
            case st.Terminate():
                return self._terminate(statement, lifecycle)
            case st.Pause():
                return lifecycle.pause(statement)
            case st.Resume():
                return lifecycle.resume(statement)
            case st.CreateType():
                return CustomTypes(self.world).create(statement)
            case st.DropType():
                return CustomTypes(self.world).drop(statement)
        raise not_supported(type(statement).__name__, statement.position, statement.text)

    def _terminate(self, statement: st.Terminate, lifecycle: Lifecycle) -> Entity:
        push = None
        if statement.query_id is not None and not self.validating:
            push = self.pushes.terminate(statement.query_id)
        if push is not None:
            members = {"queryId": push.id, "wasTerminated": True}
            return entity("terminate_query", statement.text, members)
        return lifecycle.terminate(statement)


_OUTSIDE = (
    st.InsertValues,
    st.AssertTopic,
    st.AssertSchema,
    st.CreateConnector,
    st.DropConnector,
    st.DescribeConnector,
)
_LOOKING = (st.Show, st.Describe, st.DescribeAll, st.DescribeFunction, st.Explain)
