"""A connection that stands, on the CPO's page: its own health, incidents, messages and documents, and nobody else's."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ocpi.models import HandshakeRun, HandshakeStep, Message, TrafficHour
from onboarding.documents.archive import archive
from onboarding.guide import Stage
from onboarding.models import ConnectionCheck, ConnectionCheckCase, LinkEvent, Onboarding, PlannedChange
from partners.incidents import Report, open_incident
from partners.models import Document, Incident, Partner
from partners.paper.written import Written
from tests.admin import rows
from tests.factories import PartnerFactory
from tests.onboarding.portal.conftest import Cpo

SECRET = "5d4f7a2e-1111-4222-8333-944455556666"


@pytest.fixture
def live(partner: Partner, in_stage: Callable[[Stage], Onboarding]) -> Partner:
    in_stage(Stage.LIVE)
    partner.connection, partner.version, partner.connected_at = "connected", "2.2.1", timezone.now()
    partner.save()
    return partner


def say(partner: Partner | None, **values: Any) -> Message:
    return rows.message(partner, **values)


def test_after_going_live_the_page_stays(cpo: Cpo, live: Partner) -> None:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    for direction, total, failed in (("in", 1200, 3), ("out", 40, 1)):
        TrafficHour.objects.create(
            partner=live,
            hour=now,
            direction=direction,
            total=total,
            failed=failed,
            answered=40,
            duration_ms=4000,
            slowest_ms=300,
        )
    told = Report("k1", "CDRs not received by SFP", "They send no CDR.", "Ask them to POST it.", "")
    open_incident(live.pk, told)
    letter = "A CDR of 4 May 2026, 12:01:00 UTC is missing."
    open_incident(live.pk, Report("k3", "Tokens do not reach the CPO", "x", "y", letter=letter))
    hidden = open_incident(live.pk, Report("k2", "Only for us", "x", "y", ""))
    Incident.objects.filter(pk=hidden.pk).update(tell_cpo=False)
    check = ConnectionCheck.objects.create(partner=live, version="2.2.1", state="finished", ended_at=timezone.now())
    ConnectionCheckCase.objects.create(
        run=check, position=1, key="k", theme="t", title="Paging of CDRs", verdict="fail", seen="No Link.", ended_at=now
    )
    sheet = archive(live, Document.Kind.DATA_SHEET, Written("sheet.pdf", b"%PDF-1.7 sheet"), by="jana")
    dossier = archive(live, Document.Kind.DOSSIER, Written("dossier.pdf", b"%PDF-1.7"), by="jana")
    shown = cpo.shown()
    for words in (
        f"{live.name} and Smart Fuel Pass",
        "The integration is live. 2 incidents are open: what to do is below.",
        "2 incidents open",
        "Tokens do not reach you",
        "A CDR of 4 May 2026, 14:01:00 CEST is missing.",
        "CDRs not received by SFP",
        "You send no CDR.",
        "POST it.",
        "1,200 times in 24 hours, 3 refused or failed",
        "40 times in 24 hours, 1 failed; you answer in 100 ms on average",
        "1 case failed",
        "Paging of CDRs",
        "none is awaited",
        "Your message log",
        "sheet.pdf",
    ):
        assert words in shown, words
    for words in ("Only for us", "dossier.pdf", "Ask them", "They send"):
        assert words not in shown, words
    assert cpo.client.get(f"{cpo.address()}documents/{sheet.pk}").content == b"%PDF-1.7 sheet"
    assert cpo.client.get(f"{cpo.address()}documents/{dossier.pk}").status_code == 404
    assert list(LinkEvent.objects.values_list("kind", "text")) == [("fetched", "sheet.pdf")]


def test_what_is_next_of_a_live_integration_is_what_is_wrong_with_it(cpo: Cpo, live: Partner) -> None:
    said = "The integration is live."
    assert f"{said} Thank you." in cpo.shown()
    row = open_incident(live.pk, Report("k1", "CDRs not received by SFP", "They send no CDR.", "POST it.", ""))
    assert f"{said} 1 incident is open: what to do is below." in cpo.shown()
    Incident.objects.filter(pk=row.pk).update(tell_cpo=False)
    assert f"{said} Thank you." in cpo.shown(), "what is none of their business is not theirs to mend"
    live.connection = Partner.Connection.SUSPENDED
    live.save()
    shown = cpo.shown()
    assert ("We have paused the integration. Write to us if you do not know why." in shown, said in shown) == (
        True,
        False,
    )


def test_planned_changes_are_told_to_whom_they_concern_until_they_are_over(cpo: Cpo, live: Partner) -> None:
    now, day = timezone.now(), timedelta(days=1)
    for title, partner, start, end in (
        ("For all <b>soon</b>", None, now + day, None),
        ("For them, under way", live, now - day, now + day),
        ("Over", live, now - 2 * day, now - day),
        ("A moment that passed", None, now - day, None),
        ("For another", PartnerFactory.create(), now + day, None),
    ):
        PlannedChange.objects.create(partner=partner, title=title, text="Text.", starts_at=start, ends_at=end)
    shown = cpo.shown()
    assert "For all &lt;b&gt;soon&lt;/b&gt;" in shown
    assert "For them, under way" in shown
    for gone in ("Over", "A moment that passed", "For another"):
        assert f"<h3>{gone}" not in shown


def test_only_their_own_messages_are_shown(cpo: Cpo, live: Partner) -> None:
    other = PartnerFactory.create()
    own = say(live, subject="S-77", request_body=json.dumps({"id": "<script>S-77</script>"}))
    theirs, strangers = say(other, subject="S-77"), say(None, subject="S-77", entrance=live)
    shown = cpo.client.get(f"{cpo.address()}messages", {"about": "S-77"}).content.decode()
    assert f"messages/{own.pk}" in shown
    assert f"messages/{theirs.pk}" not in shown
    assert f"messages/{strangers.pk}" not in shown
    page = cpo.client.get(f"{cpo.address()}messages/{own.pk}").content.decode()
    assert "&lt;script&gt;S-77" in page
    assert "Token …1234" in page
    for foreign in (theirs.pk, strangers.pk, 2**70, 0):
        assert cpo.client.get(f"{cpo.address()}messages/{foreign}").status_code == 404
    assert LinkEvent.objects.count() == 0


def test_what_broke_on_our_side_is_ours_to_read(cpo: Cpo, live: Partner) -> None:
    inbound = say(
        live, error=f"KeyError in /srv/app: {SECRET}", http_status=500, request_headers={"X-Forwarded-For": "10.1.2.3"}
    )
    outbound = say(
        live, direction="out", error="Your server did not answer in time.", http_status=None, ocpi_status=None
    )
    first, second = (
        cpo.client.get(f"{cpo.address()}messages/{row.pk}").content.decode() for row in (inbound, outbound)
    )
    assert SECRET not in first
    assert "10.1.2.3" not in first
    assert "did not answer in time" in second
    assert "No answer" in second


def test_pages_of_messages_follow_each_other(cpo: Cpo, live: Partner) -> None:
    kept = [say(live, http_status=200 if number % 2 else 404).pk for number in range(120)]
    seen: list[int] = []
    query: dict[str, int] = {}
    with CaptureQueriesContext(connection) as queries:
        while True:
            answer = cpo.client.get(f"{cpo.address()}messages", query)
            page = answer.context["page"]
            seen += [row.pk for row in page.rows]
            if not page.before:
                break
            query = {"before": page.before}
    assert seen == kept[::-1]
    assert len(queries) <= 3 * 6
    failed = cpo.client.get(f"{cpo.address()}messages", {"failed": "1", "before": "x", "about": " "})
    assert [row.pk for row in failed.context["page"].rows] == kept[-2::-2][:50]


def test_before_the_handshake_there_are_no_messages(cpo: Cpo, partner: Partner) -> None:
    say(partner)
    assert cpo.client.get(f"{cpo.address()}messages").status_code == 404
    assert "Your message log" not in cpo.shown()


def test_production_of_the_same_integration_is_shown_too(
    cpo: Cpo, live: Partner, in_stage: Callable[[Stage], Onboarding]
) -> None:
    production = PartnerFactory.create(environment="production", name=live.name)
    Onboarding.objects.filter(partner=live).update(production=production)
    row = say(production)
    shown = cpo.shown()
    assert shown.index("Production:") < shown.index("Test:")
    assert cpo.client.get(f"{cpo.address()}messages/{row.pk}").status_code == 200


def test_a_failed_handshake_is_told_with_its_cause(
    cpo: Cpo, partner: Partner, in_stage: Callable[[Stage], Onboarding], staff: User
) -> None:
    in_stage(Stage.HANDSHAKE)
    now = timezone.now()
    run = HandshakeRun.objects.create(
        partner=partner,
        state="failed",
        window_starts_at=now,
        window_ends_at=now,
        ended_at=now,
        cause="their version details lack what we need: sessions (SENDER)",
        advice="Ask them to list these modules in their version details.",
    )
    HandshakeStep.objects.create(run=run, step="versions", ok=True, ended_at=now)
    HandshakeStep.objects.create(run=run, step="modules", ok=False, ended_at=now, text="x")
    shown = cpo.shown()
    for words in (
        "The handshake failed",
        "Your version details lack what we need: sessions (SENDER).",
        "List these modules in your version details.",
        "Read your versions",
        "Check your modules",
        "we start the handshake anew",
    ):
        assert words in shown, words
    HandshakeRun.objects.filter(pk=run.pk).update(state="cancelled")
    assert "The handshake failed" not in cpo.shown()
