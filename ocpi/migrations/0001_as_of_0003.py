import django.db.models.deletion
import django.db.models.functions.text
import django_fsm
import ocpi.charger_codes
import partners.ground.migrating
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("ocpi", "0001_initial"),
        ("ocpi", "0002_message_names_its_partner"),
        ("ocpi", "0003_where_stations_are"),
    ]

    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("partners", "0003_kept_for_another_try"),
    ]

    operations = [
        partners.ground.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="BookingLocation",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("location_id", models.CharField(max_length=255, verbose_name="location ID")),
                        (
                            "missing_since",
                            models.DateTimeField(
                                blank=True, help_text="Absent from a full pull since then.", null=True
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["ocpi_id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"),
                                name="one_booking_location_per_id",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Booking",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("request_id", models.CharField(max_length=255, verbose_name="request ID")),
                        ("request_key", models.CharField(editable=False, max_length=255)),
                        ("location_id", models.CharField(max_length=255, verbose_name="location ID")),
                        ("status", models.CharField(max_length=20)),
                        ("authorization_reference", models.CharField(blank=True, default="", max_length=64)),
                        ("start_at", models.DateTimeField()),
                        ("end_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["partner", "request_key"], name="ocpi_bookin_partner_2c864b_idx"),
                            models.Index(fields=["authorization_reference"], name="ocpi_bookin_authori_584b4a_idx"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"), name="one_booking_per_id"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BookingRequest",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("created", "Not sent yet"),
                                    ("sending", "Being sent"),
                                    ("answered", "Answered"),
                                    ("unanswered", "No readable answer: it may have arrived"),
                                    ("undelivered", "It could not have arrived"),
                                ],
                                default="created",
                                max_length=12,
                            ),
                        ),
                        ("request", models.JSONField(default=dict, help_text="The arguments, by canonical name.")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "response",
                            models.CharField(
                                blank=True, default="", help_text="What the partner answered.", max_length=30
                            ),
                        ),
                        (
                            "failure",
                            models.CharField(
                                blank=True, default="", help_text="Why it was refused or not answered.", max_length=512
                            ),
                        ),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("NEW", "Book"), ("CHANGE", "Change"), ("CANCEL", "Cancel")], max_length=6
                            ),
                        ),
                        ("request_id", models.CharField(max_length=36, verbose_name="request ID")),
                        ("country_code", models.CharField(help_text="Of the CPO.", max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        (
                            "booking",
                            models.ForeignKey(
                                blank=True,
                                help_text="As answered.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="requests",
                                to="ocpi.booking",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["partner", "request_id"], name="ocpi_bookin_partner_567134_idx"),
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="booking_requests_due",
                            ),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ServerCertificate",
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
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="certificates",
                                to="partners.partner",
                            ),
                        ),
                        ("host", models.CharField(max_length=253)),
                        ("port", models.PositiveIntegerField(default=443)),
                        ("issuer", models.CharField(blank=True, default="", max_length=255)),
                        ("not_after", models.DateTimeField(blank=True, null=True, verbose_name="valid until")),
                        (
                            "problem",
                            models.CharField(
                                blank=True, default="", help_text="Why it is not accepted.", max_length=255
                            ),
                        ),
                        ("checked_at", models.DateTimeField(blank=True, null=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "ordering": ["not_after", "host"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="certificates_due",
                            ),
                            models.Index(fields=["not_after"], name="ocpi_server_not_aft_35fb06_idx"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "host", "port"), name="one_certificate_per_partner_and_host"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClientInfo",
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
                                help_text="The hub.",
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="clients",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("role", models.CharField(max_length=10)),
                        (
                            "status",
                            models.CharField(help_text="As the hub says; see Status for what is usual.", max_length=20),
                        ),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField()),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "verbose_name": "client of a hub",
                        "verbose_name_plural": "clients of hubs",
                        "ordering": ["country_code", "party_id", "role"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "role"),
                                name="one_client_info_per_party_and_role",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Command",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("created", "Not sent yet"),
                                    ("sending", "Being sent"),
                                    ("answered", "Answered"),
                                    ("unanswered", "No readable answer: it may have arrived"),
                                    ("undelivered", "It could not have arrived"),
                                ],
                                default="created",
                                max_length=12,
                            ),
                        ),
                        ("request", models.JSONField(default=dict, help_text="The arguments, by canonical name.")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "failure",
                            models.CharField(
                                blank=True, default="", help_text="Why it was refused or not answered.", max_length=512
                            ),
                        ),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("START_SESSION", "Start Session"),
                                    ("STOP_SESSION", "Stop Session"),
                                    ("RESERVE_NOW", "Reserve Now"),
                                    ("CANCEL_RESERVATION", "Cancel Reservation"),
                                    ("UNLOCK_CONNECTOR", "Unlock Connector"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "reference",
                            models.CharField(
                                blank=True, default="", help_text="The ad-hoc session it serves.", max_length=64
                            ),
                        ),
                        (
                            "response",
                            models.CharField(blank=True, default="", max_length=30, verbose_name="CommandResponse"),
                        ),
                        ("response_text", models.CharField(blank=True, default="", max_length=512)),
                        (
                            "timeout",
                            models.PositiveIntegerField(
                                help_text="Seconds that the CPO asks us to wait for the result.", null=True
                            ),
                        ),
                        (
                            "result",
                            models.CharField(blank=True, default="", max_length=30, verbose_name="CommandResult"),
                        ),
                        ("result_text", models.CharField(blank=True, default="", max_length=512)),
                        (
                            "is_test",
                            models.BooleanField(
                                default=False,
                                help_text="Sent by a connection check: nobody is to be alarmed by what comes of it.",
                                verbose_name="test",
                            ),
                        ),
                        ("result_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "permissions": [("send_command", "Can send commands to chargers")],
                        "indexes": [
                            models.Index(fields=["reference"], name="ocpi_comman_referen_dac07e_idx"),
                            models.Index(fields=["partner", "-created_at"], name="ocpi_comman_partner_6215ac_idx"),
                            models.Index(fields=["-created_at"], name="ocpi_comman_created_6af4f5_idx"),
                            models.Index(
                                condition=models.Q(("state__in", ["created", "sending", "undelivered"])),
                                fields=["state", "created_at"],
                                name="commands_unsettled",
                            ),
                            models.Index(
                                condition=models.Q(("kind__in", ["START_SESSION", "STOP_SESSION"]), _negated=True),
                                fields=["kind", "-created_at"],
                                name="commands_of_rare_kinds",
                            ),
                            models.Index(
                                condition=models.Q(("state", "unanswered")),
                                fields=["-created_at"],
                                name="commands_unanswered",
                            ),
                            models.Index(
                                condition=models.Q(("is_test", True)), fields=["-created_at"], name="commands_of_tests"
                            ),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="HandshakeRun",
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
                                related_name="handshakes",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("register", "Registration"),
                                    ("rotate", "Rotation"),
                                    ("unregister", "Unregistration"),
                                ],
                                default="register",
                                max_length=10,
                            ),
                        ),
                        (
                            "state",
                            django_fsm.FSMField(
                                choices=[
                                    ("scheduled", "Scheduled"),
                                    ("running", "Running"),
                                    ("succeeded", "Succeeded"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="scheduled",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        (
                            "step",
                            models.CharField(
                                choices=[
                                    ("versions", "Read their versions"),
                                    ("details", "Read the version's details"),
                                    ("modules", "Check the modules"),
                                    ("credentials", "Exchange credentials"),
                                    ("finish", "Confirm the connection"),
                                    ("leave", "Unregister"),
                                ],
                                default="versions",
                                max_length=12,
                            ),
                        ),
                        ("window_starts_at", models.DateTimeField()),
                        ("window_ends_at", models.DateTimeField(help_text="No new try is made after this.")),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        ("details_url", models.CharField(blank=True, default="", max_length=500)),
                        ("endpoints", models.JSONField(blank=True, default=list)),
                        (
                            "issued_token",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.issuedtoken",
                            ),
                        ),
                        ("credentials_sent_at", models.DateTimeField(blank=True, null=True)),
                        ("cause", models.TextField(blank=True, default="", help_text="Why it failed, in plain words.")),
                        ("advice", models.TextField(blank=True, default="", help_text="What to do about it.")),
                        (
                            "started_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="handshakes_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["scheduled", "running"])),
                                fields=("partner",),
                                name="one_live_handshake_per_partner",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("next_check_at__isnull", False), ("state__in", ["scheduled", "running"])),
                                    models.Q(
                                        ("next_check_at__isnull", True),
                                        ("state__in", ["succeeded", "failed", "cancelled"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="live_handshakes_have_a_clock",
                            ),
                        ],
                    },
                    bases=(django_fsm.FSMModelMixin, models.Model),
                ),
                migrations.CreateModel(
                    name="HandshakeStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="steps",
                                to="ocpi.handshakerun",
                            ),
                        ),
                        (
                            "step",
                            models.CharField(
                                choices=[
                                    ("versions", "Read their versions"),
                                    ("details", "Read the version's details"),
                                    ("modules", "Check the modules"),
                                    ("credentials", "Exchange credentials"),
                                    ("finish", "Confirm the connection"),
                                    ("leave", "Unregister"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("started_at", models.DateTimeField(auto_now_add=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "ok",
                            models.BooleanField(
                                blank=True, help_text="Empty while it runs, or when its worker died.", null=True
                            ),
                        ),
                        ("text", models.TextField(blank=True, default="")),
                        ("advice", models.TextField(blank=True, default="")),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Location",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("name", models.CharField(blank=True, default="", max_length=255)),
                        ("address", models.CharField(blank=True, default="", max_length=255)),
                        ("city", models.CharField(blank=True, default="", max_length=255)),
                        ("country", models.CharField(blank=True, default="", max_length=3)),
                        ("time_zone", models.CharField(blank=True, default="", max_length=255)),
                        ("latitude", models.DecimalField(decimal_places=7, max_digits=10, null=True)),
                        ("longitude", models.DecimalField(decimal_places=7, max_digits=10, null=True)),
                        ("publish", models.BooleanField(default=True)),
                        (
                            "missing_since",
                            models.DateTimeField(
                                blank=True,
                                help_text="Absent from a full pull since then: no longer valid (OCPI 2.2.1 §8.2.1).",
                                null=True,
                            ),
                        ),
                        (
                            "left_out",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="What could not be read when it was last sent whole: {path, message}.",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name", "ocpi_id"],
                        "indexes": [
                            models.Index(fields=["name", "ocpi_id"], name="ocpi_locati_name_723eb6_idx"),
                            models.Index(
                                fields=["ocpi_key"], name="locations_by_id", opclasses=["varchar_pattern_ops"]
                            ),
                            models.Index(fields=["latitude", "longitude"], name="locations_by_point"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"), name="one_location_per_id"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Evse",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "location",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="evses", to="ocpi.location"
                            ),
                        ),
                        ("uid", models.CharField(max_length=255, verbose_name="UID")),
                        ("uid_key", models.CharField(editable=False, max_length=255)),
                        (
                            "evse_id",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="On the sticker.",
                                max_length=255,
                                verbose_name="EVSE ID",
                            ),
                        ),
                        ("evse_id_key", models.CharField(blank=True, default="", editable=False, max_length=255)),
                        (
                            "code",
                            models.CharField(
                                default=ocpi.charger_codes.new_code,
                                editable=False,
                                help_text="In its QR code. Made once, and never another EVSE's.",
                                max_length=10,
                                unique=True,
                            ),
                        ),
                        ("status", models.CharField(help_text="PREPARING is kept as BLOCKED.", max_length=20)),
                        (
                            "status_received",
                            models.CharField(
                                blank=True, default="", help_text="As the partner wrote it.", max_length=20
                            ),
                        ),
                        ("raw", models.JSONField()),
                        (
                            "left_out",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="What could not be read when it was last sent whole: {path, message}.",
                            ),
                        ),
                        ("last_updated", models.DateTimeField()),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "verbose_name": "EVSE",
                        "ordering": ["uid"],
                        "indexes": [
                            models.Index(fields=["partner", "uid_key"], name="ocpi_evse_partner_89e0ec_idx"),
                            models.Index(fields=["uid"], name="evses_in_order"),
                            models.Index(fields=["evse_id"], name="ocpi_evse_evse_id_73eb27_idx"),
                            models.Index(fields=["evse_id_key", "partner"], name="evses_by_public_id"),
                            models.Index(fields=["uid_key"], name="evses_by_uid", opclasses=["varchar_pattern_ops"]),
                            models.Index(django.db.models.functions.text.Upper("evse_id"), name="evses_by_evse_id"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("location", "uid_key"), name="one_evse_per_uid")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PublishedEvseId",
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
                                help_text="In capitals, without separators.",
                                max_length=255,
                                unique=True,
                                verbose_name="EVSE ID",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="published_evse_ids",
                                to="partners.partner",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="first published")),
                    ],
                    options={
                        "verbose_name": "published EVSE ID",
                        "verbose_name_plural": "published EVSE IDs",
                        "ordering": ["key"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Connector",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "evse",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="connectors", to="ocpi.evse"
                            ),
                        ),
                        ("connector_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("connector_key", models.CharField(editable=False, max_length=255)),
                        ("standard", models.CharField(max_length=40)),
                        ("power_type", models.CharField(max_length=20)),
                        (
                            "max_kw",
                            models.DecimalField(decimal_places=3, max_digits=8, null=True, verbose_name="max. kW"),
                        ),
                        ("tariff_ids", models.JSONField(default=list)),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField()),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["connector_id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("evse", "connector_key"), name="one_connector_per_id")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Message",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "entrance",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                help_text="Whose host was called without a token of that partner.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "direction",
                            models.CharField(choices=[("in", "From partner"), ("out", "To partner")], max_length=3),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        ("module", models.CharField(blank=True, default="", max_length=40)),
                        ("method", models.CharField(max_length=8)),
                        ("url", models.CharField(max_length=2000, verbose_name="URL")),
                        ("source_address", models.CharField(blank=True, default="", max_length=45)),
                        (
                            "request_id",
                            models.CharField(blank=True, default="", max_length=64, verbose_name="X-Request-ID"),
                        ),
                        (
                            "correlation_id",
                            models.CharField(blank=True, default="", max_length=64, verbose_name="X-Correlation-ID"),
                        ),
                        ("request_headers", models.JSONField(default=dict)),
                        ("request_body", models.TextField(blank=True, default="")),
                        ("response_headers", models.JSONField(default=dict)),
                        ("response_body", models.TextField(blank=True, default="")),
                        ("http_status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="HTTP")),
                        ("ocpi_status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="OCPI")),
                        ("duration_ms", models.PositiveIntegerField(blank=True, null=True, verbose_name="ms")),
                        (
                            "error",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text="Why there is no answer, or what broke in handling it.",
                            ),
                        ),
                        (
                            "leniences",
                            models.JSONField(default=list, help_text="What we overlooked: kind, path, detail."),
                        ),
                        (
                            "faults",
                            models.JSONField(default=list, help_text="What is wrong with the object: path, message."),
                        ),
                        (
                            "objects_touched",
                            models.JSONField(default=list, help_text="For example session:SK*ION/S-1."),
                        ),
                        (
                            "subject",
                            models.CharField(
                                blank=True, default="", help_text="The id that it is about.", max_length=64
                            ),
                        ),
                        (
                            "failed",
                            models.BooleanField(
                                default=False, help_text="It ended badly; one that is still open has not ended."
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                        "permissions": [
                            ("replay_message", "Can replay a message of a partner, or send a harmless one again")
                        ],
                        "indexes": [
                            models.Index(fields=["at"], name="ocpi_messag_at_d6c6ad_idx"),
                            models.Index(fields=["partner", "-id"], name="ocpi_messag_partner_09df58_idx"),
                            models.Index(fields=["module", "-id"], name="ocpi_messag_module_a8e442_idx"),
                            models.Index(
                                condition=models.Q(("correlation_id", ""), _negated=True),
                                fields=["correlation_id"],
                                name="messages_by_correlation",
                            ),
                            models.Index(
                                condition=models.Q(("request_id", ""), _negated=True),
                                fields=["request_id"],
                                name="messages_by_request",
                            ),
                            models.Index(
                                fields=["subject"], name="messages_by_subject", opclasses=["varchar_pattern_ops"]
                            ),
                            models.Index(condition=models.Q(("failed", True)), fields=["-id"], name="messages_failed"),
                            models.Index(
                                condition=models.Q(("failed", True)),
                                fields=["partner", "-id"],
                                name="messages_failed_of_partner",
                            ),
                            models.Index(
                                condition=models.Q(("direction", "out")),
                                fields=["partner", "-id"],
                                name="messages_to_partner",
                            ),
                            models.Index(
                                condition=models.Q(("entrance__isnull", False)),
                                fields=["entrance", "-id"],
                                name="messages_at_entrance",
                            ),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Terminal",
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
                                related_name="terminals",
                                to="partners.partner",
                            ),
                        ),
                        ("terminal_id", models.CharField(max_length=36, verbose_name="terminal ID")),
                        ("terminal_key", models.CharField(editable=False, max_length=36)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Activation requested"),
                                    ("active", "Active"),
                                    ("inactive", "Deactivated"),
                                ],
                                default="active",
                                max_length=10,
                            ),
                        ),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField(help_text="The Terminal as OCPI has it.")),
                        ("location_ids", models.JSONField(default=list, verbose_name="location IDs")),
                        ("evse_uids", models.JSONField(default=list, verbose_name="EVSE UIDs")),
                        ("last_updated", models.DateTimeField()),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("partner", "terminal_key"), name="one_terminal_per_id")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="TerminalRequest",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("created", "Not sent yet"),
                                    ("sending", "Being sent"),
                                    ("answered", "Answered"),
                                    ("unanswered", "No readable answer: it may have arrived"),
                                    ("undelivered", "It could not have arrived"),
                                ],
                                default="created",
                                max_length=12,
                            ),
                        ),
                        ("request", models.JSONField(default=dict, help_text="The arguments, by canonical name.")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "response",
                            models.CharField(
                                blank=True, default="", help_text="What the partner answered.", max_length=30
                            ),
                        ),
                        (
                            "failure",
                            models.CharField(
                                blank=True, default="", help_text="Why it was refused or not answered.", max_length=512
                            ),
                        ),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "terminal",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="requests", to="ocpi.terminal"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="terminal_requests_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="FinancialAdvice",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("created", "Not sent yet"),
                                    ("sending", "Being sent"),
                                    ("answered", "Answered"),
                                    ("unanswered", "No readable answer: it may have arrived"),
                                    ("undelivered", "It could not have arrived"),
                                ],
                                default="created",
                                max_length=12,
                            ),
                        ),
                        ("request", models.JSONField(default=dict, help_text="The arguments, by canonical name.")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "response",
                            models.CharField(
                                blank=True, default="", help_text="What the partner answered.", max_length=30
                            ),
                        ),
                        (
                            "failure",
                            models.CharField(
                                blank=True, default="", help_text="Why it was refused or not answered.", max_length=512
                            ),
                        ),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("advice_id", models.UUIDField(default=uuid.uuid4, unique=True, verbose_name="ID")),
                        ("authorization_reference", models.CharField(max_length=36)),
                        ("raw", models.JSONField(help_text="The confirmation as OCPI has it.")),
                        ("last_updated", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "financial advice confirmation",
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="financial_advices_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "authorization_reference"), name="one_advice_per_authorization"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OcpiSession",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("status", models.CharField(max_length=12)),
                        ("kwh", models.DecimalField(decimal_places=4, max_digits=12, verbose_name="kWh")),
                        ("start_at", models.DateTimeField(null=True)),
                        ("end_at", models.DateTimeField(null=True)),
                        ("token_uid", models.CharField(max_length=64, verbose_name="token UID")),
                        ("authorization_reference", models.CharField(blank=True, default="", max_length=64)),
                        (
                            "location_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="location ID"),
                        ),
                        ("evse_uid", models.CharField(blank=True, default="", max_length=255, verbose_name="EVSE UID")),
                        (
                            "connector_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="connector ID"),
                        ),
                        ("currency", models.CharField(blank=True, default="", max_length=3)),
                        (
                            "first_kwh",
                            models.DecimalField(decimal_places=4, max_digits=12, null=True, verbose_name="first kWh"),
                        ),
                        (
                            "first_seen_at",
                            models.DateTimeField(help_text="When we first heard of it, by push or pull."),
                        ),
                        ("first_active_at", models.DateTimeField(help_text="When we first saw it ACTIVE.", null=True)),
                        ("news_at", models.DateTimeField(help_text="When we last heard of it.")),
                        (
                            "whole_at",
                            models.DateTimeField(
                                help_text="`last_updated` of the newest whole Session that came.", null=True
                            ),
                        ),
                        (
                            "gone_periods",
                            models.JSONField(
                                default=list, help_text="When charging periods began that a whole Session took back."
                            ),
                        ),
                        (
                            "needs_pull",
                            models.BooleanField(
                                default=False, help_text="A PATCH came out of order: fields may be missing."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "OCPI session",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["authorization_reference"], name="ocpi_ocpise_authori_fd9df8_idx"),
                            models.Index(fields=["partner", "token_uid"], name="ocpi_ocpise_partner_7bd099_idx"),
                            models.Index(fields=["partner", "-id"], name="ocpi_ocpise_partner_405948_idx"),
                            models.Index(
                                fields=["ocpi_key"], name="ocpi_sessions_by_id", opclasses=["varchar_pattern_ops"]
                            ),
                            models.Index(
                                django.db.models.functions.text.Upper("token_uid"), name="ocpi_sessions_by_token"
                            ),
                            models.Index(
                                condition=models.Q(("status__in", ["COMPLETED", "INVALID"]), _negated=True),
                                fields=["status", "-id"],
                                name="ocpi_sessions_open",
                            ),
                            models.Index(
                                condition=models.Q(("status", "INVALID")), fields=["-id"], name="ocpi_sessions_invalid"
                            ),
                            models.Index(fields=["first_seen_at"], name="ocpi_sessions_by_first_seen"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"), name="one_session_per_id"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Cdr",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("uuid", models.UUIDField(help_text="In the URL that we answer a POST with.", unique=True)),
                        (
                            "session_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="session ID"),
                        ),
                        ("session_key", models.CharField(blank=True, default="", editable=False, max_length=255)),
                        ("authorization_reference", models.CharField(blank=True, default="", max_length=64)),
                        ("token_uid", models.CharField(max_length=64, verbose_name="token UID")),
                        (
                            "location_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="location ID"),
                        ),
                        ("evse_uid", models.CharField(blank=True, default="", max_length=255, verbose_name="EVSE UID")),
                        ("start_at", models.DateTimeField()),
                        ("end_at", models.DateTimeField()),
                        ("currency", models.CharField(max_length=3)),
                        ("total_net", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                        (
                            "total_gross",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="Empty where the CDR states no tax.",
                                max_digits=14,
                                null=True,
                            ),
                        ),
                        (
                            "total_energy",
                            models.DecimalField(decimal_places=4, max_digits=12, verbose_name="total kWh"),
                        ),
                        ("credit", models.BooleanField(default=False)),
                        ("credit_reference_id", models.CharField(blank=True, default="", max_length=255)),
                        ("content_digest", models.CharField(editable=False, max_length=64)),
                        (
                            "conflicting",
                            models.BooleanField(
                                default=False, help_text="The same id was sent again with another content."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "CDR",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["authorization_reference"], name="ocpi_cdr_authori_be1bcc_idx"),
                            models.Index(fields=["partner", "session_key"], name="ocpi_cdr_partner_c419aa_idx"),
                            models.Index(fields=["partner", "token_uid"], name="ocpi_cdr_partner_d3fe17_idx"),
                            models.Index(fields=["partner", "-id"], name="ocpi_cdr_partner_e7e772_idx"),
                            models.Index(fields=["ocpi_key"], name="cdrs_by_id", opclasses=["varchar_pattern_ops"]),
                            models.Index(fields=["end_at"], name="cdrs_by_end"),
                            models.Index(
                                fields=["session_key"], name="cdrs_by_session", opclasses=["varchar_pattern_ops"]
                            ),
                            models.Index(django.db.models.functions.text.Upper("token_uid"), name="cdrs_by_token"),
                            models.Index(
                                condition=models.Q(("conflicting", True)), fields=["-id"], name="cdrs_conflicting"
                            ),
                            models.Index(condition=models.Q(("credit", True)), fields=["-id"], name="cdrs_credit"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"), name="one_cdr_per_id"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProfileRequest",
                    fields=[
                        ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("created", "Not sent yet"),
                                    ("sending", "Being sent"),
                                    ("answered", "Answered"),
                                    ("unanswered", "No readable answer: it may have arrived"),
                                    ("undelivered", "It could not have arrived"),
                                ],
                                default="created",
                                max_length=12,
                            ),
                        ),
                        ("request", models.JSONField(default=dict, help_text="The arguments, by canonical name.")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        (
                            "response",
                            models.CharField(
                                blank=True, default="", help_text="What the partner answered.", max_length=30
                            ),
                        ),
                        (
                            "failure",
                            models.CharField(
                                blank=True, default="", help_text="Why it was refused or not answered.", max_length=512
                            ),
                        ),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="profile_requests",
                                to="ocpi.ocpisession",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("SET", "Set a charging profile"),
                                    ("CLEAR", "Clear the charging profile"),
                                    ("GET", "Ask for the active profile"),
                                    ("PREFERENCES", "Tell the driver's preferences"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "timeout",
                            models.PositiveIntegerField(
                                help_text="Seconds that the CPO asks us to wait for the result.", null=True
                            ),
                        ),
                        (
                            "result",
                            models.CharField(blank=True, default="", help_text="Empty for preferences.", max_length=30),
                        ),
                        ("result_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="profile_requests_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ActiveProfile",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "session",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="active_profile",
                                to="ocpi.ocpisession",
                            ),
                        ),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("start_at", models.DateTimeField()),
                        ("raw", models.JSONField()),
                        ("received_at", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="PartnerQuirk",
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
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="quirks",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        ("module", models.CharField(blank=True, default="", max_length=40)),
                        ("kind", models.CharField(max_length=40)),
                        ("count", models.PositiveBigIntegerField(default=0, verbose_name="messages")),
                        ("first_seen", models.DateTimeField()),
                        ("last_seen", models.DateTimeField()),
                        (
                            "last_message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        (
                            "example",
                            models.CharField(
                                blank=True, default="", help_text="From the last of them.", max_length=500
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["partner", "-last_seen"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "version", "module", "kind"), name="one_quirk_per_kind"
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Refresh",
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
                        ("module", models.CharField(max_length=40)),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        (
                            "since",
                            models.DateTimeField(
                                help_text="`last_updated` of our copy: a list is asked for from then on."
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("held", models.BooleanField(default=False, editable=False)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("error", models.TextField(blank=True, default="", help_text="Why the last try failed.")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name_plural": "refreshes",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["partner", "next_check_at"],
                                name="refreshes_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "module", "country_code", "party_id", "ocpi_key"),
                                name="one_refresh_per_object",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SyncRun",
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
                                on_delete=django.db.models.deletion.PROTECT, related_name="syncs", to="partners.partner"
                            ),
                        ),
                        ("module", models.CharField(max_length=40)),
                        ("full", models.BooleanField(default=True)),
                        ("date_from", models.DateTimeField(blank=True, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("running", "Running"),
                                    ("succeeded", "Succeeded"),
                                    ("failed", "Failed"),
                                ],
                                default="due",
                                max_length=10,
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("pages", models.PositiveIntegerField(default=0)),
                        ("received", models.PositiveIntegerField(default=0)),
                        ("stored", models.PositiveIntegerField(default=0)),
                        ("refused", models.PositiveIntegerField(default=0)),
                        (
                            "faults",
                            models.JSONField(
                                blank=True, default=list, help_text="Per refused object: id and its faults."
                            ),
                        ),
                        ("error", models.TextField(blank=True, default="")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "permissions": [("request_sync", "Can ask for a pull of a partner's objects")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="syncs_due",
                            ),
                            models.Index(fields=["partner", "module", "-id"], name="ocpi_syncru_partner_9c6f99_idx"),
                            models.Index(
                                condition=models.Q(("state", "failed")), fields=["ended_at"], name="syncs_failed"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["due", "running"])),
                                fields=("partner", "module"),
                                name="one_live_sync_per_module",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Tariff",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("country_code", models.CharField(max_length=2)),
                        ("party_id", models.CharField(max_length=3, verbose_name="party ID")),
                        ("ocpi_id", models.CharField(max_length=255, verbose_name="ID")),
                        ("ocpi_key", models.CharField(editable=False, max_length=255)),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        ("raw", models.JSONField()),
                        ("last_updated", models.DateTimeField(help_text="As the partner says.")),
                        (
                            "arrived_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When we were told that; what a GET brought, when it was asked for.",
                                null=True,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("currency", models.CharField(max_length=3)),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "missing_since",
                            models.DateTimeField(
                                blank=True, help_text="Absent from a full pull since then.", null=True
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["ocpi_id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "ocpi_key"), name="one_tariff_per_id"
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Token",
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
                                blank=True,
                                help_text="The only partner that may know it, as it was made for a charge there; empty: all of them.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("uid", models.CharField(max_length=36, verbose_name="UID")),
                        (
                            "type",
                            models.CharField(
                                choices=[
                                    ("AD_HOC_USER", "Ad-hoc user"),
                                    ("APP_USER", "App user"),
                                    ("OTHER", "Other"),
                                    ("RFID", "RFID card"),
                                ],
                                default="AD_HOC_USER",
                                max_length=12,
                            ),
                        ),
                        ("contract_id", models.CharField(max_length=36, verbose_name="contract ID")),
                        ("visual_number", models.CharField(blank=True, default="", max_length=64)),
                        ("issuer", models.CharField(max_length=64)),
                        ("valid", models.BooleanField(default=True)),
                        ("whitelist", models.CharField(default="NEVER", max_length=15)),
                        ("language", models.CharField(blank=True, default="", max_length=2)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("last_updated", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [
                            models.Index(fields=["last_updated"], name="ocpi_token_last_up_207462_idx"),
                            models.Index(
                                django.db.models.functions.text.Lower("contract_id"), name="tokens_by_contract"
                            ),
                            models.Index(
                                condition=models.Q(("type", "AD_HOC_USER"), _negated=True),
                                fields=["id"],
                                name="long_lived_tokens",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("uid"),
                                models.F("type"),
                                name="one_token_per_uid_and_type",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TokenPush",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "token",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="pushes", to="ocpi.token"
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="token_pushes",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "wanted",
                            models.DateTimeField(help_text="`last_updated` of the token that the partner is to have."),
                        ),
                        (
                            "pushed",
                            models.DateTimeField(
                                blank=True, help_text="`last_updated` of the token that it has.", null=True
                            ),
                        ),
                        (
                            "pushed_raw",
                            models.JSONField(blank=True, help_text="The token as the partner took it.", null=True),
                        ),
                        ("pushed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "version",
                            models.CharField(blank=True, default="", max_length=10, verbose_name="OCPI version"),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("held", models.BooleanField(default=False, editable=False)),
                        (
                            "tries",
                            models.PositiveIntegerField(default=0, help_text="Without success, since the last one."),
                        ),
                        ("error", models.TextField(blank=True, default="", help_text="Why the last try failed.")),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange in the message log.", null=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name_plural": "token pushes",
                        "ordering": ["-id"],
                        "permissions": [("push_token", "Can have a token pushed to a partner")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["partner", "next_check_at"],
                                name="token_pushes_due",
                            ),
                            models.Index(fields=["partner", "-id"], name="ocpi_tokenp_partner_d44c43_idx"),
                            models.Index(
                                condition=models.Q(("error", ""), _negated=True),
                                fields=["-id"],
                                name="token_pushes_failing",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("token", "partner"), name="one_push_per_token_and_partner")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TrafficHour",
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="partners.partner",
                            ),
                        ),
                        ("hour", models.DateTimeField(help_text="Its beginning.")),
                        (
                            "direction",
                            models.CharField(choices=[("in", "From partner"), ("out", "To partner")], max_length=3),
                        ),
                        ("total", models.PositiveIntegerField()),
                        ("failed", models.PositiveIntegerField()),
                        ("answered", models.PositiveIntegerField(help_text="Those whose duration is known.")),
                        ("duration_ms", models.PositiveBigIntegerField(help_text="Sum of those durations.")),
                        ("slowest_ms", models.PositiveIntegerField()),
                    ],
                    options={
                        "ordering": ["hour"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("partner__isnull", False)),
                                fields=("hour", "partner", "direction"),
                                name="one_traffic_hour",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("partner__isnull", True)),
                                fields=("hour", "direction"),
                                name="one_traffic_hour_of_strangers",
                            ),
                        ],
                        "indexes": [],
                    },
                ),
            ],
        ),
        partners.ground.migrating.OnPostgreSQL(
            statements=[
                "CREATE INDEX messages_with_leniences ON ocpi_message (id DESC) WHERE NOT leniences = '[]'::jsonb",
                "CREATE INDEX messages_with_faults ON ocpi_message (id DESC) WHERE NOT faults = '[]'::jsonb",
                "ALTER TABLE ocpi_message SET (fillfactor = 50)",
            ],
            reverse=[
                "DROP INDEX messages_with_leniences",
                "DROP INDEX messages_with_faults",
                "ALTER TABLE ocpi_message RESET (fillfactor)",
            ],
        ),
        partners.ground.migrating.OnPostgreSQL(
            statements=["ALTER TABLE ocpi_ocpisession SET (fillfactor = 60)"],
            reverse=["ALTER TABLE ocpi_ocpisession RESET (fillfactor)"],
        ),
        partners.ground.migrating.OnPostgreSQL(
            statements=[
                "CREATE INDEX locations_by_city ON ocpi_location (UPPER(city::text) text_pattern_ops)",
                "CREATE INDEX locations_by_name ON ocpi_location (UPPER(name::text) text_pattern_ops)",
            ],
            reverse=["DROP INDEX locations_by_city", "DROP INDEX locations_by_name"],
        ),
    ]
