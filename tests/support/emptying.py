"""Empties the database after a test that commits: what the flush of Django does, in a hundredth of the time.

`TRUNCATE` makes new files for every table and index; a test leaves a few rows in a few tables. What the migrations
put there, and no test changes for good, stays.
"""

from typing import Any

import pytest
from django.db import connections
from django.test import TransactionTestCase

OF_THE_MIGRATIONS = frozenset(
    {
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "auth_group",
        "auth_group_permissions",
        "billing_vatrate",
        "partners_keyinuse",
        "partners_retention",
    }
)


def install(patch: pytest.MonkeyPatch) -> None:
    """Use it wherever a test commits on PostgreSQL; elsewhere Django's own flush goes on."""
    flush = vars(TransactionTestCase)["_fixture_teardown"]

    def teardown(case: Any) -> None:
        names = case._databases_names(include_mirrors=False)
        if all(connections[name].vendor == "postgresql" for name in names):
            for name in names:
                empty(connections[name])
        else:
            flush(case)

    patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)


def empty(database: Any) -> None:
    """Delete all rows but those of the migrations. Foreign keys are not looked at meanwhile: all that refer go too."""
    with database.cursor() as cursor:
        tables = [table for table in database.introspection.table_names(cursor) if table not in OF_THE_MIGRATIONS]
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        deletions = [f"DELETE FROM {table}" for (table,) in cursor.fetchall()]
        if deletions:
            settings = ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT")
            cursor.execute("; ".join((settings[0], *deletions, settings[1])))
