import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import partners.ground.migrating
import partners.models.contact
import partners.models.mail
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("partners", "0001_initial"),
        ("partners", "0002_limits_and_own_calculation"),
        ("partners", "0003_kept_for_another_try"),
        ("partners", "0004_tickets_and_places"),
        ("partners", "0005_keys_in_use"),
        ("partners", "0006_retentions"),
        ("partners", "0007_saved_filters"),
        ("partners", "0008_mails_by_address"),
    ]

    initial = True

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "0010_accessattemptexpiration"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("otp_static", "0003_add_timestamps"),
        ("otp_totp", "0003_add_timestamps"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        partners.ground.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Partner",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "code",
                            models.CharField(
                                help_text="In the host of their endpoint: ocpi-<code>.",
                                max_length=30,
                                unique=True,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$",
                                        "A code is 1-30 lower-case letters, digits and inner hyphens: it becomes part of a host name.",
                                    )
                                ],
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
                        (
                            "country_code",
                            models.CharField(
                                max_length=2,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z]{2}$", "A country code is 2 letters (ISO 3166-1 alpha-2)."
                                    )
                                ],
                                verbose_name="country code",
                            ),
                        ),
                        (
                            "party_id",
                            models.CharField(
                                max_length=3,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z0-9]{3}$", "A party ID is 3 characters, A-Z and 0-9."
                                    )
                                ],
                                verbose_name="party ID",
                            ),
                        ),
                        (
                            "agreed_version",
                            models.CharField(
                                choices=[
                                    ("2.1.1", "2.1.1"),
                                    ("2.2", "2.2"),
                                    ("2.2.1", "2.2.1 (recommended)"),
                                    ("2.3.0", "2.3.0 (on request)"),
                                ],
                                default="2.2.1",
                                max_length=10,
                                verbose_name="OCPI version",
                            ),
                        ),
                        (
                            "version",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="Set by the handshake; empty until then.",
                                max_length=10,
                                verbose_name="version in use",
                            ),
                        ),
                        (
                            "versions_url",
                            models.URLField(
                                blank=True,
                                default="",
                                help_text="Empty until they told us: they may enter it over their link.",
                                max_length=255,
                                verbose_name="their versions URL",
                            ),
                        ),
                        (
                            "environment",
                            models.CharField(
                                choices=[("test", "Test"), ("production", "Production")], default="test", max_length=12
                            ),
                        ),
                        (
                            "connection",
                            models.CharField(
                                choices=[
                                    ("not_connected", "Not connected"),
                                    ("connected", "Connected"),
                                    ("suspended", "Suspended"),
                                ],
                                default="not_connected",
                                max_length=14,
                            ),
                        ),
                        (
                            "suspended_at",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="Charges that were live then are finished: for a day at most.",
                                null=True,
                            ),
                        ),
                        ("connected_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "token_encoding",
                            models.CharField(
                                blank=True,
                                choices=[("", "Not learnt yet"), ("raw", "Raw"), ("base64", "Base64")],
                                default="",
                                help_text="How our token is written in the Authorization header. Learnt on the handshake.",
                                max_length=6,
                            ),
                        ),
                        (
                            "writes_nulls",
                            models.BooleanField(
                                default=False,
                                help_text="Their library refuses messages in which an optional field is absent, so that we send each of them, as null. Learnt from an answer with HTTP 422; switch it on where they refuse with something else.",
                                verbose_name="optional fields as null",
                            ),
                        ),
                        (
                            "hub_party_id",
                            models.CharField(blank=True, default="", max_length=5, verbose_name="hub party ID"),
                        ),
                        (
                            "enabled_versions",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="On-request versions switched on for this partner, for example 2.3.0.",
                            ),
                        ),
                        (
                            "integration_window_starts_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="Agreed with their technical team (guide 7.1): their server is reachable then.",
                                null=True,
                            ),
                        ),
                        ("integration_window_ends_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "ordering": ["name"],
                        "permissions": [
                            ("onboard_partner", "Can onboard partners: stages, handshake, tests, checks, sign-off"),
                            ("override_condition", "Can overrule a condition of a stage"),
                            ("suspend_partner", "Can suspend and resume partners"),
                            ("offboard_partner", "Can off-board partners"),
                            ("reveal_secret", "Can have secrets revealed, once"),
                            ("change_allowlist", "Can change which networks a partner may call from"),
                            ("approve_party", "Can decide whose a party and an EVSE ID is"),
                        ],
                        "indexes": [models.Index(fields=["connection"], name="partners_pa_connect_f45e23_idx")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("country_code", "party_id", "environment"),
                                name="one_partner_per_party_and_environment",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("integration_window_ends_at__isnull", True),
                                    ("integration_window_starts_at__lt", models.F("integration_window_ends_at")),
                                    _connector="OR",
                                ),
                                name="integration_window_ends_after_it_starts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PartnerClock",
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
                                related_name="clocks",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("stamps", "Stamps of its pushes"),
                                    ("envelope", "Timestamps of its answers"),
                                    ("date", "Date headers of its answers"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "offset",
                            models.FloatField(help_text="Positive: ahead of ours.", verbose_name="offset in seconds"),
                        ),
                        ("measured_at", models.DateTimeField()),
                        (
                            "message_id",
                            models.BigIntegerField(blank=True, help_text="The exchange that shows it.", null=True),
                        ),
                    ],
                    options={
                        "ordering": ["partner", "source"],
                        "constraints": [
                            models.UniqueConstraint(fields=("partner", "source"), name="one_clock_per_source")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Contact",
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
                                related_name="contacts",
                                to="partners.partner",
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
                        ("email", models.EmailField(max_length=254)),
                        ("phone", models.CharField(blank=True, default="", max_length=40)),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="AllowedNetwork",
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
                                related_name="allowed_networks",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "network",
                            models.CharField(
                                help_text="1.2.3.4 or 1.2.3.0/24",
                                max_length=43,
                                validators=[partners.models.contact.validate_network],
                            ),
                        ),
                        ("note", models.CharField(blank=True, default="", max_length=200)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["network"],
                        "constraints": [
                            models.UniqueConstraint(fields=("partner", "network"), name="network_listed_once")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="IssuedToken",
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
                                related_name="issued_tokens",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "digest",
                            models.CharField(help_text="SHA-256 of the token, in hex.", max_length=64, unique=True),
                        ),
                        ("last4", models.CharField(max_length=4)),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("connection", "Connection"),
                                    ("registration", "Registration (only versions and credentials)"),
                                ],
                                default="connection",
                                max_length=12,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("pending", "Pending"), ("active", "Active"), ("revoked", "Revoked")],
                                default="pending",
                                max_length=7,
                            ),
                        ),
                        (
                            "registered_with",
                            models.ForeignKey(
                                blank=True,
                                help_text="The registration token of the POST that this one was the answer to.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="given",
                                to="partners.issuedtoken",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("activated_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("last_used_at", models.DateTimeField(blank=True, help_text="To the minute.", null=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["partner", "state"], name="partners_is_partner_680fd5_idx")],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ReceivedToken",
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
                                related_name="received_tokens",
                                to="partners.partner",
                            ),
                        ),
                        ("ciphertext", models.BinaryField()),
                        ("last4", models.CharField(max_length=4)),
                        (
                            "purpose",
                            models.CharField(
                                choices=[("connection", "Connection"), ("registration", "Registration (Token A)")],
                                default="connection",
                                max_length=12,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("pending", "Pending"), ("active", "Active"), ("revoked", "Revoked")],
                                default="active",
                                max_length=7,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "active")),
                                fields=("partner", "purpose"),
                                name="one_active_received_token_per_purpose",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="RemoteEndpoint",
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
                                related_name="endpoints",
                                to="partners.partner",
                            ),
                        ),
                        ("version", models.CharField(max_length=10)),
                        ("module", models.CharField(max_length=40)),
                        (
                            "role",
                            models.CharField(
                                blank=True,
                                choices=[("SENDER", "Sender"), ("RECEIVER", "Receiver")],
                                default="",
                                help_text="Empty in 2.1.1, which has one per module.",
                                max_length=8,
                            ),
                        ),
                        ("url", models.URLField(max_length=500)),
                    ],
                    options={
                        "ordering": ["version", "module", "role"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "version", "module", "role"), name="one_endpoint_per_module_role"
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Document",
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
                                related_name="documents",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("data_sheet", "Data sheet"),
                                    ("sign_off", "Sign-off form"),
                                    ("connection_check", "Connection check"),
                                    ("dossier", "Integration dossier"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("name", models.CharField(help_text="File name.", max_length=120)),
                        ("made_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "made_by",
                            models.CharField(help_text="Staff's user name, or who had the link.", max_length=150),
                        ),
                        ("content", models.BinaryField()),
                        ("size", models.PositiveIntegerField(help_text="Bytes.")),
                        (
                            "sha256",
                            models.CharField(
                                help_text="Of the content, in hex.", max_length=64, verbose_name="SHA-256"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["partner", "kind", "-id"], name="partners_do_partner_a29ccd_idx")
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="HistoryEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "content_type",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="contenttypes.contenttype",
                                verbose_name="content type",
                            ),
                        ),
                        ("object_pk", models.CharField(db_index=True, max_length=255, verbose_name="object pk")),
                        (
                            "object_id",
                            models.BigIntegerField(blank=True, db_index=True, null=True, verbose_name="object id"),
                        ),
                        ("object_repr", models.TextField(verbose_name="object representation")),
                        ("serialized_data", models.JSONField(null=True)),
                        (
                            "action",
                            models.PositiveSmallIntegerField(
                                choices=[(0, "create"), (1, "update"), (2, "delete"), (3, "access")],
                                db_index=True,
                                verbose_name="action",
                            ),
                        ),
                        ("changes_text", models.TextField(blank=True, verbose_name="change message")),
                        ("changes", models.JSONField(null=True, verbose_name="change message")),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="actor",
                            ),
                        ),
                        (
                            "cid",
                            models.CharField(
                                blank=True, db_index=True, max_length=255, null=True, verbose_name="Correlation ID"
                            ),
                        ),
                        (
                            "remote_addr",
                            models.GenericIPAddressField(blank=True, null=True, verbose_name="remote address"),
                        ),
                        ("remote_port", models.PositiveIntegerField(blank=True, null=True, verbose_name="remote port")),
                        (
                            "timestamp",
                            models.DateTimeField(
                                db_index=True, default=django.utils.timezone.now, verbose_name="timestamp"
                            ),
                        ),
                        ("additional_data", models.JSONField(blank=True, null=True, verbose_name="additional data")),
                        (
                            "actor_email",
                            models.CharField(blank=True, max_length=254, null=True, verbose_name="actor email"),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="history",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "by",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="Who, where it was nobody of the staff.",
                                max_length=150,
                            ),
                        ),
                        (
                            "label",
                            models.CharField(
                                blank=True, default="", help_text="The button that was pressed.", max_length=100
                            ),
                        ),
                        ("reason", models.TextField(blank=True, default="")),
                        (
                            "result",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "-"),
                                    ("started", "Not finished"),
                                    ("done", "Done"),
                                    ("refused", "Refused"),
                                    ("failed", "Failed"),
                                ],
                                default="",
                                max_length=8,
                            ),
                        ),
                        (
                            "outcome",
                            models.TextField(blank=True, default="", help_text="What staff were told. Never a secret."),
                        ),
                    ],
                    options={
                        "verbose_name": "history entry",
                        "verbose_name_plural": "history",
                        "ordering": ["-timestamp", "-id"],
                        "get_latest_by": "timestamp",
                        "abstract": False,
                        "indexes": [
                            models.Index(fields=["partner", "-timestamp", "-id"], name="history_of_partner"),
                            models.Index(fields=["content_type", "object_pk", "-timestamp"], name="history_of_object"),
                            models.Index(fields=["actor", "-timestamp"], name="history_of_person"),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Incident",
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
                                related_name="incidents",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="What it is about, so that one cause opens one incident.", max_length=200
                            ),
                        ),
                        (
                            "detector",
                            models.CharField(blank=True, default="", help_text="Which watch found it.", max_length=40),
                        ),
                        (
                            "severity",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "Note"), (2, "Problem"), (3, "Urgent")], default=2
                            ),
                        ),
                        (
                            "symptom",
                            models.CharField(help_text="In the words of the guide's section 8.", max_length=200),
                        ),
                        ("cause", models.TextField(help_text="The likely cause.")),
                        ("resolution", models.TextField(help_text="What to do.")),
                        (
                            "letter",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text="Can be sent as it stands.",
                                verbose_name="for the CPO",
                            ),
                        ),
                        (
                            "tell_cpo",
                            models.BooleanField(
                                default=True,
                                help_text="Else the mail goes to support only.",
                                verbose_name="the CPO is told",
                            ),
                        ),
                        (
                            "reference",
                            models.CharField(
                                blank=True, default="", help_text="The ad-hoc session it concerns.", max_length=64
                            ),
                        ),
                        (
                            "evidence",
                            models.JSONField(blank=True, default=list, help_text="Messages and objects that prove it."),
                        ),
                        ("occurrences", models.PositiveIntegerField(default=1)),
                        (
                            "first_seen_at",
                            models.DateTimeField(default=django.utils.timezone.now, verbose_name="first seen"),
                        ),
                        ("opened_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "last_seen_at",
                            models.DateTimeField(default=django.utils.timezone.now, verbose_name="last seen"),
                        ),
                        ("mailed_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "closed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("close_reason", models.TextField(blank=True, default="")),
                        (
                            "place",
                            models.CharField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="The EVSE, Session, address or module that it is about.",
                                max_length=200,
                            ),
                        ),
                        (
                            "to_do",
                            models.TextField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="For staff; the CPO does not read it.",
                                verbose_name="what we do",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-opened_at"],
                        "permissions": [("close_incident", "Can close incidents")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("closed_at__isnull", True)),
                                fields=["opened_at"],
                                name="open_incidents",
                            ),
                            models.Index(
                                condition=models.Q(("closed_at__isnull", True), ("mailed_at__isnull", True)),
                                fields=["id"],
                                name="incidents_to_mail",
                            ),
                            models.Index(fields=["reference"], name="partners_in_referen_383688_idx"),
                            models.Index(
                                condition=models.Q(("closed_at__isnull", True)),
                                fields=["detector"],
                                name="incidents_watched",
                            ),
                            models.Index(fields=["key", "partner", "-closed_at"], name="incidents_by_cause"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("closed_at__isnull", True)),
                                fields=("partner", "key"),
                                name="one_open_incident_per_cause",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Mail",
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="mails", to="partners.partner"
                            ),
                        ),
                        (
                            "incident",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="mails",
                                to="partners.incident",
                            ),
                        ),
                        (
                            "document",
                            models.ForeignKey(
                                blank=True,
                                help_text="Attached.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="mails",
                                to="partners.document",
                            ),
                        ),
                        (
                            "message_id",
                            models.CharField(
                                default=partners.models.mail.new_message_id,
                                max_length=255,
                                unique=True,
                                verbose_name="Message-ID",
                            ),
                        ),
                        ("subject", models.CharField(max_length=300)),
                        ("body", models.TextField()),
                        ("html", models.TextField(blank=True, default="", verbose_name="HTML")),
                        ("to", models.JSONField(default=list)),
                        ("cc", models.JSONField(blank=True, default=list)),
                        ("reply_to", models.JSONField(blank=True, default=list)),
                        (
                            "asked_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("sending", "Sending"),
                                    ("sent", "Sent"),
                                    ("given_up", "Given up"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="waiting",
                                max_length=9,
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True, verbose_name="next try")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                        ("error", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "calendar",
                            models.TextField(
                                blank=True,
                                db_default="",
                                default="",
                                help_text="An invitation (iCalendar) that is attached.",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "mails",
                        "ordering": ["-id"],
                        "permissions": [("send_mail", "Can send mails again")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="mails_due",
                            ),
                            models.Index(fields=["state", "written_at"], name="partners_ma_state_ebb560_idx"),
                            models.Index(fields=["to"], name="mails_by_address"),
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="PartyOwner",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "environment",
                            models.CharField(choices=[("test", "Test"), ("production", "Production")], max_length=12),
                        ),
                        (
                            "country_code",
                            models.CharField(
                                max_length=2,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z]{2}$", "A country code is 2 letters (ISO 3166-1 alpha-2)."
                                    )
                                ],
                                verbose_name="country code",
                            ),
                        ),
                        (
                            "party_id",
                            models.CharField(
                                max_length=3,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z0-9]{3}$", "A party ID is 3 characters, A-Z and 0-9."
                                    )
                                ],
                                verbose_name="party ID",
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="parties",
                                to="partners.partner",
                            ),
                        ),
                        ("approved", models.BooleanField(default=False)),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("agreed", "Agreed with the partner"),
                                    ("staff", "Entered by staff"),
                                    ("credentials", "Their credentials"),
                                    ("hub", "A hub's list"),
                                ],
                                default="staff",
                                max_length=11,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name": "party",
                        "verbose_name_plural": "parties",
                        "ordering": ["country_code", "party_id", "environment"],
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("environment"),
                                django.db.models.functions.text.Upper("country_code"),
                                django.db.models.functions.text.Upper("party_id"),
                                name="one_owner_per_party_and_environment",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="PartnerRole",
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="partners.partner"
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("CPO", "CPO"),
                                    ("EMSP", "eMSP"),
                                    ("HUB", "Hub"),
                                    ("NAP", "NAP"),
                                    ("NSP", "NSP"),
                                    ("OTHER", "Other"),
                                    ("SCSP", "SCSP"),
                                ],
                                default="CPO",
                                max_length=10,
                            ),
                        ),
                        (
                            "country_code",
                            models.CharField(
                                max_length=2,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z]{2}$", "A country code is 2 letters (ISO 3166-1 alpha-2)."
                                    )
                                ],
                                verbose_name="country code",
                            ),
                        ),
                        (
                            "party_id",
                            models.CharField(
                                max_length=3,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[A-Z0-9]{3}$", "A party ID is 3 characters, A-Z and 0-9."
                                    )
                                ],
                                verbose_name="party ID",
                            ),
                        ),
                        ("business_name", models.CharField(blank=True, default="", max_length=100)),
                        ("website", models.URLField(blank=True, default="", max_length=255)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "Waits for approval"),
                                    ("approved", "Approved"),
                                    ("refused", "Refused"),
                                ],
                                default="approved",
                                max_length=8,
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("agreed", "Agreed with the partner"),
                                    ("staff", "Entered by staff"),
                                    ("credentials", "Their credentials"),
                                    ("hub", "A hub's list"),
                                ],
                                default="staff",
                                max_length=11,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, null=True, verbose_name="named since")),
                    ],
                    options={
                        "verbose_name": "party's role",
                        "verbose_name_plural": "parties' roles",
                        "ordering": ["country_code", "party_id", "role"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "pending")), fields=["id"], name="roles_to_decide"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "country_code", "party_id", "role"), name="one_row_per_party_role"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Policy",
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
                                related_name="policies",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "location_id",
                            models.CharField(blank=True, default="", max_length=39, verbose_name="location ID"),
                        ),
                        ("evse_uid", models.CharField(blank=True, default="", max_length=39, verbose_name="EVSE UID")),
                        (
                            "start_strategy",
                            models.CharField(
                                blank=True,
                                choices=[("immediate", "Immediate"), ("wait_for_preparing", "Wait for PREPARING")],
                                default="",
                                max_length=20,
                            ),
                        ),
                        (
                            "push_ad_hoc_tokens",
                            models.BooleanField(
                                blank=True,
                                help_text="Push an ad-hoc session's token before its START_SESSION. OCPI does not ask for it (2.2.1 §13.1), as the command carries the token. Some CPOs start only tokens that they know.",
                                null=True,
                            ),
                        ),
                        (
                            "created_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long a session may wait for its payment to begin.",
                                null=True,
                            ),
                        ),
                        (
                            "authorizing_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long the gateway may take to reserve the funds.",
                                null=True,
                            ),
                        ),
                        (
                            "connector_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long we wait for BLOCKED/PREPARING before giving up (rule 2).",
                                null=True,
                            ),
                        ),
                        (
                            "session_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. Window in which the Session must appear after an accepted START (G5.2, rule 8).",
                                null=True,
                            ),
                        ),
                        (
                            "energy_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. Window in which energy must be observed after the Session became ACTIVE (rule 11).",
                                null=True,
                            ),
                        ),
                        (
                            "meter_interval",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. A sample older than this makes us GET /sessions (G5.11, rule 17).",
                                null=True,
                            ),
                        ),
                        (
                            "silence_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. No news for this long: we stop tracking (rule 17).",
                                null=True,
                            ),
                        ),
                        (
                            "pull_retry",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. Pause between the three tries of a GET /sessions (rule 8).",
                                null=True,
                            ),
                        ),
                        (
                            "stop_timeout",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long a STOP may take before we ask (rule 19).",
                                null=True,
                            ),
                        ),
                        (
                            "cdr_timeout",
                            models.PositiveIntegerField(
                                blank=True, help_text="Seconds. First GET /cdrs this long after the end.", null=True
                            ),
                        ),
                        (
                            "cdr_deadline",
                            models.PositiveIntegerField(
                                blank=True, help_text="Seconds. A CDR missing for this long is escalated.", null=True
                            ),
                        ),
                        (
                            "flap_delay",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long AVAILABLE/BLOCKED must last before charging counts as over (rule 15).",
                                null=True,
                            ),
                        ),
                        (
                            "auto_retry",
                            models.CharField(
                                blank=True,
                                choices=[("dc", "DC connectors"), ("always", "Always"), ("never", "Never")],
                                default="",
                                max_length=6,
                            ),
                        ),
                        (
                            "retry_delay",
                            models.PositiveIntegerField(
                                blank=True, help_text="Seconds. Pause before the next attempt (rule 13).", null=True
                            ),
                        ),
                        (
                            "retry_window",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. No new attempt later than this after the funds were reserved (rule 13).",
                                null=True,
                            ),
                        ),
                        (
                            "max_attempts",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                            ),
                        ),
                        (
                            "reservation_amount",
                            models.PositiveIntegerField(
                                blank=True, help_text="Minor units, for example cents.", null=True
                            ),
                        ),
                        ("reservation_currency", models.CharField(blank=True, default="", max_length=3)),
                        (
                            "totals_include_vat",
                            models.BooleanField(
                                blank=True,
                                help_text="Where prices and totals say nothing of VAT they include it already. OCPI means them without, so otherwise the VAT of the charger's country is added (rule 34).",
                                null=True,
                            ),
                        ),
                        (
                            "at_limit",
                            models.CharField(
                                blank=True,
                                choices=[("stop", "Stop the charge"), ("go_on", "Go on")],
                                default="",
                                help_text="When the live estimate is about to exceed what is reserved (rule 33).",
                                max_length=8,
                            ),
                        ),
                        (
                            "reservation_minimum",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Minor units. No client may reserve less; in other currencies, in proportion to their amounts.",
                                null=True,
                            ),
                        ),
                        (
                            "reservation_amounts",
                            models.JSONField(
                                blank=True,
                                help_text='What is reserved where the tariff is in another currency, in its minor units: {"CZK": 100000}. A currency that is not named cannot be charged in.',
                                null=True,
                            ),
                        ),
                        (
                            "max_price_per_kwh",
                            models.DecimalField(
                                blank=True,
                                decimal_places=4,
                                help_text="Gross, in the reservation's currency, for example 1.50. Where no tariff was known, a CDR that asks more is not captured by itself (rule 32). The default is 1.50 and meant in EUR.",
                                max_digits=9,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="highest price per kWh",
                            ),
                        ),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "limit_choices",
                            models.JSONField(
                                blank=True,
                                help_text="The limits that a driver chooses from, in minor units of the reservation currency, smallest first: [2000, 4000, 8000]. In other currencies, in proportion to their amounts. The default is half, once and twice what is reserved.",
                                null=True,
                            ),
                        ),
                        (
                            "own_calculation_after",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. No CDR this long after the end: the charge is settled by our own calculation from the price shown.",
                                null=True,
                            ),
                        ),
                        (
                            "hold_for_retry",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. How long the money stays held for another try after a charge that came to nothing; 0: not at all.",
                                null=True,
                            ),
                        ),
                        (
                            "hold_for_retry_terminal",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Seconds. The same for a payment terminal, which the driver has left by then.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "policies",
                        "ordering": ["partner_id", "location_id", "evse_uid"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("partner", "location_id", "evse_uid"), name="one_policy_per_scope"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("partner__isnull", True)),
                                fields=("location_id",),
                                name="one_platform_policy",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("partner__isnull", False),
                                    models.Q(("evse_uid", ""), ("location_id", "")),
                                    _connector="OR",
                                ),
                                name="location_and_evse_policies_name_their_partner",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("location_id", ""), _negated=True), ("evse_uid", ""), _connector="OR"
                                ),
                                name="evse_policies_name_their_location",
                            ),
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Watch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=40, unique=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "looked_at",
                            models.DateTimeField(
                                blank=True, help_text="What happened until then was looked at.", null=True
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "watches",
                        "ordering": ["name"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="watches_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Ticket",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=80, unique=True)),
                        ("taken_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "quiet_until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Acknowledged or put off: until then it is in nobody's queue but the assignee's.",
                                null=True,
                            ),
                        ),
                        ("state_seen", models.CharField(blank=True, default="", max_length=80)),
                        (
                            "why",
                            models.CharField(blank=True, default="", max_length=300, verbose_name="why it was put off"),
                        ),
                        (
                            "assignee",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tickets",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tickets",
                                to="partners.partner",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                        "permissions": [
                            ("work_queue", "Can take, acknowledge and put off what needs somebody, and write notes")
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("assignee__isnull", False)),
                                fields=["assignee"],
                                name="tickets_taken",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Note",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("text", models.TextField(max_length=4000)),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notes_written",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "mentions",
                            models.ManyToManyField(
                                blank=True, related_name="notes_naming", to=settings.AUTH_USER_MODEL
                            ),
                        ),
                        (
                            "ticket",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="partners.ticket"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="KeyInUse",
                    fields=[
                        (
                            "name",
                            models.CharField(
                                help_text="A part of the key's digest.", max_length=8, primary_key=True, serialize=False
                            ),
                        ),
                        ("since", models.DateTimeField()),
                    ],
                    options={
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="Retention",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=40, unique=True)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "cleaned_at",
                            models.DateTimeField(blank=True, help_text="When it was last looked through.", null=True),
                        ),
                        ("forgotten", models.PositiveBigIntegerField(default=0, help_text="Rows forgotten so far.")),
                    ],
                    options={
                        "verbose_name": "kind of personal data",
                        "verbose_name_plural": "kinds of personal data",
                        "ordering": ["name"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="retentions_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="SavedFilter",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("model", models.CharField(help_text="Whose list: app.model.", max_length=80)),
                        ("name", models.CharField(max_length=60)),
                        ("query", models.CharField(help_text="As in the list's address.", max_length=2000)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="saved_filters",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "indexes": [],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "model", "name"), name="one_saved_filter_per_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuthenticatorApp",
                    fields=[],
                    options={
                        "verbose_name": "authenticator app",
                        "proxy": True,
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("otp_totp.totpdevice",),
                ),
                migrations.CreateModel(
                    name="RecoveryCodes",
                    fields=[],
                    options={
                        "verbose_name": "recovery codes",
                        "verbose_name_plural": "recovery codes",
                        "proxy": True,
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("otp_static.staticdevice",),
                ),
                migrations.CreateModel(
                    name="FailedLogin",
                    fields=[],
                    options={
                        "verbose_name": "failed login",
                        "proxy": True,
                        "indexes": [],
                        "constraints": [],
                    },
                    bases=("axes.accessattempt",),
                ),
            ],
        ),
    ]
