import django.db.models.deletion
import django.utils.timezone
import django_fsm
import partners.ground.migrating
import sessions_adhoc.models.attempt
import sessions_adhoc.models.client
import sessions_adhoc.models.webhook
import sessions_adhoc.states
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("sessions_adhoc", "0001_initial"),
        ("sessions_adhoc", "0002_client_brings_holds"),
        ("sessions_adhoc", "0003_offer"),
        ("sessions_adhoc", "0004_accounts"),
        ("sessions_adhoc", "0005_accounts_of_before"),
        ("sessions_adhoc", "0006_billed_by"),
        ("sessions_adhoc", "0007_higher_limits"),
        ("sessions_adhoc", "0008_language"),
        ("sessions_adhoc", "0009_test_keys_and_repeated_requests"),
        ("sessions_adhoc", "0010_awaited_cdrs"),
        ("sessions_adhoc", "0011_webhooks"),
        ("sessions_adhoc", "0012_contract_charges"),
        ("sessions_adhoc", "0013_further_holds"),
    ]

    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("billing", "0006_receipts"),
        ("ocpi", "0003_where_stations_are"),
        ("partners", "0003_kept_for_another_try"),
    ]

    operations = [
        partners.ground.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="ClientKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=100, unique=True)),
                        ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                        ("last4", models.CharField(editable=False, max_length=4)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "brings_holds",
                            models.BooleanField(
                                default=False,
                                help_text="A payment terminal that reserves by itself: what it holds at the gateway may be captured by us.",
                                verbose_name="brings payments",
                            ),
                        ),
                        (
                            "is_test",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Of an app that is being built: it sees the chargers of test partners, and no others.",
                                verbose_name="for tests",
                            ),
                        ),
                        (
                            "is_back_office",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="It keeps the tokens of our contracts, starts charges with them, and is handed what they come to.",
                                verbose_name="is our back office",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="AdHocSession",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("created", "Created"),
                                    ("authorizing", "Authorizing"),
                                    ("authorized", "Authorized"),
                                    ("waiting_for_connector", "Waiting for connector"),
                                    ("starting", "Starting"),
                                    ("validating", "Validating"),
                                    ("charging", "Charging"),
                                    ("stopping", "Stopping"),
                                    ("awaiting_cdr", "Awaiting CDR"),
                                    ("escalated", "Escalated"),
                                    ("settled", "Settled"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="created",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("state_since", models.DateTimeField()),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="ad_hoc_sessions",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "evse",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="ad_hoc_sessions",
                                to="ocpi.evse",
                                verbose_name="EVSE",
                            ),
                        ),
                        (
                            "occupies",
                            models.OneToOneField(
                                blank=True,
                                editable=False,
                                help_text="While it may charge there: nobody else can (rule 36).",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="occupied_by",
                                to="ocpi.evse",
                            ),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="ocpi.connector",
                            ),
                        ),
                        (
                            "connector_number",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="connector ID"),
                        ),
                        ("is_dc", models.BooleanField(default=False, verbose_name="DC")),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("qr", "QR code"),
                                    ("web", "Web link"),
                                    ("terminal", "Payment terminal"),
                                    ("contract", "Contract"),
                                ],
                                default="qr",
                                max_length=8,
                            ),
                        ),
                        (
                            "token",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="ad_hoc_session",
                                to="ocpi.token",
                            ),
                        ),
                        (
                            "authorization",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="ad_hoc_session",
                                to="billing.paymentauthorization",
                                verbose_name="payment",
                            ),
                        ),
                        (
                            "amount",
                            models.PositiveIntegerField(
                                help_text="The most that the driver pays, in minor units; it may be raised while charging.",
                                verbose_name="reserved amount",
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "client",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.clientkey",
                            ),
                        ),
                        ("idempotency_key", models.CharField(blank=True, default="", max_length=255)),
                        ("request_digest", models.CharField(blank=True, default="", editable=False, max_length=64)),
                        (
                            "previous",
                            models.ForeignKey(
                                blank=True,
                                help_text="The try before this one.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        (
                            "policy",
                            models.JSONField(default=dict, help_text="The values agreed when the session was created."),
                        ),
                        (
                            "policy_sources",
                            models.JSONField(
                                default=dict, help_text="Per value: EVSE, location, partner, platform, default."
                            ),
                        ),
                        ("funds_reserved_at", models.DateTimeField(blank=True, null=True)),
                        ("stop_requested_at", models.DateTimeField(blank=True, null=True)),
                        ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                        ("charging_ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "limit_told_at",
                            models.DateTimeField(
                                blank=True, help_text="When 90 % of the reservation was used (rule 33).", null=True
                            ),
                        ),
                        (
                            "limit_stop_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When we last asked for the end because the reservation is nearly used up.",
                                null=True,
                            ),
                        ),
                        (
                            "retry_at",
                            models.DateTimeField(blank=True, help_text="When the next attempt is due.", null=True),
                        ),
                        (
                            "reason",
                            models.CharField(
                                blank=True, default="", help_text="Why it ended or is escalated.", max_length=40
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "offer",
                            models.JSONField(
                                db_column="shown_tariff",
                                default=dict,
                                help_text="What the driver was offered when the session was created: tariff, VAT, price plan, words, limit.",
                            ),
                        ),
                        (
                            "offer_hash",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                editable=False,
                                help_text="SHA-256 of the offer's canonical JSON; empty for sessions that are older than it.",
                                max_length=64,
                            ),
                        ),
                        (
                            "billed_by",
                            models.CharField(
                                blank=True,
                                choices=[("cdr", "the CDR"), ("own", "our own calculation")],
                                db_default="",
                                default="",
                                help_text="What the driver's money was taken for; empty where staff decided, or nothing was taken.",
                                max_length=3,
                            ),
                        ),
                        (
                            "limit_refused_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the gateway refused to hold what the driver asked for last.",
                                null=True,
                            ),
                        ),
                        (
                            "limit_wanted",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="A higher limit that the driver has asked for, until the gateway has answered.",
                                null=True,
                            ),
                        ),
                        (
                            "locale",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="In which the driver is spoken to.",
                                max_length=2,
                                verbose_name="language",
                            ),
                        ),
                        (
                            "contract_token",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                help_text="Of our contract with the driver: START_SESSION names it where the charge is named besides.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.token",
                            ),
                        ),
                        (
                            "has_additions",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="The driver was asked for a further hold while charging: only then is there any to look for.",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "ad-hoc session",
                        "ordering": ["-created_at"],
                        "permissions": [("operate_session", "Can check and stop ad-hoc sessions")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="sessions_due",
                            ),
                            models.Index(fields=["state", "-created_at"], name="sessions_ad_state_4b61d7_idx"),
                            models.Index(fields=["partner", "-created_at"], name="sessions_ad_partner_8f4deb_idx"),
                            models.Index(fields=["-created_at"], name="sessions_ad_created_93cf0a_idx"),
                            models.Index(fields=["channel", "-created_at"], name="sessions_by_channel"),
                            models.Index(
                                condition=models.Q(("ended_at__isnull", True)),
                                fields=["evse"],
                                name="live_sessions_by_evse",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("next_check_at__isnull", True),
                                        (
                                            "state__in",
                                            [
                                                sessions_adhoc.states.State["CANCELLED"],
                                                sessions_adhoc.states.State["ESCALATED"],
                                                sessions_adhoc.states.State["FAILED"],
                                                sessions_adhoc.states.State["SETTLED"],
                                            ],
                                        ),
                                    ),
                                    models.Q(
                                        ("next_check_at__isnull", False),
                                        (
                                            "state__in",
                                            [
                                                sessions_adhoc.states.State["AUTHORIZED"],
                                                sessions_adhoc.states.State["AUTHORIZING"],
                                                sessions_adhoc.states.State["AWAITING_CDR"],
                                                sessions_adhoc.states.State["CHARGING"],
                                                sessions_adhoc.states.State["CREATED"],
                                                sessions_adhoc.states.State["ESCALATED"],
                                                sessions_adhoc.states.State["STARTING"],
                                                sessions_adhoc.states.State["STOPPING"],
                                                sessions_adhoc.states.State["VALIDATING"],
                                                sessions_adhoc.states.State["WAITING_FOR_CONNECTOR"],
                                            ],
                                        ),
                                    ),
                                    ("state", "escalated"),
                                    _connector="OR",
                                ),
                                name="live_sessions_have_a_clock",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("idempotency_key", ""), _negated=True),
                                fields=("client", "idempotency_key"),
                                name="one_session_per_idempotency_key",
                            ),
                        ],
                    },
                    bases=(django_fsm.FSMModelMixin, models.Model),
                ),
                migrations.CreateModel(
                    name="ChargingAttempt",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempts",
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        (
                            "authorization_reference",
                            models.CharField(
                                default=sessions_adhoc.models.attempt.new_reference, max_length=36, unique=True
                            ),
                        ),
                        (
                            "command",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="attempt", to="ocpi.command"
                            ),
                        ),
                        (
                            "stop_command",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.command",
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                        (
                            "connector_charging_at",
                            models.DateTimeField(blank=True, help_text="First CHARGING in this attempt.", null=True),
                        ),
                        (
                            "connector_fell_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="Back to AVAILABLE or BLOCKED since then; empty while it charges.",
                                null=True,
                            ),
                        ),
                        (
                            "connector_contradicts_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="Neither charging nor free since then: it contradicts an ACTIVE Session.",
                                null=True,
                            ),
                        ),
                        (
                            "energy_at",
                            models.DateTimeField(blank=True, help_text="When energy was first observed.", null=True),
                        ),
                        (
                            "pull_asked_at",
                            models.DateTimeField(blank=True, help_text="GET /sessions wanted since then.", null=True),
                        ),
                        (
                            "pull_answered_at",
                            models.DateTimeField(
                                blank=True, help_text="Start of the last GET that was answered.", null=True
                            ),
                        ),
                        ("pull_failures", models.PositiveSmallIntegerField(default=0)),
                        ("cdr_pulls", models.PositiveSmallIntegerField(default=0)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "ended_kwh",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="What its Session said when we called it over: more than that, and it runs on.",
                                max_digits=12,
                                null=True,
                                verbose_name="kWh at its end",
                            ),
                        ),
                        ("failure", models.CharField(blank=True, default="", max_length=40)),
                        ("verdict", models.TextField(blank=True, default="", help_text="What became of it, in words.")),
                    ],
                    options={
                        "ordering": ["session", "number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("session", "number"), name="attempts_are_numbered"),
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at__isnull", True)),
                                fields=("session",),
                                name="one_open_attempt_per_session",
                            ),
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="AttemptSession",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "attempt",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="session_links",
                                to="sessions_adhoc.chargingattempt",
                            ),
                        ),
                        (
                            "ocpi_session",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempt_link",
                                to="ocpi.ocpisession",
                            ),
                        ),
                        (
                            "validity",
                            models.CharField(
                                choices=[
                                    ("valid", "Valid"),
                                    ("renamed", "Same charge under another ID"),
                                    ("late", "Late"),
                                    ("duplicate", "Duplicate"),
                                    ("orphan", "Orphan"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "stop_command",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.command",
                            ),
                        ),
                        ("status_told", models.CharField(blank=True, default="", editable=False, max_length=12)),
                        ("linked_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("validity", "valid")),
                                fields=("attempt",),
                                name="one_valid_session_per_attempt",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Sample",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "attempt",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="samples",
                                to="sessions_adhoc.chargingattempt",
                            ),
                        ),
                        (
                            "ocpi_session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ocpi.ocpisession"
                            ),
                        ),
                        ("at", models.DateTimeField(help_text="As the CPO says.")),
                        ("received_at", models.DateTimeField()),
                        ("kwh", models.DecimalField(decimal_places=4, max_digits=12, null=True, verbose_name="kWh")),
                        ("kw", models.DecimalField(decimal_places=3, max_digits=10, null=True, verbose_name="kW")),
                        ("kw_derived", models.BooleanField(default=False, verbose_name="kW derived")),
                        ("soc", models.DecimalField(decimal_places=2, max_digits=5, null=True, verbose_name="SoC %")),
                        ("source", models.CharField(max_length=5)),
                        (
                            "ignored",
                            models.CharField(
                                blank=True, default="", help_text="Why it changes nothing.", max_length=100
                            ),
                        ),
                        (
                            "faults",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="What counts against the partner: energy, power, late.",
                                max_length=20,
                            ),
                        ),
                        ("message_id", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "ordering": ["received_at", "id"],
                        "indexes": [models.Index(fields=["attempt", "-at"], name="sessions_ad_attempt_694b70_idx")],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="FallbackPull",
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "module",
                            models.CharField(choices=[("sessions", "Sessions"), ("cdrs", "CDRs")], max_length=8),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("date_from", models.DateTimeField(blank=True, null=True)),
                        ("last_ok_at", models.DateTimeField(blank=True, null=True)),
                        ("last_error", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="fallback_pulls_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("partner", "module"), name="one_fallback_pull_per_module")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TimelineEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="timeline",
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("state", "State"),
                                    ("driver", "Driver"),
                                    ("staff", "Staff"),
                                    ("payment", "Payment"),
                                    ("command", "Command"),
                                    ("session", "Session"),
                                    ("connector", "Connector"),
                                    ("cdr", "CDR"),
                                    ("pull", "Pull"),
                                    ("note", "Note"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("text", models.TextField()),
                        ("state_from", models.CharField(blank=True, default="", max_length=24)),
                        ("state_to", models.CharField(blank=True, default="", max_length=24)),
                        ("actor", models.CharField(blank=True, default="", max_length=150)),
                        ("message_id", models.BigIntegerField(help_text="The exchange in the message log.", null=True)),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [models.Index(fields=["session", "id"], name="sessions_ad_session_b6dfc5_idx")],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ReceiptWish",
                    fields=[
                        (
                            "session",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="receipt_wish",
                                serialize=False,
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        ("address", models.BinaryField()),
                        ("mails", models.JSONField(default=list, help_text="Mails that have the address.")),
                        ("next_check_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="receipt_wishes_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="AccountDue",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("next_check_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="accounts_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="RepeatableRequest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=255)),
                        ("digest", models.CharField(help_text="Of the path and the body.", max_length=64)),
                        (
                            "next_check_at",
                            models.DateTimeField(default=sessions_adhoc.models.client._forgotten_at, null=True),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.clientkey",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="repeatable_requests_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "key"), name="one_request_per_idempotency_key")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AwaitedCdr",
                    fields=[
                        (
                            "session",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        ("due_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["due_at"], name="awaited_cdrs_due")],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookEndpoint",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "url",
                            models.URLField(
                                help_text="https, at a public address.", max_length=500, verbose_name="URL"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("on", "On"), ("paused", "Paused by itself"), ("off", "Turned off")],
                                default="on",
                                max_length=6,
                            ),
                        ),
                        ("state_since", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "why",
                            models.CharField(
                                blank=True, default="", help_text="Why it is paused, or turned off.", max_length=300
                            ),
                        ),
                        ("secret", models.BinaryField()),
                        ("old_secret", models.BinaryField(blank=True, null=True)),
                        (
                            "old_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Until then events are signed with the old secret too.",
                                null=True,
                                verbose_name="old secret until",
                            ),
                        ),
                        (
                            "failures",
                            models.PositiveIntegerField(
                                default=0, help_text="Deliveries in a row that were not taken."
                            ),
                        ),
                        ("failing_since", models.DateTimeField(blank=True, null=True)),
                        ("retry_at", models.DateTimeField(blank=True, null=True)),
                        ("last_taken_at", models.DateTimeField(blank=True, null=True, verbose_name="last taken")),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="webhooks",
                                to="sessions_adhoc.clientkey",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook",
                        "ordering": ["client__name", "id"],
                        "permissions": [
                            ("operate_webhook", "Can test webhooks, turn them on and off, and send events again")
                        ],
                        "indexes": [],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "url"), name="one_webhook_per_client_and_url")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookDelivery",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "message_id",
                            models.CharField(
                                default=sessions_adhoc.models.webhook.new_message_id,
                                max_length=64,
                                verbose_name="webhook-id",
                            ),
                        ),
                        ("kind", models.CharField(max_length=40, verbose_name="event")),
                        (
                            "subject",
                            models.CharField(
                                help_text="What it is about: events of one subject stay in order.", max_length=80
                            ),
                        ),
                        ("body", models.TextField(help_text="As it is sent.")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("taken", "Taken"),
                                    ("given_up", "Not taken"),
                                    ("left_out", "Left out"),
                                ],
                                default="waiting",
                                max_length=8,
                            ),
                        ),
                        (
                            "next_check_at",
                            models.DateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, verbose_name="next try"
                            ),
                        ),
                        ("held", models.BooleanField(default=False, editable=False)),
                        (
                            "tries",
                            models.PositiveIntegerField(
                                default=0, help_text="Since it was sent, or sent again by staff."
                            ),
                        ),
                        (
                            "answers",
                            models.JSONField(default=list, help_text="What the newest tries were answered with."),
                        ),
                        ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="taken")),
                        (
                            "partner",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "endpoint",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deliveries",
                                to="sessions_adhoc.webhookendpoint",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook delivery",
                        "verbose_name_plural": "webhook deliveries",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["endpoint", "next_check_at"],
                                name="webhook_deliveries_due",
                            ),
                            models.Index(
                                condition=models.Q(("state__in", ["waiting", "given_up"])),
                                fields=["endpoint", "subject", "id"],
                                name="webhook_deliveries_open",
                            ),
                            models.Index(fields=["endpoint", "written_at"], name="webhook_deliveries_by_time"),
                            models.Index(fields=["subject", "-id"], name="webhook_deliveries_by_subject"),
                            models.Index(fields=["message_id"], name="webhook_deliveries_by_id"),
                            models.Index(
                                condition=models.Q(("state", "given_up")),
                                fields=["-id"],
                                name="webhook_deliveries_failed",
                            ),
                            models.Index(
                                condition=models.Q(("state__in", ["taken", "left_out"])),
                                fields=["written_at"],
                                name="webhook_deliveries_over",
                            ),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ContractNumber",
                    fields=[
                        ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                        ("last", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ContractRecord",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("session", "Session"), ("cdr", "CDR"), ("credit", "Credit CDR")], max_length=7
                            ),
                        ),
                        (
                            "contract_id",
                            models.CharField(blank=True, default="", max_length=36, verbose_name="contract ID"),
                        ),
                        ("offer", models.JSONField(default=dict)),
                        ("doubts", models.JSONField(default=list, help_text="What is odd about it: code and words.")),
                        ("currency", models.CharField(blank=True, default="", max_length=3)),
                        ("asked", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        ("price", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        ("pays", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        ("claim", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        ("offered", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Charging"),
                                    ("due", "Waiting"),
                                    ("held", "Held for staff"),
                                    ("handed", "Handed over"),
                                    ("refused", "Not handed over"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "number",
                            models.BigIntegerField(
                                help_text="The order in which records were handed over.", null=True, unique=True
                            ),
                        ),
                        ("body", models.JSONField(help_text="As it was handed over.", null=True)),
                        ("handed_at", models.DateTimeField(null=True)),
                        ("acknowledged_at", models.DateTimeField(null=True, verbose_name="acknowledged")),
                        (
                            "note",
                            models.CharField(blank=True, default="", help_text="Why staff decided so.", max_length=500),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.clientkey",
                            ),
                        ),
                        (
                            "cdr",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contract_record",
                                to="ocpi.cdr",
                                verbose_name="CDR",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "ocpi_session",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contract_record",
                                to="ocpi.ocpisession",
                                verbose_name="OCPI session",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                help_text="Started through the API.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="sessions_adhoc.adhocsession",
                            ),
                        ),
                        (
                            "token",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="ocpi.token",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "contract charge",
                        "ordering": ["-id"],
                        "permissions": [("decide_contract", "Can decide about contract charges that are held")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="contract_records_due",
                            ),
                            models.Index(fields=["contract_id", "-id"], name="contract_records_of_contract"),
                            models.Index(fields=["token", "-id"], name="contract_records_of_token"),
                            models.Index(fields=["partner", "-id"], name="contract_records_of_partner"),
                            models.Index(
                                condition=models.Q(("state", "handed")),
                                fields=["handed_at"],
                                name="contract_records_by_handing",
                            ),
                            models.Index(
                                condition=models.Q(("acknowledged_at__isnull", True), ("state", "handed")),
                                fields=["number"],
                                name="contract_records_to_fetch",
                            ),
                            models.Index(
                                condition=models.Q(("state", "held")),
                                fields=["partner", "-id"],
                                name="contract_records_held",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("cdr__isnull", True), ("kind", "session"), ("ocpi_session__isnull", False)
                                    ),
                                    models.Q(
                                        ("cdr__isnull", False),
                                        ("kind__in", ["cdr", "credit"]),
                                        ("ocpi_session__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="contract_records_are_of_one_object",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("body__isnull", False), ("number__isnull", False), ("state", "handed")),
                                    models.Q(models.Q(("state", "handed"), _negated=True), ("number__isnull", True)),
                                    _connector="OR",
                                ),
                                name="contract_records_have_a_number_once_handed",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
