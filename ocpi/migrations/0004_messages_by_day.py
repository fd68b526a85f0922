"""The message log in partitions, one for each day. What is there becomes the first one, as it is: no row is moved.

Each step may be interrupted, and is found done or undone by the next try. Rows are written all the while; the change
itself takes one lock, for as long as the catalogue takes with a partition for today and one for what has none. Those of
the days to come are made afterwards, when nobody waits.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import django.db.models.deletion
from django.db import migrations, models, transaction

FIRST_DAY, IDS_A_DAY, AHEAD = date(2026, 1, 1), 10**9, 8
TABLE, BEFORE, REST, SEQUENCE = "ocpi_message", "ocpi_message_before", "ocpi_message_rest", "ocpi_message_id_seq"


def first_id(day: date) -> int:
    return (day - FIRST_DAY).days * IDS_A_DAY


def partition(_apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        today = datetime.now(UTC).date()
        cursor.execute("SELECT relkind FROM pg_class WHERE oid = %s::regclass", [TABLE])
        if cursor.fetchone()[0] != "p":
            _begin(connection, cursor, today)
        for number in range(AHEAD):
            with transaction.atomic(using=connection.alias):
                _add_day(cursor, today + timedelta(days=number))


def _begin(connection: Any, cursor: Any, today: date) -> None:
    start = first_id(today)
    # Read without a lock that anybody would wait for; then the change need not read.
    cursor.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {BEFORE}")
    cursor.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {BEFORE} CHECK (id < {start}) NOT VALID")
    cursor.execute(f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT {BEFORE}")
    with transaction.atomic(using=connection.alias):
        _change(cursor, start)
        _add_day(cursor, today)
        cursor.execute(_like(REST))
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {REST} DEFAULT")


def _change(cursor: Any, start: int) -> None:
    cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(c.oid), i.indisprimary FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = %s::regclass ORDER BY 1",
        [TABLE],
    )
    indexes = cursor.fetchall()
    cursor.execute(f"ALTER TABLE {TABLE} RENAME TO {BEFORE}")
    for name, _statement, _primary in indexes:
        cursor.execute(f'ALTER INDEX "{name}" RENAME TO "{name[:50]}_before"')
    cursor.execute(f"ALTER TABLE {BEFORE} ALTER id DROP IDENTITY IF EXISTS")
    cursor.execute(f"CREATE SEQUENCE {SEQUENCE} START {start}")
    kept = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION"
    cursor.execute(f"CREATE TABLE {TABLE} (LIKE {BEFORE} {kept}) PARTITION BY RANGE (id)")
    cursor.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {BEFORE}")
    cursor.execute(f"ALTER TABLE {TABLE} ALTER id SET DEFAULT nextval('{SEQUENCE}')")
    cursor.execute(f"ALTER SEQUENCE {SEQUENCE} OWNED BY {TABLE}.id")
    for name, statement, primary in indexes:
        # By the name that it has had, of the new table: each partition gets its own, and this one has it.
        again = f'ALTER TABLE {TABLE} ADD CONSTRAINT "{name}" PRIMARY KEY (id)' if primary else statement
        cursor.execute(again)
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {BEFORE} FOR VALUES FROM (MINVALUE) TO ({start})")


def _add_day(cursor: Any, day: date) -> None:
    name = f"{TABLE}_{day:%Y%m%d}"
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone()[0]:
        return
    cursor.execute(_like(name))
    bounds = f"FROM ({first_id(day)}) TO ({first_id(day + timedelta(days=1))})"
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES {bounds}")


def _like(name: str) -> str:
    """A partition to be: half of each page stays free, so that a row is completed where it stands."""
    kept = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION"
    return f"CREATE TABLE {name} (LIKE {TABLE} {kept}) WITH (fillfactor = 50)"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("ocpi", "0003_where_stations_are"),
        ("partners", "0003_kept_for_another_try"),
    ]

    operations = [
        # To drop a partition would lock the partners, if it had a constraint with them.
        migrations.AlterField(
            model_name="message",
            name="entrance",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="Whose host was called without a token of that partner.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="partners.partner",
            ),
        ),
        migrations.RunPython(partition, migrations.RunPython.noop, atomic=False),
    ]
