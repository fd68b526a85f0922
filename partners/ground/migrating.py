"""Operations of migrations that Django does not have.

operations = [
    CreateModels([migrations.CreateModel(...), migrations.CreateModel(...)]),
    OnPostgreSQL(["CREATE TRIGGER ..."], reverse=["DROP TRIGGER ..."]),
    RefuseChanges("app_table", "what stands here is append-only"),
    AddIndexOnline("evse", models.Index(...)),  # with `atomic = False`
]
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, CreateModel
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


class RefuseChanges(Operation):
    """Has the database refuse every UPDATE and DELETE of a table, whoever asks: what stands there is written once.

    A later migration that makes the table anew on SQLite, as most changes of columns do there, has to name it again.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, text: str) -> None:
        self.table, self.text = table, text

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.table, self.text], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models are as they were."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for statement in self._refusing(schema_editor.connection.vendor):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for statement in self._allowing(schema_editor.connection.vendor):
            schema_editor.execute(statement, params=None)

    def _refusing(self, vendor: str) -> list[str]:
        name = f"{self.table}_append_only"
        if vendor == "postgresql":
            return [
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{self.text}' "
                "USING ERRCODE = 'restrict_violation'; END $$",
                f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {self.table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            ]
        return [
            f"CREATE TRIGGER {name}_{verb} BEFORE {verb} ON {self.table} BEGIN SELECT RAISE(ABORT, '{self.text}'); END"
            for verb in ("update", "delete")
        ]

    def _allowing(self, vendor: str) -> list[str]:
        name = f"{self.table}_append_only"
        if vendor == "postgresql":
            return [f"DROP TRIGGER {name} ON {self.table}", f"DROP FUNCTION {name}()"]
        return [f"DROP TRIGGER {name}_{verb}" for verb in ("update", "delete")]

    def describe(self) -> str:
        return f"Nothing in {self.table} can be changed"


class AddIndexOnline(AddIndex):
    """Adds an index while rows are being written, in a migration with `atomic = False`.

    It may wait long, for transactions that were there before, and holds up nobody meanwhile: the bound on waiting for
    locks (`sfp_platform.management.commands.migrate`) is not for it. What an interrupted try left is made anew.
    """

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute("SET lock_timeout = 0")
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        schema_editor.add_index(model, self.index, concurrently=True)  # type: ignore[call-arg]
        schema_editor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, concurrently=True)  # type: ignore[call-arg]

    def describe(self) -> str:
        return f"{super().describe()}, while rows are being written"


LOCK_TIMEOUT = "2s"
"""How long a migration waits for a lock: whoever wants the table meanwhile stands behind it."""


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)
