"""All models of this app, with their indexes and constraints."""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import django_fsm
import partners.ground.migrating
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ocpi", "0001_initial"),
        ("partners", "0001_initial"),
    ]

    operations = [
        partners.ground.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="PaymentAuthorization",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "reference",
                            models.CharField(
                                help_text="What is paid for: the ad-hoc session's id. One authorization each.",
                                max_length=64,
                                unique=True,
                            ),
                        ),
                        (
                            "gateway",
                            models.CharField(
                                help_text="Name of the payment gateway that holds the money.", max_length=32
                            ),
                        ),
                        (
                            "payment_method",
                            models.CharField(
                                help_text="Opaque token from the terminal or the app; never a card number.",
                                max_length=255,
                            ),
                        ),
                        ("amount", models.BigIntegerField(help_text="To reserve, in minor units.")),
                        ("currency", models.CharField(help_text="ISO 4217.", max_length=3)),
                        (
                            "capture_amount",
                            models.BigIntegerField(
                                blank=True,
                                help_text="Asked to be captured, in minor units; empty until somebody asks.",
                                null=True,
                            ),
                        ),
                        ("captured_amount", models.BigIntegerField(default=0, help_text="Captured, in minor units.")),
                        (
                            "refund_amount",
                            models.BigIntegerField(
                                blank=True,
                                help_text="Being given back, in minor units; empty when nothing is.",
                                null=True,
                            ),
                        ),
                        (
                            "refunded_amount",
                            models.BigIntegerField(
                                default=0, help_text="Given back of what was captured, in minor units."
                            ),
                        ),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("created", "Created"),
                                    ("reserving", "Reserving"),
                                    ("reserved", "Reserved"),
                                    ("capturing", "Capturing"),
                                    ("captured", "Captured"),
                                    ("refunding", "Refunding"),
                                    ("releasing", "Releasing"),
                                    ("released", "Released"),
                                    ("declined", "Declined"),
                                    ("failed", "Failed"),
                                    ("expired", "Expired"),
                                ],
                                default="created",
                                max_length=16,
                                protected=True,
                            ),
                        ),
                        ("state_since", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "next_check_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When somebody must look again; empty when nothing is awaited.",
                                null=True,
                            ),
                        ),
                        (
                            "leased_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="A worker is talking to the gateway until then at the latest.",
                                null=True,
                            ),
                        ),
                        (
                            "called_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the gateway was last asked for what is under way; empty while it cannot have heard.",
                                null=True,
                            ),
                        ),
                        (
                            "attempts",
                            models.PositiveIntegerField(
                                default=0, help_text="Times the gateway was asked in this state."
                            ),
                        ),
                        (
                            "intent_round",
                            models.PositiveSmallIntegerField(
                                default=1,
                                help_text="Grows when the gateway refuses, and with each refund: asking anew is a new intent.",
                            ),
                        ),
                        (
                            "gateway_reference",
                            models.CharField(
                                blank=True, help_text="The gateway's name for the charge.", max_length=255
                            ),
                        ),
                        (
                            "expires_at",
                            models.DateTimeField(
                                blank=True, help_text="When the gateway lets go of the money.", null=True
                            ),
                        ),
                        ("expiry_warned_at", models.DateTimeField(blank=True, null=True)),
                        ("failure_code", models.CharField(blank=True, max_length=64)),
                        ("failure_message", models.CharField(blank=True, max_length=500)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [("move_money", "Can capture, release or give back money")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="billing_auth_due",
                            ),
                            models.Index(fields=["gateway_reference"], name="billing_auth_gateway_ref"),
                            models.Index(fields=["state", "-created_at"], name="billing_auth_by_state"),
                            models.Index(fields=["-created_at"], name="billing_auth_created"),
                            models.Index(fields=["gateway", "-created_at"], name="billing_auth_by_gateway"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0)), name="billing_auth_amount_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("captured_amount__gte", 0), ("captured_amount__lte", models.F("amount"))
                                ),
                                name="billing_auth_captured_within_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("captured_amount__gt", 0), ("state__in", ("captured", "refunding"))),
                                    models.Q(
                                        models.Q(("state__in", ("captured", "refunding")), _negated=True),
                                        ("captured_amount", 0),
                                    ),
                                    _connector="OR",
                                ),
                                name="billing_auth_captured_only_when_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("capture_amount__isnull", True),
                                    models.Q(("capture_amount__gt", 0), ("capture_amount__lte", models.F("amount"))),
                                    _connector="OR",
                                ),
                                name="billing_auth_capture_within_amount",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refunded_amount__gte", 0), ("refunded_amount__lte", models.F("captured_amount"))
                                ),
                                name="billing_auth_refunded_within_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("refund_amount__gt", 0),
                                        ("refund_amount__isnull", False),
                                        ("state", "refunding"),
                                        (
                                            "refund_amount__lte",
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("captured_amount"), "-", models.F("refunded_amount")
                                            ),
                                        ),
                                    ),
                                    models.Q(
                                        models.Q(("state", "refunding"), _negated=True), ("refund_amount__isnull", True)
                                    ),
                                    _connector="OR",
                                ),
                                name="billing_auth_refund_within_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("next_check_at__isnull", False),
                                        ("state__in", ("reserving", "reserved", "capturing", "releasing", "refunding")),
                                    ),
                                    models.Q(
                                        models.Q(
                                            (
                                                "state__in",
                                                ("reserving", "reserved", "capturing", "releasing", "refunding"),
                                            ),
                                            _negated=True,
                                        ),
                                        ("next_check_at__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="billing_auth_watched_has_deadline",
                            ),
                        ],
                    },
                    bases=(django_fsm.FSMModelMixin, models.Model),
                ),
                migrations.CreateModel(
                    name="PaymentEvent",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "authorization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="events",
                                to="billing.paymentauthorization",
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "action",
                            models.CharField(
                                choices=[
                                    ("opened", "Opened"),
                                    ("requested", "Requested"),
                                    ("asked", "Gateway asked"),
                                    ("answered", "Gateway answered"),
                                    ("unreachable", "Gateway unreachable"),
                                    ("late", "Late answer ignored"),
                                    ("expiry_near", "Reservation expires soon"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "from_state",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("created", "Created"),
                                    ("reserving", "Reserving"),
                                    ("reserved", "Reserved"),
                                    ("capturing", "Capturing"),
                                    ("captured", "Captured"),
                                    ("refunding", "Refunding"),
                                    ("releasing", "Releasing"),
                                    ("released", "Released"),
                                    ("declined", "Declined"),
                                    ("failed", "Failed"),
                                    ("expired", "Expired"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "to_state",
                            models.CharField(
                                choices=[
                                    ("created", "Created"),
                                    ("reserving", "Reserving"),
                                    ("reserved", "Reserved"),
                                    ("capturing", "Capturing"),
                                    ("captured", "Captured"),
                                    ("refunding", "Refunding"),
                                    ("releasing", "Releasing"),
                                    ("released", "Released"),
                                    ("declined", "Declined"),
                                    ("failed", "Failed"),
                                    ("expired", "Expired"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True, help_text="Idempotency key of the gateway call.", max_length=80
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(blank=True, help_text="What the gateway answered.", max_length=16),
                        ),
                        ("code", models.CharField(blank=True, help_text="The gateway's own code.", max_length=64)),
                        ("message", models.CharField(blank=True, max_length=500)),
                        (
                            "amount",
                            models.BigIntegerField(
                                blank=True, help_text="In minor units, where one was involved.", null=True
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["at", "id"],
                        "indexes": [models.Index(fields=["authorization", "at"], name="billing_event_history")],
                    },
                ),
                migrations.CreateModel(
                    name="OutstandingAmount",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="outstanding_amounts",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "authorization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="outstanding_amounts",
                                to="billing.paymentauthorization",
                                verbose_name="payment",
                            ),
                        ),
                        (
                            "cdr",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.cdr",
                                verbose_name="CDR",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("claim", "Claim: beyond the price shown"),
                                    ("receivable", "Receivable: beyond the reservation"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("amount", models.BigIntegerField(help_text="Minor units.")),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("settled", "Settled"),
                                    ("written_off", "Written off"),
                                    ("withdrawn", "Withdrawn by the CPO"),
                                ],
                                default="open",
                                max_length=11,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                help_text="The month that it is a line of is that of this moment, in UTC."
                            ),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_by", models.CharField(blank=True, default="", max_length=150)),
                        ("note", models.TextField(blank=True, default="", help_text="Why it was closed.")),
                    ],
                    options={
                        "verbose_name": "claim or receivable",
                        "verbose_name_plural": "claims and receivables",
                        "ordering": ["-created_at", "-id"],
                        "permissions": [("settle_outstanding", "Can settle or write off claims and receivables")],
                        "indexes": [
                            models.Index(fields=["partner", "state", "-created_at"], name="outstanding_by_partner")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("authorization", "cdr", "kind"), name="one_outstanding_amount_per_cdr"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0)), name="outstanding_amounts_are_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at__isnull", True), ("state", "open")),
                                    models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                                    _connector="OR",
                                ),
                                name="outstanding_amounts_close_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedCharge",
                    fields=[
                        ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("reference", models.CharField(db_index=True, max_length=64)),
                        ("payment_method", models.CharField(max_length=255)),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("captured_amount", models.BigIntegerField(default=0)),
                        ("released_amount", models.BigIntegerField(default=0)),
                        ("refunded_amount", models.BigIntegerField(default=0)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("reserved", "Reserved"),
                                    ("captured", "Captured"),
                                    ("released", "Released"),
                                    ("declined", "Declined"),
                                    ("expired", "Expired"),
                                ],
                                default="pending",
                                max_length=16,
                            ),
                        ),
                        ("expires_at", models.DateTimeField()),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["-created_at"], name="billing_sim_created"),
                            models.Index(fields=["status", "-created_at"], name="billing_sim_by_status"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("captured_amount__gte", 0),
                                    ("released_amount__gte", 0),
                                    (
                                        "captured_amount__lte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("amount"), "-", models.F("released_amount")
                                        ),
                                    ),
                                ),
                                name="billing_sim_never_more_than_reserved",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("refunded_amount__gte", 0), ("refunded_amount__lte", models.F("captured_amount"))
                                ),
                                name="billing_sim_never_gives_back_more",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedOperation",
                    fields=[
                        ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                        ("verb", models.CharField(max_length=16)),
                        (
                            "payload",
                            models.JSONField(help_text="The request, to refuse the same key with another one."),
                        ),
                        (
                            "charge",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="operations",
                                to="billing.simulatedcharge",
                            ),
                        ),
                        ("outcome", models.CharField(max_length=16)),
                        ("code", models.CharField(blank=True, max_length=64)),
                        ("message", models.CharField(blank=True, max_length=500)),
                        ("calls", models.PositiveIntegerField(default=0, help_text="Times that this key was sent.")),
                        (
                            "ready_at",
                            models.DateTimeField(
                                blank=True, help_text="When a pending request will be done.", null=True
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["created_at", "key"],
                    },
                ),
                migrations.CreateModel(
                    name="VatRate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "country",
                            models.CharField(
                                help_text="ISO 3166-1 alpha-2 of the charger's country, for example SK.",
                                max_length=2,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z]{2}$", "Two capital letters, for example SK."
                                    )
                                ],
                            ),
                        ),
                        ("valid_from", models.DateField(help_text="First day, in the charger's time zone.")),
                        (
                            "percent",
                            models.DecimalField(
                                decimal_places=2,
                                max_digits=5,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(100),
                                ],
                            ),
                        ),
                        (
                            "note",
                            models.CharField(
                                blank=True, default="", help_text="Where it was published.", max_length=255
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "VAT rate",
                        "ordering": ["country", "-valid_from"],
                        "constraints": [
                            models.UniqueConstraint(fields=("country", "valid_from"), name="one_vat_rate_per_day"),
                            models.CheckConstraint(
                                condition=models.Q(("percent__range", (0, 100))), name="vat_is_a_share"
                            ),
                        ],
                    },
                ),
            ],
        ),
        # Payment events are written once: nobody changes or deletes them, whoever asks (rule 24).
        partners.ground.migrating.OnPostgreSQL(
            statements=[
                "CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'payment history is append-only' USING ERRCODE = 'restrict_violation'; END $$",
                "CREATE TRIGGER billing_paymentevent_append_only BEFORE UPDATE OR DELETE ON billing_paymentevent FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change()",
            ],
            reverse=[
                "DROP TRIGGER billing_paymentevent_append_only ON billing_paymentevent",
                "DROP FUNCTION billing_refuse_change()",
            ],
        ),
    ]
