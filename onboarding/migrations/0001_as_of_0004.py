import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import django_fsm
import partners.ground.migrating
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("onboarding", "0001_initial"),
        ("onboarding", "0002_window_agreed"),
        ("onboarding", "0003_health_bench_and_scorecards"),
        ("onboarding", "0004_alerts"),
    ]

    initial = True

    dependencies = [
        ("auth", "__first__"),
        ("partners", "0006_retentions"),
    ]

    operations = [
        partners.ground.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="AllowlistMirror",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("list_id", models.CharField(max_length=64, unique=True, verbose_name="list ID")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "To be compared"),
                                    ("sending", "Cloudflare is working"),
                                    ("in_step", "In step"),
                                    ("failed", "Failed, will be tried again"),
                                ],
                                default="due",
                                max_length=8,
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "operation_id",
                            models.CharField(blank=True, default="", max_length=64, verbose_name="operation ID"),
                        ),
                        (
                            "again",
                            models.BooleanField(
                                default=False, editable=False, help_text="Something changed during the last step."
                            ),
                        ),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="Without success, since the last one."
                            ),
                        ),
                        ("error", models.TextField(blank=True, default="", help_text="Why the last try failed.")),
                        ("compared_at", models.DateTimeField(blank=True, null=True)),
                        ("in_step_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "missing",
                            models.JSONField(blank=True, default=list, help_text="Ours, not there: network, partners."),
                        ),
                        (
                            "surplus",
                            models.JSONField(
                                blank=True, default=list, help_text="Marked as ours there, but not ours: network, note."
                            ),
                        ),
                        (
                            "strangers",
                            models.JSONField(blank=True, default=list, help_text="Put there by others: network, note."),
                        ),
                        (
                            "unlistable",
                            models.JSONField(
                                blank=True, default=list, help_text="Wider than Cloudflare takes: network, partners."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "allowlist at Cloudflare",
                        "verbose_name_plural": "allowlist at Cloudflare",
                        "ordering": ["id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="allowlist_mirrors_due",
                            )
                        ],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ConnectionCheck",
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
                                related_name="connection_checks",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("running", "Running"),
                                    ("finished", "Finished"),
                                    ("failed", "Did not come to an end"),
                                    ("cancelled", "Called off"),
                                ],
                                default="due",
                                max_length=9,
                            ),
                        ),
                        ("version", models.CharField(max_length=10, verbose_name="OCPI version")),
                        (
                            "armed",
                            models.BooleanField(default=False, help_text="With a real charge at the test charger."),
                        ),
                        (
                            "location_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="test location"),
                        ),
                        (
                            "evse_uid",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="test EVSE"),
                        ),
                        (
                            "connector_id",
                            models.CharField(blank=True, default="", max_length=255, verbose_name="test connector"),
                        ),
                        (
                            "sample_interval",
                            models.PositiveIntegerField(
                                default=60, help_text="Seconds between meter values, as agreed."
                            ),
                        ),
                        ("notes", models.JSONField(blank=True, default=dict)),
                        (
                            "waiting_for",
                            models.CharField(
                                blank=True, default="", help_text="What the check waits for now.", max_length=300
                            ),
                        ),
                        (
                            "stopping",
                            models.BooleanField(
                                default=False, help_text="Called off: only what must be tidied up is still done."
                            ),
                        ),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(
                                default=0, help_text="Of the case at hand; its worker died before."
                            ),
                        ),
                        ("next_check_at", models.DateTimeField(blank=True, null=True)),
                        ("error", models.TextField(blank=True, default="")),
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
                        (
                            "nightly",
                            models.BooleanField(
                                default=False, help_text="Begun by the platform itself; it mails what changed."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "connection check",
                        "ordering": ["-id"],
                        "permissions": [("run_connection_check", "Can run connection checks")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="connection_checks_due",
                            ),
                            models.Index(fields=["partner", "-id"], name="connection_checks_of_partner"),
                            models.Index(
                                condition=models.Q(("nightly", True)),
                                fields=["partner", "-id"],
                                name="nightly_checks_of_partner",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["due", "running"])),
                                fields=("partner",),
                                name="one_live_connection_check_per_partner",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("next_check_at__isnull", False), ("state__in", ["due", "running"])),
                                    models.Q(
                                        ("next_check_at__isnull", True),
                                        ("state__in", ["finished", "failed", "cancelled"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="live_connection_checks_have_a_clock",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("armed", False),
                                    models.Q(
                                        models.Q(("evse_uid", ""), _negated=True),
                                        models.Q(("location_id", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="armed_connection_checks_name_a_charger",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConnectionCheckCase",
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
                                related_name="cases",
                                to="onboarding.connectioncheck",
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField()),
                        ("key", models.CharField(max_length=40)),
                        ("theme", models.CharField(max_length=40)),
                        ("title", models.CharField(max_length=200)),
                        (
                            "section",
                            models.CharField(blank=True, default="", max_length=80, verbose_name="specification"),
                        ),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("pass", "Pass"),
                                    ("warn", "Warning"),
                                    ("fail", "Fail"),
                                    ("na", "Not applicable"),
                                ],
                                max_length=4,
                            ),
                        ),
                        ("seen", models.TextField(help_text="What was seen, in plain words.")),
                        ("change", models.TextField(blank=True, default="", help_text="What the CPO should change.")),
                        (
                            "details",
                            models.JSONField(blank=True, default=list, help_text="Per finding: object, path, text."),
                        ),
                        (
                            "messages",
                            models.JSONField(
                                blank=True, default=list, help_text="The exchanges in the message log that prove it."
                            ),
                        ),
                        ("ended_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "case of a connection check",
                        "verbose_name_plural": "cases of a connection check",
                        "ordering": ["position"],
                        "constraints": [models.UniqueConstraint(fields=("run", "key"), name="one_verdict_per_case")],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Onboarding",
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
                                related_name="onboardings",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "production",
                            models.ForeignKey(
                                blank=True,
                                help_text="The connection in production, where it is another one than the tested one.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tested_as",
                                to="partners.partner",
                            ),
                        ),
                        (
                            "stage",
                            django_fsm.FSMField(
                                choices=[
                                    ("pre_integration", "0 Pre-integration"),
                                    ("infrastructure", "1 SFP infrastructure setup"),
                                    ("handshake", "2 OCPI handshake"),
                                    ("testing", "3 Functional testing"),
                                    ("go_live", "4 Go-live & sign-off"),
                                    ("live", "Live"),
                                    ("off_boarded", "Off-boarded"),
                                ],
                                default="pre_integration",
                                max_length=50,
                                protected=True,
                            ),
                        ),
                        ("stage_since", models.DateTimeField()),
                        (
                            "setup_told_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the CPO was told that its endpoint is ready (guide 7.2).",
                                null=True,
                            ),
                        ),
                        (
                            "endpoint_checked_at",
                            models.DateTimeField(
                                blank=True, help_text="When we last called our own endpoint.", null=True
                            ),
                        ),
                        (
                            "endpoint_answers",
                            models.BooleanField(default=False, help_text="Whether it answered as it should."),
                        ),
                        (
                            "endpoint_text",
                            models.CharField(blank=True, default="", help_text="What it answered.", max_length=300),
                        ),
                        (
                            "evidence_from",
                            models.DateTimeField(
                                help_text="Older traffic proves nothing: it was before this integration."
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "window_agreed_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the integration window was agreed last: what the CPO suggests later is new.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["stage", "stage_since"], name="onboarding__stage_911037_idx")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("stage", "off_boarded"), _negated=True),
                                fields=("partner",),
                                name="one_onboarding_at_a_time_per_partner",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("stage", "off_boarded"), _negated=True),
                                fields=("production",),
                                name="one_onboarding_at_a_time_per_production",
                            ),
                        ],
                    },
                    bases=(django_fsm.FSMModelMixin, models.Model),
                ),
                migrations.CreateModel(
                    name="StageChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="changes",
                                to="onboarding.onboarding",
                            ),
                        ),
                        (
                            "stage_from",
                            models.CharField(
                                choices=[
                                    ("pre_integration", "0 Pre-integration"),
                                    ("infrastructure", "1 SFP infrastructure setup"),
                                    ("handshake", "2 OCPI handshake"),
                                    ("testing", "3 Functional testing"),
                                    ("go_live", "4 Go-live & sign-off"),
                                    ("live", "Live"),
                                    ("off_boarded", "Off-boarded"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "stage_to",
                            models.CharField(
                                choices=[
                                    ("pre_integration", "0 Pre-integration"),
                                    ("infrastructure", "1 SFP infrastructure setup"),
                                    ("handshake", "2 OCPI handshake"),
                                    ("testing", "3 Functional testing"),
                                    ("go_live", "4 Go-live & sign-off"),
                                    ("live", "Live"),
                                    ("off_boarded", "Off-boarded"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("note", models.TextField(blank=True, default="")),
                    ],
                    options={
                        "ordering": ["id"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="StageOverride",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="overrides",
                                to="onboarding.onboarding",
                            ),
                        ),
                        ("condition", models.CharField(max_length=40)),
                        (
                            "stage",
                            models.CharField(
                                choices=[
                                    ("pre_integration", "0 Pre-integration"),
                                    ("infrastructure", "1 SFP infrastructure setup"),
                                    ("handshake", "2 OCPI handshake"),
                                    ("testing", "3 Functional testing"),
                                    ("go_live", "4 Go-live & sign-off"),
                                    ("live", "Live"),
                                    ("off_boarded", "Off-boarded"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("missing", models.TextField(help_text="What was missing when it was overruled.")),
                        ("reason", models.TextField()),
                        (
                            "by",
                            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
                        ),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("onboarding", "condition"), name="condition_overruled_once")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="FunctionalTest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tests",
                                to="onboarding.onboarding",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                choices=[
                                    ("locations", "Locations sync"),
                                    ("session_start", "Session start"),
                                    ("cdr", "CDR received"),
                                    ("command", "Remote command"),
                                    ("timeout", "Session timeout handling"),
                                    ("connector", "Connector state transitions"),
                                    ("meter_values", "Meter values"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("seen_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "sfp_verdict",
                            models.CharField(
                                blank=True,
                                choices=[("", "None yet"), ("passed", "Passed"), ("failed", "Failed")],
                                default="",
                                max_length=6,
                            ),
                        ),
                        ("sfp_by", models.CharField(blank=True, default="", max_length=150)),
                        ("sfp_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "cpo_verdict",
                            models.CharField(
                                blank=True,
                                choices=[("", "None yet"), ("passed", "Passed"), ("failed", "Failed")],
                                default="",
                                max_length=6,
                            ),
                        ),
                        ("cpo_by", models.CharField(blank=True, default="", max_length=150)),
                        ("cpo_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "reason",
                            models.TextField(
                                blank=True, default="", help_text="Why it failed, or what the verdict rests on."
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("onboarding", "key"), name="one_row_per_functional_test")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Evidence",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "test",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="evidence",
                                to="onboarding.functionaltest",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(help_text="What it shows, for example started or result.", max_length=30),
                        ),
                        ("label", models.CharField(max_length=300)),
                        ("model", models.CharField(help_text="app.model of the row.", max_length=60)),
                        ("object_pk", models.CharField(max_length=40)),
                        ("at", models.DateTimeField(help_text="When it happened.")),
                    ],
                    options={
                        "verbose_name_plural": "evidence",
                        "ordering": ["at", "id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("test", "kind", "model", "object_pk"), name="evidence_listed_once"
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="GoLiveAction",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="go_live_actions",
                                to="onboarding.onboarding",
                            ),
                        ),
                        (
                            "action",
                            models.CharField(
                                choices=[
                                    ("production_tested", "Production environment tested and confirmed"),
                                    ("cpo_confirmed", "CPO confirms a successful end-to-end test from its side"),
                                    ("signed_off", "Sign-off form completed by both parties"),
                                    ("archived", "Integration documented and archived"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("side", models.CharField(choices=[("sfp", "Smart Fuel Pass"), ("cpo", "CPO")], max_length=3)),
                        ("name", models.CharField(help_text="Who said so.", max_length=150)),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("note", models.TextField(blank=True, default="")),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("onboarding", "action", "side"), name="go_live_action_done_once_per_side"
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="SignOff",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "onboarding",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sign_offs",
                                to="onboarding.onboarding",
                            ),
                        ),
                        ("side", models.CharField(choices=[("sfp", "Smart Fuel Pass"), ("cpo", "CPO")], max_length=3)),
                        ("name", models.CharField(max_length=100)),
                        ("role", models.CharField(max_length=100)),
                        ("signed_on", models.DateField(help_text="The date on the form.")),
                        ("signed_at", models.DateTimeField(help_text="When the form was sent.")),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("source_address", models.GenericIPAddressField(blank=True, null=True)),
                    ],
                    options={
                        "ordering": ["signed_at"],
                        "constraints": [
                            models.UniqueConstraint(fields=("onboarding", "side"), name="each_side_signs_once")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="PartnerLink",
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
                                on_delete=django.db.models.deletion.CASCADE, related_name="links", to="partners.partner"
                            ),
                        ),
                        (
                            "digest",
                            models.CharField(help_text="SHA-256 of the token, in hex.", max_length=64, unique=True),
                        ),
                        (
                            "given_to",
                            models.CharField(
                                help_text="Who got it. What is done over it is recorded in this name.", max_length=150
                            ),
                        ),
                        (
                            "reveals_token_b",
                            models.BooleanField(
                                default=True, help_text="Whether Token B may be revealed over it, once."
                            ),
                        ),
                        ("token_b_revealed_at", models.DateTimeField(blank=True, null=True)),
                        ("token_b_last4", models.CharField(blank=True, default="", max_length=4)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("expires_at", models.DateTimeField()),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("last_opened_at", models.DateTimeField(blank=True, help_text="To the minute.", null=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="LinkEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "link",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="onboarding.partnerlink",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("intake", "Entered information"),
                                    ("window", "Suggested a window"),
                                    ("refused", "Entered something invalid"),
                                    ("checklist", "Changed the checklist"),
                                    ("token_b", "Token B revealed"),
                                    ("token_b_again", "Asked for Token B again"),
                                    ("data_sheet", "Fetched the data sheet"),
                                    ("fetched", "Fetched a document"),
                                    ("judged", "Judged a test"),
                                    ("confirmed", "Confirmed going live"),
                                    ("signed", "Signed"),
                                    ("bench_check", "Checked its server"),
                                    ("bench_charge", "Started a test charge"),
                                ],
                                max_length=13,
                            ),
                        ),
                        (
                            "text",
                            models.TextField(help_text="What exactly, in words; of a secret its last four characters."),
                        ),
                        ("source_address", models.CharField(blank=True, default="", max_length=45)),
                        ("at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["link", "at"], name="onboarding__link_id_fd25fc_idx")],
                        "constraints": [],
                    },
                ),
                migrations.CreateModel(
                    name="ChecklistItem",
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
                                related_name="checklist",
                                to="partners.partner",
                            ),
                        ),
                        ("key", models.CharField(max_length=30)),
                        ("ticked_at", models.DateTimeField()),
                        ("ticked_by", models.CharField(max_length=150)),
                    ],
                    options={
                        "ordering": ["ticked_at"],
                        "constraints": [
                            models.UniqueConstraint(fields=("partner", "key"), name="checklist_item_ticked_once")
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="PlannedChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(help_text="For example: New outbound IP address", max_length=120)),
                        ("text", models.TextField(help_text="What changes, what they have to do, and by when.")),
                        ("starts_at", models.DateTimeField(verbose_name="from")),
                        (
                            "ends_at",
                            models.DateTimeField(
                                blank=True, help_text="Empty: a moment, not a time.", null=True, verbose_name="to"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "partner",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: told to all partners.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="planned_changes",
                                to="partners.partner",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-starts_at"],
                        "indexes": [models.Index(fields=["starts_at"], name="onboarding__starts__731531_idx")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                                ),
                                name="planned_changes_end_after_they_begin",
                                violation_error_message="It must end after it begins.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ScoreDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField()),
                        ("calls", models.PositiveIntegerField(help_text="Ours to the partner.")),
                        ("calls_failed", models.PositiveIntegerField()),
                        ("answered", models.PositiveIntegerField(help_text="Calls whose duration is known.")),
                        (
                            "answered_ms",
                            models.PositiveBigIntegerField(
                                help_text="Sum, in milliseconds.", verbose_name="time of answers"
                            ),
                        ),
                        ("slowest_ms", models.PositiveIntegerField(verbose_name="slowest answer")),
                        ("pushes", models.PositiveIntegerField(help_text="Theirs to us.")),
                        ("pushes_refused", models.PositiveIntegerField()),
                        (
                            "refused_in_lists",
                            models.PositiveIntegerField(help_text="Objects of their lists that could not be stored."),
                        ),
                        ("charges", models.PositiveIntegerField(help_text="Ended with energy, so that a CDR is due.")),
                        ("starts", models.PositiveIntegerField(help_text="START_SESSION commands.")),
                        (
                            "starts_refused",
                            models.PositiveIntegerField(
                                help_text="Those that the partner refused or failed to carry out."
                            ),
                        ),
                        ("samples", models.PositiveIntegerField(help_text="Meter values.")),
                        (
                            "gaps",
                            models.PositiveIntegerField(
                                help_text="Meter values that came later than agreed after the one before."
                            ),
                        ),
                        ("cdrs", models.PositiveIntegerField()),
                        (
                            "cdr_delay_s",
                            models.PositiveBigIntegerField(
                                help_text="From the end of charging to the CDR: sum, in seconds."
                            ),
                        ),
                        ("cdr_slowest_s", models.PositiveIntegerField()),
                        (
                            "claims",
                            models.PositiveIntegerField(help_text="CDRs that asked for more than the price shown."),
                        ),
                        (
                            "partner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="score_days",
                                to="partners.partner",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-day"],
                        "indexes": [],
                        "constraints": [models.UniqueConstraint(fields=("partner", "day"), name="one_score_per_day")],
                    },
                ),
                migrations.CreateModel(
                    name="AlertChannel",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=100, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("mail", "Mail"),
                                    ("webhook", "Signed webhook"),
                                    ("chat", "Slack-compatible URL"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "mail_to",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="Of a mail.",
                                max_length=254,
                                validators=[django.core.validators.EmailValidator()],
                                verbose_name="address",
                            ),
                        ),
                        (
                            "url",
                            models.BinaryField(blank=True, default=b"", help_text="Encrypted.", verbose_name="URL"),
                        ),
                        (
                            "host",
                            models.CharField(
                                blank=True, default="", editable=False, help_text="Of the URL.", max_length=255
                            ),
                        ),
                        (
                            "secret",
                            models.BinaryField(
                                blank=True, default=b"", help_text="Encrypted: what webhooks are signed with."
                            ),
                        ),
                        (
                            "least_severity",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "Note"), (2, "Problem"), (3, "Urgent")],
                                default=2,
                                verbose_name="from severity",
                            ),
                        ),
                        (
                            "quiet_from",
                            models.TimeField(
                                blank=True,
                                help_text="Quiet hours, in the platform's time zone: what is not urgent waits till then.",
                                null=True,
                            ),
                        ),
                        ("quiet_until", models.TimeField(blank=True, null=True)),
                        ("active", models.BooleanField(default=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("quiet_from__isnull", True), ("quiet_until__isnull", True)),
                                    models.Q(("quiet_from__isnull", False), ("quiet_until__isnull", False)),
                                    _connector="OR",
                                ),
                                name="quiet_hours_begin_and_end",
                            )
                        ],
                        "indexes": [],
                    },
                ),
                migrations.CreateModel(
                    name="Alert",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4,
                                help_text="Whoever gets it twice knows it by this.",
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("sent", "Sent"),
                                    ("given_up", "Given up"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="waiting",
                                max_length=9,
                            ),
                        ),
                        ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("next_check_at", models.DateTimeField(blank=True, null=True, verbose_name="next try")),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                        ("error", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "incident",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="alerts",
                                to="partners.incident",
                            ),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="alerts",
                                to="onboarding.alertchannel",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-written_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_check_at__isnull", False)),
                                fields=["next_check_at"],
                                name="alerts_due",
                            ),
                            models.Index(fields=["state", "-written_at"], name="onboarding__state_3f4035_idx"),
                            models.Index(fields=["-written_at"], name="onboarding__written_514e4b_idx"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("channel", "incident"), name="incident_told_once_per_channel"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
