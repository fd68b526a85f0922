"""The list of personal data is whole, and what is past its time is forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from onboarding.models import LinkEvent, Onboarding, PartnerLink
from partners.ground.personal import covering, kinds
from partners.models import Contact, HistoryEntry, Mail, Retention
from partners.tasks import mail_forget_personal
from tests.factories import PartnerFactory

TEXT = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField)
OF_COMPANIES = (
    "partners.partner partners.partnerrole partners.partyowner partners.policy partners.allowednetwork"
    " partners.remoteendpoint partners.receivedtoken partners.issuedtoken partners.partnerclock partners.watch"
    " partners.keyinuse partners.retention"
)
OF_PLACES = (
    "ocpi.location ocpi.evse ocpi.connector ocpi.tariff ocpi.bookinglocation ocpi.terminal ocpi.terminalrequest"
    " ocpi.publishedevseid ocpi.clientinfo ocpi.partnerquirk sessions_adhoc.displaysecret"
)
OF_JOBS = (
    "ocpi.handshakerun ocpi.handshakestep ocpi.refresh ocpi.servercertificate ocpi.syncrun ocpi.traffichour"
    " onboarding.allowlistmirror onboarding.connectioncheck onboarding.connectioncheckcase onboarding.evidence"
    " onboarding.goliveaction onboarding.plannedchange onboarding.scoreday onboarding.stageoverride"
    " onboarding.stagechange onboarding.onboarding"
    " sfp_platform.heartbeat sessions_adhoc.fallbackpull sessions_adhoc.attemptsession"
    " sessions_adhoc.clientkey sessions_adhoc.webhookendpoint axes.accessattemptexpiration"
)
OF_BOOKS = (
    "billing.ledgerentry billing.ledgertransaction billing.outstandingamount billing.payout billing.payoutline"
    " billing.priceplan billing.receiptseries billing.vatrate billing.simulatedcharge billing.simulatedoperation"
    " billing.paymentevent billing.restorefinding billing.restore"
)
OF_DJANGO = "auth.group auth.permission contenttypes.contenttype"
NOBODYS = frozenset(f"{OF_COMPANIES} {OF_PLACES} {OF_JOBS} {OF_BOOKS} {OF_DJANGO}".split())
"""Models of which no column says anything of a person."""

NOBODYS_COLUMNS = {
    *(
        "billing.paymentauthorization." + name
        for name in ("reference", "gateway", "currency", "failure_code", "refused_verb")
    ),
    "billing.paymentauthorization.failure_message",
    *("billing.receipt." + name for name in ("series", "number", "reference", "country", "currency")),
    *("billing.gatewayevent." + name for name in ("gateway", "event_id", "kind")),
    *("ocpi.message." + name for name in ("version", "module", "method")),
    *("partners.incident." + name for name in ("key", "detector", "symptom", "cause", "resolution", "letter")),
    *("partners.incident." + name for name in ("reference", "evidence", "place", "to_do")),
    "partners.document.sha256",
    *("partners.savedfilter." + name for name in ("model", "name", "query")),
    *("partners.ticket." + name for name in ("key", "state_seen")),
    *("onboarding.partnerlink." + name for name in ("digest", "token_b_last4")),
    *("onboarding.alertchannel." + name for name in ("name", "url", "host", "secret")),
    "onboarding.alert.error",
    "onboarding.checklistitem.key",
    "onboarding.functionaltest.reason",
}


def columns() -> list[str]:
    """Every column that could hold something of a person."""
    return [
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        if not model._meta.proxy and not model.__module__.startswith("rehearsal")
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT) and not field.choices and not (field.primary_key and len(field.name) == 2)
    ]


def test_every_column_is_on_the_list_or_says_nothing_of_a_person() -> None:
    known = list(kinds.values())
    left = {name for name in columns() if not covering(name, known)}
    assert left - NOBODYS_COLUMNS - {name for name in left if name.rpartition(".")[0] in NOBODYS} == set()
    # Nothing stands on both lists, and neither names what does not exist.
    assert {name for name in NOBODYS_COLUMNS if covering(name, known)} == set()
    assert set(columns()) >= NOBODYS_COLUMNS
    models_known = {model._meta.label_lower for model in apps.get_models()}
    assert models_known >= NOBODYS
    assert {name for name in columns() if name.rpartition(".")[0] in NOBODYS and covering(name, known)} == set()
    named = {name for kind in known for name in kind.fields}
    assert {name for name in named if not name.endswith(".*")} <= set(columns())
    assert {name.removesuffix(".*") for name in named if name.endswith(".*")} <= models_known
    assert all(kind.how_long and kind.why and kind.of for kind in known)


def test_the_document_names_each_setting_that_says_how_long() -> None:
    text = (settings.BASE_DIR / "docs" / "personal-data.md").read_text()
    said = {kind.days()[1] for kind in kinds.values() if kind.days}
    assert {name for name in said if f"`{name}`" not in text} == set()


@pytest.fixture
def due(db: None) -> None:
    Retention.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def world(due: None, admin_user: Any) -> dict[str, Any]:
    """Two CPOs, one off-boarded over a year ago, each with a contact, a link and what was done over it."""
    now = timezone.now()
    gone, here = PartnerFactory.create(code="gone"), PartnerFactory.create(code="here")
    made = {}
    for partner, stage, since in ((gone, "off_boarded", 366), (here, "live", 900)):
        at = now - timedelta(days=since)
        Onboarding.objects.create(partner=partner, stage=stage, stage_since=at, evidence_from=at)
        Contact.objects.create(partner=partner, name="Ján Novák", email="jan@cpo.example")
        link = PartnerLink.objects.create(
            partner=partner, digest=partner.code, given_to="Ján Novák", created_by=admin_user, expires_at=now
        )
        event = LinkEvent.objects.create(link=link, kind="intake", text="Contact: Ján", source_address="192.0.2.7")
        LinkEvent.objects.filter(pk=event.pk).update(at=at)
        made[partner.code] = (link, event)
    Mail.objects.create(partner=here, subject="old", body="x", to=["a@b.c"], state="sent")
    Mail.objects.create(partner=here, subject="new", body="x", to=["a@b.c"], state="sent")
    Mail.objects.filter(subject="old").update(written_at=now - timedelta(days=181))
    for days in (29, 31):
        attempt = AccessAttempt.objects.create(username=f"{days}", ip_address="192.0.2.1", failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=now - timedelta(days=days))
    HistoryEntry.objects.all().delete()
    return made


def test_what_is_past_its_time_is_forgotten_once_and_told(world: dict[str, Any]) -> None:
    done = mail_forget_personal()
    assert {name: number for name, number in done.items() if number} == {
        "contacts": 3,
        "link-addresses": 2,
        "mails": 1,
        "failed-logins": 1,
    }
    assert list(Contact.objects.values_list("partner__code", flat=True)) == ["here"]
    for link, event in world.values():
        link.refresh_from_db()
        event.refresh_from_db()
    told = {code: (link.given_to, event.text, event.source_address) for code, (link, event) in world.items()}
    assert told == {"gone": ("(forgotten)", "(forgotten)", ""), "here": ("Ján Novák", "Contact: Ján", "")}
    assert (Mail.objects.get().subject, AccessAttempt.objects.get().username) == ("new", "29")
    entries = HistoryEntry.objects.filter(label="Forgotten").order_by("object_repr")
    assert [entry.outcome for entry in entries] == [
        "2 rows of addresses from which cpos opened their page, after 90 days (LINK_ADDRESS_DAYS).",
        "3 rows of contacts of cpos, after 365 days, counted from the off-boarding (CONTACT_DAYS).",
        "1 rows of failed logins, after 30 days (FAILED_LOGIN_DAYS).",
        "1 rows of mails that were sent, after 180 days (MAIL_DAYS).",
    ]
    assert mail_forget_personal() == {}
    assert Retention.objects.get(name="contacts").forgotten == 3


def test_a_cpo_that_is_integrated_anew_keeps_its_contacts(world: dict[str, Any]) -> None:
    gone = world["gone"][0].partner
    now = timezone.now()
    Onboarding.objects.create(partner=gone, stage="handshake", stage_since=now, evidence_from=now)
    assert mail_forget_personal()["contacts"] == 0
    assert Contact.objects.count() == 2


def test_the_page_says_what_why_and_how_long(
    db: None, admin_client: Client, settings: Settings, django_assert_max_num_queries: Any
) -> None:
    settings.SAMPLE_DAYS = 12
    with django_assert_max_num_queries(12):
        page = admin_client.get(reverse("admin:partners_retention_changelist")).content.decode()
    for kind in kinds.values():
        assert kind.title.replace("'", "&#x27;") in page
    assert "12 days, after the charge (SAMPLE_DAYS)" in page
    row = Retention.objects.get(name="contacts")
    page = admin_client.get(reverse("admin:partners_retention_change", args=[row.pk])).content.decode()
    assert "Kept 365 days, counted from the off-boarding (CONTACT_DAYS)." in page
    assert "onboarding.linkevent.text, onboarding.partnerlink.given_to, partners.contact.*" in page
