"""What only PostgreSQL has: indexes of messages with notes, and room in each page to complete a message, or to
update a Session, in its place."""

from django.db import migrations

CREATE = (
    "CREATE INDEX messages_with_leniences ON ocpi_message (id DESC) WHERE NOT leniences = '[]'::jsonb",
    "CREATE INDEX messages_with_faults ON ocpi_message (id DESC) WHERE NOT faults = '[]'::jsonb",
    "ALTER TABLE ocpi_message SET (fillfactor = 50)",
    "ALTER TABLE ocpi_ocpisession SET (fillfactor = 60)",
)
DROP = (
    "DROP INDEX messages_with_leniences",
    "DROP INDEX messages_with_faults",
    "ALTER TABLE ocpi_message RESET (fillfactor)",
    "ALTER TABLE ocpi_ocpisession RESET (fillfactor)",
)


def run(statements):
    def operation(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return operation


class Migration(migrations.Migration):
    dependencies = [("ocpi", "0001_initial")]
    operations = [migrations.RunPython(run(CREATE), run(DROP))]
