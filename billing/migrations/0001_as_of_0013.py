import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import django_fsm
import partners.ground.migrating
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("billing", "0001_initial"),
        ("billing", "0002_payments_that_need_the_driver"),
        ("billing", "0003_inbox_of_events"),
        ("billing", "0004_ledger"),
        ("billing", "0005_books_begin"),
        ("billing", "0006_receipts"),
        ("billing", "0007_price_plans"),
        ("billing", "0008_kept_for_another_try"),
        ("billing", "0009_payouts"),
        ("billing", "0010_restores"),
        ("billing", "0011_payments_by_card"),
        ("billing", "0012_collections"),
        ("billing", "0013_refused_verb"),
    ]

    initial = True

    dependencies = [
        ("ocpi", "0002_message_names_its_partner"),
        ("partners", "0003_kept_for_another_try"),
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
                                help_text="What is paid for: the ad-hoc session's id. A further payment of it has a number behind that.",
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
                                blank=True,
                                help_text="Opaque token from the terminal or the app; never a card number. Empty: chosen at the gateway.",
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
                                    ("handed_on", "Handed on"),
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
                        (
                            "action",
                            models.BinaryField(
                                help_text="What the driver has to do before money is held. Encrypted.", null=True
                            ),
                        ),
                        (
                            "action_until",
                            models.DateTimeField(blank=True, help_text="Until when the driver can do it.", null=True),
                        ),
                        (
                            "adopted",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="A payment terminal held the money before: it is taken over.",
                            ),
                        ),
                        (
                            "dispute",
                            models.CharField(
                                blank=True,
                                choices=[("", "None"), ("open", "Open"), ("won", "Won"), ("lost", "Lost")],
                                db_default="",
                                default="",
                                max_length=8,
                            ),
                        ),
                        (
                            "disputed_amount",
                            models.BigIntegerField(
                                db_default=0,
                                default=0,
                                help_text="What the driver's bank disputes, or took back, in minor units.",
                            ),
                        ),
                        (
                            "most_capturable",
                            models.BigIntegerField(
                                blank=True,
                                help_text="What the gateway would capture at most, where that is not the amount.",
                                null=True,
                            ),
                        ),
                        (
                            "opening",
                            models.JSONField(
                                blank=True,
                                help_text="What the reservation is opened with besides: return_url, locale, description, email, metadata.",
                                null=True,
                            ),
                        ),
                        (
                            "raise_amount",
                            models.BigIntegerField(
                                blank=True,
                                help_text="To be held in all, in minor units; empty when nothing more is asked for.",
                                null=True,
                            ),
                        ),
                        (
                            "spent_keys",
                            models.PositiveSmallIntegerField(
                                db_default=0,
                                default=0,
                                help_text="Idempotency keys for which the gateway would only repeat that it failed itself.",
                            ),
                        ),
                        (
                            "told_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the gateway last told of something that was not looked into yet.",
                                null=True,
                            ),
                        ),
                        (
                            "card",
                            models.CharField(
                                blank=True, db_default="", default="", help_text="Its last four digits.", max_length=4
                            ),
                        ),
                        (
                            "handed_to",
                            models.ForeignKey(
                                blank=True,
                                help_text="Where the money is that this one held: another try goes on with it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentauthorization",
                            ),
                        ),
                        (
                            "kept_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Its charge came to nothing: until then it stays held for another try, then it is released.",
                                null=True,
                            ),
                        ),
                        (
                            "main",
                            models.ForeignKey(
                                blank=True,
                                help_text="The first payment of the same charge, where this is a further one.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="further",
                                to="billing.paymentauthorization",
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("reservation", "Reservation before the charge"),
                                    ("addition", "More, reserved while charging"),
                                    ("collection", "What was still owed afterwards"),
                                ],
                                db_default="reservation",
                                default="reservation",
                                max_length=11,
                            ),
                        ),
                        (
                            "collects",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.outstandingamount",
                            ),
                        ),
                        (
                            "refused_verb",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="What the gateway refused to do with what it holds.",
                                max_length=7,
                            ),
                        ),
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
                            models.Index(
                                condition=models.Q(("dispute", ""), _negated=True),
                                fields=["dispute", "-created_at"],
                                name="billing_auth_disputed",
                            ),
                            models.Index(
                                condition=models.Q(("card", ""), _negated=True),
                                fields=["card", "-created_at"],
                                name="billing_auth_by_card",
                            ),
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
                                    ("state", "captured"),
                                    _connector="OR",
                                ),
                                name="billing_auth_watched_has_deadline",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("raise_amount__isnull", True),
                                    models.Q(
                                        ("raise_amount__gt", models.F("amount")),
                                        ("raise_amount__isnull", False),
                                        ("state", "reserved"),
                                    ),
                                    _connector="OR",
                                ),
                                name="billing_auth_raised_while_reserved",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("adopted", True)),
                                fields=("gateway", "gateway_reference"),
                                name="billing_auth_adopted_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kept_until__isnull", True), ("state", "reserved"), _connector="OR"
                                ),
                                name="billing_auth_kept_while_reserved",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("handed_to__isnull", True), ("state", "handed_on"), _connector="OR"
                                ),
                                name="billing_auth_handed_on_to_another",
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
                                    ("told", "Gateway sent an event"),
                                    ("books_begin", "The books begin"),
                                    ("kept", "Kept for another try"),
                                    ("taken_over", "Taken over by another try"),
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
                                    ("handed_on", "Handed on"),
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
                                    ("handed_on", "Handed on"),
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
                        ("captured_after", models.BigIntegerField(editable=False, null=True)),
                        ("disputed_after", models.BigIntegerField(editable=False, null=True)),
                        ("held_after", models.BigIntegerField(editable=False, null=True)),
                        ("lost_after", models.BigIntegerField(editable=False, null=True)),
                        ("refunded_after", models.BigIntegerField(editable=False, null=True)),
                    ],
                    options={
                        "ordering": ["at", "id"],
                        "indexes": [models.Index(fields=["authorization", "at"], name="billing_event_history")],
                        "constraints": [],
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
                                    ("collected", "Paid by the driver"),
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
                        (
                            "collected",
                            models.BigIntegerField(
                                db_default=0,
                                default=0,
                                help_text="What the driver has paid of it by now, in minor units.",
                            ),
                        ),
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
                        "indexes": [],
                        "constraints": [],
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
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="GatewayEvent",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("gateway", models.CharField(max_length=32)),
                        ("event_id", models.CharField(help_text="The gateway's own.", max_length=255)),
                        ("kind", models.CharField(help_text="In the gateway's words.", max_length=64)),
                        ("at", models.DateTimeField(help_text="When it happened, by the gateway's clock.")),
                        ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "payment",
                            models.CharField(
                                blank=True,
                                help_text="Our payment's id, where the gateway gives back what it was opened with.",
                                max_length=36,
                            ),
                        ),
                        (
                            "about",
                            models.JSONField(default=list, help_text="The gateway's names of what it may be about."),
                        ),
                        (
                            "body",
                            models.JSONField(
                                default=dict, help_text="What is kept of it: no secrets, nothing of who the driver is."
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-received_at", "-id"],
                        "indexes": [models.Index(fields=["-received_at"], name="billing_told_received")],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "event_id"), name="billing_told_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WaitingEvent",
                    fields=[
                        (
                            "event",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="waiting",
                                serialize=False,
                                to="billing.gatewayevent",
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="billing_waiting_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="LedgerTransaction",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("key", models.CharField(max_length=120, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("hold", "Hold"),
                                    ("capture", "Capture"),
                                    ("refund", "Refund"),
                                    ("dispute", "Dispute"),
                                    ("cdr", "CDR"),
                                    ("outstanding", "Claim or receivable"),
                                    ("receipt", "Receipt"),
                                    ("payout", "Payout"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("at", models.DateTimeField(help_text="When it happened.")),
                        ("posted_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("text", models.CharField(blank=True, max_length=200)),
                        (
                            "authorization",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentauthorization",
                                verbose_name="payment",
                            ),
                        ),
                        (
                            "cdr",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.cdr",
                                verbose_name="CDR",
                            ),
                        ),
                        (
                            "outstanding",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.outstandingamount",
                                verbose_name="claim or receivable",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "payout",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.payout",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "ledger transaction",
                        "ordering": ["-at", "-id"],
                        "indexes": [
                            models.Index(fields=["-at", "-id"], name="billing_ledger_at"),
                            models.Index(fields=["kind", "-at"], name="billing_ledger_by_kind"),
                            models.Index(fields=["partner", "-at"], name="billing_ledger_by_partner"),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="LedgerEntry",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "account",
                            models.CharField(
                                choices=[
                                    ("holds", "Held for drivers (memo)"),
                                    ("holds_contra", "Held for drivers, contra (memo)"),
                                    ("gateway", "Captured at the gateway"),
                                    ("bank", "Paid out by the gateway"),
                                    ("fees", "Gateway's fees"),
                                    ("drivers", "Paid by drivers, no receipt yet"),
                                    ("refunds", "Given back to drivers, no credit note yet"),
                                    ("disputed", "Withheld for disputes"),
                                    ("dispute_losses", "Lost in disputes"),
                                    ("revenue", "Revenue, without VAT"),
                                    ("vat", "VAT owed"),
                                    ("cost", "Cost of charging, without VAT"),
                                    ("input_vat", "VAT in CDRs"),
                                    ("payable", "Payable to CPOs"),
                                    ("claims", "Claims against CPOs"),
                                    ("receivables", "Receivable from drivers"),
                                    ("deferred", "Receivable from drivers, contra"),
                                    ("elsewhere", "Settled outside the platform"),
                                    ("rounding", "Rounding"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("country", models.CharField(blank=True, max_length=2)),
                        (
                            "rate",
                            models.DecimalField(
                                blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="VAT %"
                            ),
                        ),
                        (
                            "amount",
                            models.BigIntegerField(help_text="Minor units: a debit above zero, a credit below."),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "transaction",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="billing.ledgertransaction",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "ledger entries",
                        "ordering": ["id"],
                        "indexes": [models.Index(fields=["account", "currency"], name="billing_ledger_by_account")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount", 0), _negated=True), name="billing_ledger_entry_moves"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UnpostedPayment",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("next_check_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                        (
                            "authorization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentauthorization",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="billing_unposted_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ReceiptSeries",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("series", models.CharField(max_length=24)),
                        ("year", models.PositiveSmallIntegerField()),
                        ("last", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("series", "year"), name="billing_one_series_per_year")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Receipt",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("receipt", "Receipt"), ("credit_note", "Credit note")], max_length=11
                            ),
                        ),
                        ("series", models.CharField(max_length=24)),
                        ("year", models.PositiveSmallIntegerField()),
                        ("sequence", models.PositiveIntegerField()),
                        (
                            "number",
                            models.CharField(
                                help_text="As people read it: series, year, number.", max_length=40, unique=True
                            ),
                        ),
                        (
                            "reference",
                            models.CharField(help_text="What was paid for: the ad-hoc session's id.", max_length=64),
                        ),
                        ("ordinal", models.PositiveSmallIntegerField(help_text="Which document of this sale it is.")),
                        ("country", models.CharField(help_text="Of the charger, whose VAT it is.", max_length=2)),
                        (
                            "total",
                            models.BigIntegerField(help_text="Gross, in minor units; below zero for a credit note."),
                        ),
                        (
                            "given_back",
                            models.BigIntegerField(
                                default=0, help_text="Of the refunds so far, what this document takes in."
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        ("issued_at", models.DateTimeField()),
                        ("contents", models.JSONField(help_text="All that is on it.")),
                        (
                            "corrects",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
                                to="billing.receipt",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-issued_at", "-sequence"],
                        "indexes": [
                            models.Index(fields=["-issued_at"], name="billing_receipt_issued"),
                            models.Index(fields=["partner", "-issued_at"], name="billing_receipt_by_partner"),
                            models.Index(fields=["kind", "-issued_at"], name="billing_receipt_by_kind"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("series", "year", "sequence"), name="billing_receipt_numbers"
                            ),
                            models.UniqueConstraint(fields=("reference", "ordinal"), name="billing_receipt_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("corrects__isnull", True), ("kind", "receipt"), ("total__gt", 0)),
                                    models.Q(("corrects__isnull", False), ("kind", "credit_note"), ("total__lt", 0)),
                                    _connector="OR",
                                ),
                                name="billing_receipt_or_credit_note",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PricePlan",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80)),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("pass_through", "The operator's tariff, as it is"),
                                    ("margin", "The operator's tariff and a margin"),
                                    ("retail", "Our own price"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "location_id",
                            models.CharField(blank=True, default="", max_length=39, verbose_name="location ID"),
                        ),
                        (
                            "power_type",
                            models.CharField(
                                blank=True,
                                choices=[("AC", "AC"), ("DC", "DC")],
                                default="",
                                max_length=2,
                                verbose_name="AC or DC",
                            ),
                        ),
                        (
                            "min_kw",
                            models.DecimalField(
                                blank=True, decimal_places=2, max_digits=7, null=True, verbose_name="from kW"
                            ),
                        ),
                        (
                            "max_kw",
                            models.DecimalField(
                                blank=True, decimal_places=2, max_digits=7, null=True, verbose_name="below kW"
                            ),
                        ),
                        ("valid_from", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "valid_until",
                            models.DateTimeField(blank=True, help_text="Empty: until further notice.", null=True),
                        ),
                        (
                            "currency",
                            models.CharField(
                                blank=True,
                                default="",
                                max_length=3,
                                validators=[
                                    django.core.validators.RegexValidator("^[A-Z]{3}$", "Three capital letters.")
                                ],
                            ),
                        ),
                        (
                            "margin_percent",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="On every price of the operator's tariff.",
                                max_digits=6,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(200),
                                ],
                                verbose_name="margin in percent",
                            ),
                        ),
                        (
                            "margin_per_kwh",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="On top of it, for each kWh.",
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="margin per kWh",
                            ),
                        ),
                        (
                            "per_kwh",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="price per kWh",
                            ),
                        ),
                        (
                            "per_minute",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Of charging.",
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="price per minute",
                            ),
                        ),
                        (
                            "per_session",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Once.",
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="price per session",
                            ),
                        ),
                        (
                            "idle_per_minute",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Connected and not charging.",
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="occupancy fee per minute",
                            ),
                        ),
                        (
                            "idle_after",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Minutes since the charge began. Empty: at once.",
                                null=True,
                                verbose_name="occupancy fee after",
                            ),
                        ),
                        (
                            "by_time",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text="One a line, in the charger's time: days if not all, from-to, price per kWh, and per minute if it differs: “22:00-06:00 0.39” or “SAT,SUN 08:00-20:00 0.45 0.02”. The first that fits counts.",
                                verbose_name="other prices by time",
                            ),
                        ),
                        (
                            "note",
                            models.CharField(
                                blank=True, default="", help_text="Why, and who agreed to it.", max_length=255
                            ),
                        ),
                        (
                            "used_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When a driver first began to charge by it.",
                                null=True,
                                verbose_name="first taken",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name", "-version"],
                        "indexes": [models.Index(fields=["partner", "valid_until"], name="price_plans_of_a_partner")],
                        "constraints": [
                            models.UniqueConstraint(fields=("name", "version"), name="one_plan_per_name_and_version"),
                            models.CheckConstraint(
                                condition=models.Q(("partner__isnull", False), ("location_id", ""), _connector="OR"),
                                name="plans_of_a_location_name_their_partner",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_until__isnull", True),
                                    ("valid_until__gt", models.F("valid_from")),
                                    _connector="OR",
                                ),
                                name="plans_end_after_they_begin",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "retail"), _negated=True),
                                    models.Q(models.Q(("currency", ""), _negated=True), ("per_kwh__isnull", False)),
                                    _connector="OR",
                                ),
                                name="retail_plans_have_a_price",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Payout",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("gateway", models.CharField(max_length=32)),
                        ("reference", models.CharField(help_text="The gateway's own.", max_length=255)),
                        ("amount", models.BigIntegerField(help_text="Minor units.")),
                        ("currency", models.CharField(max_length=3)),
                        ("imported_at", models.DateTimeField()),
                        ("imported_by", models.CharField(blank=True, max_length=150)),
                    ],
                    options={
                        "ordering": ["-imported_at", "-id"],
                        "indexes": [],
                        "constraints": [
                            models.UniqueConstraint(fields=("gateway", "reference"), name="billing_payout_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PayoutLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("reference", models.CharField(help_text="The gateway's name of the line.", max_length=255)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("charge", "Charge"),
                                    ("refund", "Refund"),
                                    ("dispute", "Dispute"),
                                    ("other", "Other"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "about",
                            models.CharField(
                                blank=True, help_text="The gateway's name of the payment.", max_length=255
                            ),
                        ),
                        (
                            "gross",
                            models.BigIntegerField(help_text="Minor units; below zero for what is taken from us."),
                        ),
                        (
                            "fee",
                            models.BigIntegerField(default=0, help_text="Minor units, what the gateway keeps of it."),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "match",
                            models.CharField(
                                choices=[
                                    ("matched", "Matched"),
                                    ("differs", "Amount differs"),
                                    ("unmatched", "No payment of ours"),
                                    ("none", "Of no payment"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "authorization",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentauthorization",
                                verbose_name="payment",
                            ),
                        ),
                        (
                            "payout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="billing.payout"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("match__in", ["differs", "unmatched"])),
                                fields=["-id"],
                                name="billing_payout_unmatched",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("payout", "reference"), name="billing_payout_line_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Restore",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "since",
                            models.DateTimeField(
                                help_text="The moment to which the database was put back.", unique=True
                            ),
                        ),
                        ("at", models.DateTimeField(help_text="When the comparison with everybody else began.")),
                        (
                            "done_at",
                            models.DateTimeField(
                                blank=True, help_text="When it was last gone through to its end.", null=True
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="RestoreFinding",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="What it is about; told once, however often it is found.", max_length=100
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("payment", "Payment"),
                                    ("charge", "Charge"),
                                    ("partner", "Connection"),
                                    ("receipts", "Receipts"),
                                    ("access", "Access"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("text", models.TextField(help_text="What was found.")),
                        ("advice", models.TextField(help_text="What to decide, and where.")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("decided_by", models.CharField(blank=True, default="", max_length=150)),
                        ("note", models.TextField(blank=True, default="", help_text="What was decided.")),
                        (
                            "authorization",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentauthorization",
                                verbose_name="payment",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "restore",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="billing.restore",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "finding after a restore",
                        "verbose_name_plural": "findings after restores",
                        "ordering": ["-created_at", "id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("decided_at__isnull", True)),
                                fields=["-created_at"],
                                name="billing_restore_undecided",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("restore", "key"), name="billing_restore_finding_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FinanceMonth",
                    fields=[],
                    options={
                        "verbose_name": "month",
                        "proxy": True,
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("billing.ledgertransaction",),
                ),
            ],
        ),
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
        partners.ground.migrating.OnPostgreSQL(
            statements=[
                "CREATE TRIGGER billing_gatewayevent_append_only BEFORE UPDATE OR DELETE ON billing_gatewayevent FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change()"
            ],
            reverse=["DROP TRIGGER billing_gatewayevent_append_only ON billing_gatewayevent"],
        ),
        partners.ground.migrating.RefuseChanges(
            table="billing_ledgertransaction",
            text="the ledger is append-only",
        ),
        partners.ground.migrating.RefuseChanges(
            table="billing_ledgerentry",
            text="the ledger is append-only",
        ),
        partners.ground.migrating.OnPostgreSQL(
            statements=[
                "CREATE FUNCTION billing_ledger_in_balance() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM billing_ledgerentry WHERE transaction_id = NEW.transaction_id GROUP BY currency HAVING sum(amount) <> 0) THEN RAISE EXCEPTION 'ledger transaction % does not come to zero', NEW.transaction_id USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$",
                "CREATE CONSTRAINT TRIGGER billing_ledger_in_balance AFTER INSERT ON billing_ledgerentry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_ledger_in_balance()",
            ],
            reverse=[
                "DROP TRIGGER billing_ledger_in_balance ON billing_ledgerentry",
                "DROP FUNCTION billing_ledger_in_balance()",
            ],
        ),
        partners.ground.migrating.RefuseChanges(
            table="billing_receipt",
            text="receipts are append-only",
        ),
    ]
