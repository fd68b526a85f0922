"""Payment events are written once: PostgreSQL refuses to change or delete them, whoever asks (rule 24)."""

from django.db import migrations

CREATE = (
    """
    CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'payment history is append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER billing_paymentevent_append_only BEFORE UPDATE OR DELETE ON billing_paymentevent
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change()
    """,
)
DROP = (
    "DROP TRIGGER billing_paymentevent_append_only ON billing_paymentevent",
    "DROP FUNCTION billing_refuse_change()",
)


def run(statements):
    def operation(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return operation


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_vat_rates")]
    operations = [migrations.RunPython(run(CREATE), run(DROP))]
