"""A new migration holds up nobody: what locks a table while it reads or rewrites all of it is refused.

What is refused has a way that does not lock: see "Migrations" in CONTRIBUTING.md.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from partners.ground.migrating import AddIndexOnline, CreateModels, OnPostgreSQL

APPS = ("partners", "ocpi", "billing", "sessions_adhoc", "onboarding")
BEFORE = {
    *(("billing", number) for number in range(10)),
    *(("ocpi", number) for number in range(4)),
    *(("onboarding", number) for number in range(4)),
    *(("partners", number) for number in range(5)),
    *(("sessions_adhoc", number) for number in range(11)),
}
"""Migrations that are older than this rule, by number."""

SMALL = frozenset(
    (
        *("partners.partner", "partners.policy", "partners.contact", "partners.watch", "partners.retention"),
        *("partners.keyinuse", "partners.allowednetwork", "partners.partnerrole", "billing.priceplan"),
        *("billing.vatrate", "billing.restore", "sessions_adhoc.clientkey", "onboarding.onboarding"),
    )
)
"""Tables of which reading every row takes no time."""

ALLOWED = {
    ("billing", "0010_restores", "receipt.number"): "a longer varchar: no row is read",
    ("billing", "0010_restores", "receipt.series"): "a longer varchar: no row is read",
    ("billing", "0010_restores", "receiptseries.series"): "a longer varchar: no row is read",
    ("billing", "0012_collections", "outstandingamount.state"): "one more choice: the table stays as it is",
    ("ocpi", "0004_messages_by_day", "message.entrance"): "only its constraint goes: no row is read",
    ("sessions_adhoc", "0012_contract_charges", "adhocsession.channel"): "one more choice: the table stays as it is",
}
BLOCKING = re.compile(
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)|ADD CONSTRAINT (?!.*NOT VALID)|VACUUM FULL|\bCLUSTER\b|\bLOCK TABLE\b"
    r"|SET NOT NULL|ALTER COLUMN \S+ (SET DATA )?TYPE|REINDEX (?!.*CONCURRENTLY)|REFRESH MATERIALIZED",
    re.IGNORECASE | re.DOTALL,
)


def refused(app: str, name: str, migration: Any) -> list[str]:
    """What a migration may not do, in words."""
    made = {model.name.lower() for one in flat(migration.operations) for model in models_made(one)}
    found = []
    for operation in flat(migration.operations):
        for about, why in faults(app, operation, made, migration):
            if (app, name, about) not in ALLOWED:
                found.append(f"{app} {name}, {about}: {why}")
    return found


def flat(operations: Any) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def models_made(operation: Operation) -> Iterator[migrations.CreateModel]:
    if isinstance(operation, migrations.CreateModel):
        yield operation
    elif isinstance(operation, CreateModels):
        yield from operation.operations


def faults(app: str, operation: Any, made: set[str], migration: Any) -> Iterator[tuple[str, str]]:
    if isinstance(operation, OnPostgreSQL):
        blocking = [one for one in operation.statements if BLOCKING.search(one)]
        if blocking and not any(name in one.lower() for one in blocking for name in made):
            yield "statements", f"locks while it reads or rewrites: {blocking[0]}"
        return
    if isinstance(operation, migrations.RunSQL):
        yield "RunSQL", "use OnPostgreSQL, which this rule reads"
    if isinstance(operation, migrations.RunPython) and migration.atomic and len(migration.operations) > 1:
        yield "RunPython", "moving data holds the locks of the changes beside it: a migration of its own"
    model = getattr(operation, "model_name_lower", None)
    if model is None or model in made or f"{app}.{model}" in SMALL:
        return
    yield from faults_of_table(model, operation, migration)


def faults_of_table(model: str, operation: Any, migration: Any) -> Iterator[tuple[str, str]]:
    """What is done to a table that is there, and may be large."""
    match operation:
        case AddIndexOnline():
            if migration.atomic:
                yield model, "AddIndexOnline needs `atomic = False`"
        case migrations.AddIndex():
            yield model, "AddIndex keeps out every write until it is built: AddIndexOnline"
        case migrations.AddConstraint():
            yield model, "AddConstraint reads all rows under lock: NOT VALID first, VALIDATE in a migration after it"
        case migrations.AlterField():
            yield f"{model}.{operation.name}", "AlterField may rewrite the table, or read it under lock"
        case migrations.AddField(field=field) if not field.null and field.db_default is models.NOT_PROVIDED:
            yield f"{model}.{operation.name}", "rows that older code writes meanwhile lack it: null=True, or db_default"
        case migrations.AddField(field=field) if field.unique or getattr(field, "db_index", False):
            yield f"{model}.{operation.name}", "its index keeps out every write: db_index=False, then AddIndexOnline"
        case migrations.RenameField():
            yield f"{model}.{operation.old_name}", "older code is running still: add, copy, remove a version later"


def numbered(app: str) -> Iterator[tuple[int, str]]:
    folder = Path(str(apps.get_app_config(app).path)) / "migrations"
    for path in sorted(folder.glob("[0-9]*.py")):
        yield int(path.stem[:4]), path.stem


@pytest.mark.parametrize("app", APPS)
def test_no_new_migration_holds_anybody_up(app: str) -> None:
    new = [name for number, name in numbered(app) if (app, number) not in BEFORE and "_as_of_" not in name]
    found = [refused(app, name, import_module(f"{app}.migrations.{name}").Migration) for name in new]
    assert [one for some in found for one in some] == []


def migration(*operations: Any, atomic: bool = True) -> Any:
    return type("Migration", (migrations.Migration,), {"operations": list(operations), "atomic": atomic})


INDEX = models.Index(fields=["kwh"], name="by_kwh")
CHECK = models.CheckConstraint(condition=models.Q(kwh__gt=0), name="positive")


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.AddIndex("ocpisession", INDEX), "AddIndexOnline"),
        (AddIndexOnline("ocpisession", INDEX), "atomic = False"),
        (migrations.AddConstraint("ocpisession", CHECK), "NOT VALID"),
        (migrations.AlterField("ocpisession", "kwh", models.TextField()), "rewrite"),
        (migrations.AddField("ocpisession", "tag", models.TextField(default="")), "db_default"),
        (migrations.AddField("ocpisession", "tag", models.TextField(null=True, db_index=True)), "AddIndexOnline"),
        (migrations.RenameField("ocpisession", "kwh", "energy"), "older code"),
        (migrations.RunSQL("SELECT 1"), "OnPostgreSQL"),
        (OnPostgreSQL(["CREATE INDEX x ON ocpi_cdr (id)"], reverse=[]), "locks while"),
        (OnPostgreSQL(["ALTER TABLE ocpi_cdr ADD CONSTRAINT x CHECK (true)"], reverse=[]), "locks while"),
        (OnPostgreSQL(["ALTER TABLE ocpi_cdr ALTER COLUMN kwh TYPE text"], reverse=[]), "locks while"),
    ],
)
def test_what_holds_up_pushes_is_refused(operation: Any, words: str) -> None:
    [why] = refused("ocpi", "0099_x", migration(operation))
    assert words in why


@pytest.mark.parametrize(
    "wanted",
    [
        migration(AddIndexOnline("ocpisession", INDEX), atomic=False),
        migration(migrations.AddField("ocpisession", "tag", models.TextField(null=True))),
        migration(migrations.AddField("ocpisession", "tag", models.TextField(default="", db_default=""))),
        migration(OnPostgreSQL(["ALTER TABLE ocpi_cdr ADD CONSTRAINT x CHECK (true) NOT VALID"], reverse=[])),
        migration(OnPostgreSQL(["ALTER TABLE ocpi_cdr VALIDATE CONSTRAINT x"], reverse=[])),
        migration(
            migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))]),
            migrations.AddIndex("thing", INDEX),
        ),
    ],
)
def test_what_holds_up_nobody_is_allowed(wanted: Any) -> None:
    assert refused("ocpi", "0099_x", wanted) == []
