"""Operations of migrations: many models in one step, and what only PostgreSQL has."""

import sqlite3
from typing import Any

import pytest
from django.db import connection, migrations, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import CASCADE
from django.db.utils import DatabaseError, IntegrityError

from partners.ground.migrating import CreateModels, OnPostgreSQL, RefuseChanges
from tests.support.schema import described

pytestmark = pytest.mark.django_db


def key() -> tuple[str, Any]:
    return "id", models.BigAutoField(primary_key=True)


def reference(to: str, **options: Any) -> Any:
    return models.ForeignKey(to, CASCADE, related_name="+", **options)


def old() -> Operation:
    return migrations.CreateModel("Old", [key()])


def in_a_circle() -> list[migrations.CreateModel]:
    """Two models that refer to each other and to an old one, with what a model can have."""
    return [
        migrations.CreateModel(
            "Hen",
            [
                key(),
                ("egg", reference("trial.egg", null=True)),
                ("old", models.ForeignKey("trial.old", CASCADE)),
            ],
            {"indexes": [models.Index(fields=["-id"], name="trial_hens_newest")]},
        ),
        migrations.CreateModel(
            "Egg",
            [key(), ("hen", reference("trial.hen")), ("size", models.IntegerField())],
            {
                "constraints": [
                    models.UniqueConstraint(fields=["size"], name="trial_one_of_a_size"),
                    models.CheckConstraint(condition=models.Q(size__gt=0), name="trial_size"),
                ]
            },
        ),
    ]


def apply(state: ProjectState, *operations: Operation) -> ProjectState:
    """The state after the operations, which were done in the database."""
    with connection.schema_editor() as editor:
        for operation in operations:
            before = state.clone()
            operation.state_forwards("trial", state)
            operation.database_forwards("trial", editor, before, state)
    return state


def schema() -> set[str]:
    with connection.cursor() as cursor:
        return set(described(cursor))


def rendered() -> ProjectState:
    """An empty state whose classes are there, as they are while `migrate` runs."""
    state = ProjectState()
    assert not list(state.apps.get_models())
    return state


def test_the_tables_are_those_of_one_operation_each() -> None:
    before = schema()
    state = rendered()
    hen, egg = in_a_circle()
    link = hen.fields.pop(1)
    apply(state, old(), hen, egg, migrations.AddField("hen", *link))
    one_by_one = schema() - before
    with connection.schema_editor() as editor:
        for name in ("hen", "egg", "old"):
            editor.delete_model(state.apps.get_model("trial", name))

    apply(rendered(), old(), CreateModels(in_a_circle()))

    assert schema() - before == one_by_one
    assert len([line for line in one_by_one if line.startswith("table trial_")]) == 6, "three, each with its sequence"


def test_classes_of_the_state_are_whole() -> None:
    state = apply(rendered(), old(), CreateModels(in_a_circle()))
    old_class, hen_class, egg_class = (state.apps.get_model("trial", name) for name in ("Old", "Hen", "Egg"))

    hen = hen_class.objects.create(old=old_class.objects.create())
    egg = egg_class.objects.create(hen=hen, size=1)
    hen.egg = egg
    hen.save()

    assert list(old_class.objects.filter(hen__egg__size=1)) == [hen.old], "the old model knows who refers to it"
    with pytest.raises(IntegrityError):
        egg_class.objects.create(hen=hen, size=0)


@pytest.mark.parametrize("is_rendered", [True, False])
def test_later_operations_find_what_they_change(is_rendered: bool) -> None:
    state = rendered() if is_rendered else ProjectState()

    apply(
        state,
        old(),
        CreateModels(in_a_circle()),
        migrations.AddField("old", "colour", models.CharField(max_length=5, default="brown")),
        migrations.AddField("egg", "old", reference("trial.old", null=True)),
    )

    old_class, hen_class, egg_class = (state.apps.get_model("trial", name) for name in ("Old", "Hen", "Egg"))
    hen = hen_class.objects.create(old=old_class.objects.create())
    egg_class.objects.create(hen=hen, size=1, old=hen.old)
    assert list(egg_class.objects.values_list("hen__old__colour", "old__colour")) == [("brown", "brown")]


def test_backwards_takes_all_of_it_away() -> None:
    state = apply(rendered(), old())
    before, untouched = schema(), state.clone()
    operation = CreateModels(in_a_circle())
    apply(state, operation)

    with connection.schema_editor() as editor:
        operation.database_backwards("trial", editor, state, untouched)

    assert schema() == before


def test_statements_are_for_postgresql() -> None:
    before = schema()
    state = apply(rendered(), old())
    with_table = schema()
    operation = OnPostgreSQL(
        ["ALTER TABLE trial_old SET (fillfactor = 60)", "CREATE INDEX trial_odd ON trial_old (id) WHERE id % 2 = 1"],
        reverse=["DROP INDEX trial_odd", "ALTER TABLE trial_old RESET (fillfactor)"],
    )

    apply(state, operation)
    assert {line for line in schema() - with_table if not line.startswith("index")} == {
        "table trial_old {fillfactor=60}"
    }
    with connection.schema_editor() as editor:
        operation.database_backwards("trial", editor, state, state)

    assert schema() == with_table > before


def test_they_are_written_into_files() -> None:
    operations = [CreateModels(in_a_circle()), OnPostgreSQL(["SELECT 1"], reverse=["SELECT 2"])]
    migration = type("Migration", (migrations.Migration,), {"operations": operations})
    text = MigrationWriter(migration("0001_initial", "trial")).as_string()

    written: dict[str, Any] = {}
    exec(text, written)  # noqa: S102 - what the line above made

    creating, statements = written["Migration"].operations
    assert [operation.name for operation in creating.operations] == ["Hen", "Egg"]
    assert [str(index) for index in creating.operations[0].options["indexes"]] == [
        "<Index: fields=['-id'] name='trial_hens_newest'>"
    ]
    assert (statements.statements, statements.reverse) == (["SELECT 1"], ["SELECT 2"])


def lasting() -> RefuseChanges:
    return RefuseChanges("trial_old", "what is old is append-only")


def test_a_table_refuses_changes_until_that_is_taken_back() -> None:
    before = schema()
    state = apply(rendered(), old())
    made = schema()
    state = apply(state, lasting())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO trial_old DEFAULT VALUES")
        for change in ("UPDATE trial_old SET id = 7", "DELETE FROM trial_old"):
            with pytest.raises(DatabaseError, match="what is old is append-only"), transaction.atomic():
                cursor.execute(change)
    with connection.schema_editor() as editor:
        lasting().database_backwards("trial", editor, state, state)
    assert schema() == made != before
    assert lasting().describe() == "Nothing in trial_old can be changed"


def test_on_sqlite_too() -> None:
    """The statements that the operation has for it, in a database in memory."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE trial_old (id integer)")
    for statement in lasting()._refusing("sqlite"):
        database.execute(statement)
    database.execute("INSERT INTO trial_old VALUES (1)")
    for change in ("UPDATE trial_old SET id = 7", "DELETE FROM trial_old"):
        with pytest.raises(sqlite3.IntegrityError, match="what is old is append-only"):
            database.execute(change)
    for statement in lasting()._allowing("sqlite"):
        database.execute(statement)
    database.execute("DELETE FROM trial_old")
    database.close()


def test_it_is_written_into_a_migration_as_it_is() -> None:
    text, _imports = MigrationWriter.serialize(lasting())
    assert text == (
        "partners.ground.migrating.RefuseChanges(\n    table='trial_old',\n    text='what is old is append-only',\n)"
    )
