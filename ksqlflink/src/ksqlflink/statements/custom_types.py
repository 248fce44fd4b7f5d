"""CREATE TYPE and DROP TYPE."""

from __future__ import annotations

from dataclasses import dataclass

from ksqlflink.dialect import statements as st
from ksqlflink.dialect.formatter import identifier, sql_type
from ksqlflink.errors import BadStatement
from ksqlflink.statements import entities
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.world import World


@dataclass(frozen=True)
class CustomTypes:
    """Carries out statements about custom types."""

    world: World

    def create(self, statement: st.CreateType) -> Entity:
        """CREATE TYPE."""
        name, catalogue = statement.name, self.world.catalogue
        existing = catalogue.types().get(name)
        shown = f"CREATE TYPE {identifier(name)} AS {sql_type(statement.type)};"
        command = f"type/{name}/create"
        if existing is not None and not statement.if_not_exists:
            raise BadStatement(
                f"Cannot register custom type '{name}' since it is already registered with type: "
                f"{sql_type(existing, quote_all=True)}",
                statement.text,
            )
        if existing is not None:
            message = f"{name} is already registered with type {sql_type(existing, quote_all=True)}"
        else:
            kind = sql_type(statement.type, quote_all=True)
            message = f"Registered custom type with name '{name}' and SQL type {kind}"
        with catalogue.transaction():
            catalogue.put_type(name, existing or statement.type)
            sequence = catalogue.log(command, shown, message)
        return entities.current_status(shown, command, message, sequence)

    def drop(self, statement: st.DropType) -> Entity:
        """DROP TYPE."""
        name, catalogue = statement.name, self.world.catalogue
        exists = name in catalogue.types()
        if not exists and not statement.if_exists:
            raise BadStatement(f"Type {name} does not exist.", statement.text)
        message = f"Dropped type '{name}'" if exists else f"Type '{name}' does not exist"
        with catalogue.transaction():
            catalogue.remove_type(name)
            sequence = catalogue.log(f"type/{name}/drop", statement.text, message)
        return entities.current_status(statement.text, f"type/{name}/drop", message, sequence)
