"""Operations of migrations that Django does not have.

operations = [
    CreateModels([migrations.CreateModel(...), migrations.CreateModel(...)]),
    OnPostgreSQL(["CREATE TRIGGER ..."], reverse=["DROP TRIGGER ..."]),
]
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState, StateApps


class CreateModels(Operation):
    """Creates many models in one step: the first migration of an app.

    With an operation for each, Django makes the classes of all related models again, every time: that was 19 of every
    20 seconds that an empty database cost. Here each class is made once. Models may refer to each other in circles.
    """

    serialization_expand_args = ["operations"]

    def __init__(self, operations: Sequence[CreateModel]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__qualname__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        rendered: StateApps | None = state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        if rendered is None:
            return
        # A new class reaches those that it refers to by itself; they need not be made again.
        state.__dict__["apps"] = rendered
        rendered.render_multiple([state.models[app_label, operation.name_lower] for operation in self.operations])

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.operations)} models"


class OnPostgreSQL(Operation):
    """Runs statements on PostgreSQL, for what only it has; on another database it does nothing."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, statements: Sequence[str], *, reverse: Sequence[str]) -> None:
        self.statements, self.reverse = list(statements), list(reverse)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.statements], {"reverse": self.reverse}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models are as they were."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        _execute(schema_editor, self.statements)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        _execute(schema_editor, self.reverse)

    def describe(self) -> str:
        return f"{len(self.statements)} statements on PostgreSQL"


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)
