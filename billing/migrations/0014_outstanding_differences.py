from django.db import migrations, models

from partners.ground.migrating import OnPostgreSQL

NAME = "one_outstanding_amount_not_closed_per_cdr"


class Migration(migrations.Migration):
    """What staff closed of a CDR stays, and what it asks beyond that is a second row of it."""

    atomic = False

    dependencies = [
        ("billing", "0013_refused_verb"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="outstandingamount", name="one_outstanding_amount_per_cdr"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                OnPostgreSQL(
                    [
                        f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
                        f"CREATE UNIQUE INDEX CONCURRENTLY {NAME} ON billing_outstandingamount "
                        "(authorization_id, cdr_id, kind) WHERE (NOT (state IN ('settled', 'written_off')))",
                    ],
                    reverse=[f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}"],
                )
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="outstandingamount",
                    constraint=models.UniqueConstraint(
                        condition=~models.Q(state__in=["settled", "written_off"]),
                        fields=("authorization", "cdr", "kind"),
                        name=NAME,
                    ),
                )
            ],
        ),
    ]
