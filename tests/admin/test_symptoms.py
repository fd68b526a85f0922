"""What is told of one charge: the row, the staff's words, the CPO's words, the proof; and whom nobody accuses."""

import pytest
from django.test import Client
from django.urls import reverse

from partners.incidents import open_incident
from partners.models import Incident
from partners.tasks import mail_tick
from sessions_adhoc import symptoms
from sessions_adhoc.decide import settle, start
from sessions_adhoc.models import AdHocSession
from tests.admin.charges import cdr_of, charged
from tests.admin.rows import message
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db

OURS = {
    settle.MONEY_STUCK: "Look at the payment's history, then settle by hand.",
    symptoms.BEYOND_RESERVATION: "it is a receivable, for finance",
    symptoms.HOLD_EXPIRED: "Send the driver the link of the session",
    symptoms.ADDITION_LOST: "At a price of our own there is no row",
    symptoms.RESERVATION_ENDS: "Settle it before the reservation ends",
    symptoms.DISPUTED: "Answer it at the gateway's own pages before its deadline",
    symptoms.DISPUTE_LOST: "Book the loss",
    symptoms.REFUND_FAILED: "Refund it again",
    symptoms.TAKEN_ELSEWHERE: "give back what was too much",
}
"""What a driver, a bank, the gateway or we did: no CPO reads of it."""
THEIRS = {
    start.GET_SESSIONS_ERROR: ("Open the session: is there a charge?", "Please offer GET /sessions"),
    settle.CDR_MISSING: ("Ask them for the POST of this CDR.", "We have not received the CDR of this charge"),
    settle.CDR_UNUSABLE: ("Look at the CDRs of the session.", "cannot be billed"),
    symptoms.BILL_CHANGED: ("Compare the CDRs with what was taken.", "Please confirm which one is right."),
    settle.CDR_ENERGY: ("Compare the CDR with the chart of kWh.", "Please check it against the meter"),
    settle.CDR_PRICE: ("Compare the CDR with the tariff", "No Tariff that you published for this connector explains"),
    settle.CDR_ELSEWHERE: ("Compare the CDR's times and EVSE", "are not inside those of its Session"),
    symptoms.PRICE_DIFFERS: ("The rest is a claim", "The driver paid the smaller of the two."),
    symptoms.ENERGY_DIFFERS: (
        "Nothing for the driver, who paid for the CDR's energy.",
        "less energy than",
    ),
    symptoms.LATE_SESSION: ("Nothing, if it stays with one charge", "nothing is wrong on your side"),
    symptoms.REFUSED_SESSION: ("Make sure that the charge has ended", "Please refuse START_SESSION only where"),
    symptoms.RUNS_ON: ("Make sure that it has ended: nobody pays", "delivers energy after its CDR came"),
    symptoms.FOREIGN_SESSION: (
        "Make sure that it has ended: nobody pays for it.",
        "A Session names our token",
    ),
    symptoms.FOREIGN_CDR: ("ask the CPO whose charge it is", "A CDR names our token, but another charger"),
}
CDRS = [name for name, words in symptoms.SYMPTOMS.items() if words.module == "cdrs"]


@pytest.fixture
def session(db: None) -> AdHocSession:
    partner = PartnerFactory.create()
    partner.contacts.create(name="Ana", email="ana@ion.example")
    return charged(partner)


def told(session: AdHocSession, symptom: str, mailoutbox: list[object]) -> tuple[Incident, object]:
    incident = open_incident(session.partner_id, symptoms.report(session, symptom, "What was seen."))
    mail_tick()
    [mail] = mailoutbox
    return incident, mail


def test_every_one_is_in_the_table() -> None:
    assert set(symptoms.SYMPTOMS) == set(OURS) | set(THEIRS)


@pytest.mark.parametrize("symptom", OURS)
def test_what_is_not_the_cpos_doing_is_told_to_support_alone(
    session: AdHocSession, symptom: str, mailoutbox: list[object]
) -> None:
    incident, mail = told(session, symptom, mailoutbox)
    assert (incident.place, incident.tell_cpo, incident.letter) == (str(session.evse), False, "")
    assert OURS[symptom] in incident.to_do
    assert (mail.to, mail.cc) == (["techsupport@smartfuelpass.com"], [])  # type: ignore[attr-defined]
    assert OURS[symptom] in mail.body  # type: ignore[attr-defined]


@pytest.mark.parametrize("symptom", THEIRS)
def test_staff_and_the_cpo_read_words_of_their_own(
    session: AdHocSession, symptom: str, mailoutbox: list[object], page: Client
) -> None:
    incident, mail = told(session, symptom, mailoutbox)
    to_do, letter = THEIRS[symptom]
    assert to_do in incident.to_do
    assert letter in incident.letter
    assert f"the charge at {session.evse} that began on" in incident.letter
    assert (mail.to, mail.cc) == (["ana@ion.example"], ["techsupport@smartfuelpass.com"])  # type: ignore[attr-defined]
    body = mail.body  # type: ignore[attr-defined]
    assert incident.letter in body
    assert f"What we see: {symptom} ({session.evse})" in body
    assert incident.to_do not in body
    assert words_of_staff_in(body) == []
    listed = page.get(reverse("admin:partners_incident_changelist")).content.decode()
    assert f"{symptom}: {session.evse}" in listed.replace("&#x27;", "'")
    assert str(session.pk)[:8] in listed


def words_of_staff_in(body: str) -> list[str]:
    return [word for word in ("Staff decide", "capture by hand", "release.", "receivable") if word in body]


@pytest.mark.parametrize("symptom", CDRS)
def test_the_proof_of_a_cdr_is_the_exchange_in_which_it_came(session: AdHocSession, symptom: str) -> None:
    cdr = cdr_of(session)
    post = message(
        session.partner, module="cdrs", method="POST", url="/ocpi/emsp/2.2.1/cdrs", subject=cdr.ocpi_id.lower()
    )
    message(session.partner, module="cdrs", method="POST", url="/ocpi/emsp/2.2.1/cdrs", subject="another")
    report = symptoms.report(session, symptom, "What was seen.")
    assert [item["message"] for item in report.evidence if "message" in item] == [post.pk]


def test_two_of_a_kind_never_look_the_same(session: AdHocSession, page: Client) -> None:
    other = charged(session.partner)
    for one in (session, other):
        open_incident(session.partner_id, symptoms.report(one, settle.CDR_MISSING, "None came."))
    listed = page.get(reverse("admin:partners_incident_changelist")).content.decode()
    for one in (session, other):
        assert listed.count(f"CDRs not received by SFP: {one.evse}") == 1
