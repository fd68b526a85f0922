"""Alerts: which channel is told of what, when, once; signed, escaped, tried again, given up; no secret is shown."""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onboarding.alerts import sending
from onboarding.alerts.raising import when
from onboarding.models import Alert, AlertChannel
from onboarding.tasks import mail_alerts_tick
from partners import incidents
from partners.ground import secrets, signing
from partners.incidents import Report, open_incident
from partners.models import Incident, Partner
from partners.tasks import mail_tick
from tests.factories import PartnerFactory
from tests.ocpi.cpo import Answer, ScriptedCpo

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://chat.example/T/S"
ZONE = ZoneInfo("Europe/Bratislava")


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def server() -> Iterator[ScriptedCpo]:
    started = ScriptedCpo()
    yield started
    started.close()


def channel(kind: str = "mail", url: str = "", **values: Any) -> AlertChannel:
    given: dict[str, Any] = {
        "name": f"{kind}-{AlertChannel.objects.count()}",
        "mail_to": "duty@sfp.example" if kind == "mail" else "",
    }
    if url:
        given |= {"url": secrets.encrypt(url), "host": "127.0.0.1", "secret": secrets.encrypt(SECRET)}
    return AlertChannel.objects.create(kind=kind, **(given | values))


def incident(
    partner: Partner, key: str = "x", severity: int = 2, symptom: str = "CDRs not received by SFP"
) -> Incident:
    return open_incident(
        partner.pk,
        Report(key, symptom, "Not <sent> & lost.", "Verify.", severity=severity, place="SK*ION*E1", to_do="Call them."),
    )


def states() -> list[tuple[str, int]]:
    return list(Alert.objects.order_by("written_at").values_list("state", "tries"))


def due_now() -> None:
    Alert.objects.filter(state="waiting").update(next_check_at=timezone.now() - timedelta(seconds=1))


class TestWhoIsTold:
    @pytest.mark.parametrize(("least", "severity", "told"), [(1, 1, 1), (2, 1, 0), (2, 2, 1), (3, 2, 0), (3, 3, 1)])
    def test_each_channel_has_a_severity_of_its_own(
        self, partner: Partner, least: int, severity: int, told: int
    ) -> None:
        channel(least_severity=least)
        incident(partner, severity=severity)
        assert Alert.objects.count() == told

    def test_one_cause_is_one_message(self, partner: Partner) -> None:
        channel()
        row = incident(partner)
        for _ in range(3):
            assert incident(partner).pk == row.pk
        assert (mail_alerts_tick(), mail_alerts_tick()) == (1, 0)
        incidents.close_incidents(partner.pk, "x", "Gone.")
        assert incident(partner).pk != row.pk
        assert Alert.objects.count() == 1
        Alert.objects.update(written_at=timezone.now() - timedelta(hours=7))
        incidents.close_incidents(partner.pk, "x", "Gone.")
        incident(partner)
        assert Alert.objects.count() == 2

    def test_two_causes_are_two(self, partner: Partner) -> None:
        channel()
        incident(partner, "x")
        incident(partner, "y")
        assert Alert.objects.count() == 2

    def test_one_that_is_off_is_told_nothing(self, partner: Partner) -> None:
        channel(active=False)
        incident(partner)
        assert not Alert.objects.exists()

    def test_what_is_over_before_is_told_to_nobody(self, partner: Partner) -> None:
        channel()
        incident(partner)
        incidents.close_incidents(partner.pk, "x", "Gone.")
        assert mail_alerts_tick() == 0
        assert states() == [("withdrawn", 0)]


class TestQuietHours:
    @pytest.mark.parametrize(
        ("begin", "end", "severity", "at", "told"),
        [
            ((22, 0), (7, 0), 2, (23, 30), ("23", 7, 0)),
            ((22, 0), (7, 0), 2, (6, 59), ("22", 7, 0)),
            ((22, 0), (7, 0), 2, (7, 0), None),
            ((22, 0), (7, 0), 2, (21, 59), None),
            ((22, 0), (7, 0), 2, (22, 0), ("23", 7, 0)),
            ((22, 0), (7, 0), 3, (23, 30), None),
            ((12, 0), (13, 0), 1, (12, 30), ("22", 13, 0)),
            ((12, 0), (12, 0), 1, (12, 0), None),
        ],
    )
    def test_what_is_not_urgent_waits_for_their_end(
        self, begin: Any, end: Any, severity: int, at: Any, told: Any
    ) -> None:
        row = AlertChannel(quiet_from=time(*begin), quiet_until=time(*end))
        now = datetime(2026, 11, 22, at[0], at[1], tzinfo=ZONE)
        expected = datetime(2026, 11, int(told[0]), told[1], told[2], tzinfo=ZONE) if told else now
        assert when(row, Incident(severity=severity), now) == expected

    def test_the_night_of_the_clock_change_ends_at_seven_too(self) -> None:
        row = AlertChannel(quiet_from=time(22), quiet_until=time(7))
        now = datetime(2026, 10, 24, 23, 0, tzinfo=ZONE)
        assert when(row, Incident(severity=1), now) == datetime(2026, 10, 25, 7, 0, tzinfo=ZONE)


class TestTelling:
    def test_a_mail_goes_through_the_outbox(self, partner: Partner) -> None:
        channel()
        row = incident(partner)
        mail_alerts_tick()
        mail_tick()
        [sent] = [one for one in mail.outbox if one.to == ["duty@sfp.example"]]
        assert sent.subject == f"[Problem] {partner.label}: CDRs not received by SFP: SK*ION*E1"
        assert "What we do: Call them." in sent.body
        assert f"/admin/partners/incident/{row.pk}/change/" in sent.body

    def test_a_webhook_is_signed(self, partner: Partner, server: ScriptedCpo) -> None:
        server.on("POST /hook", Answer("", 204))
        channel("webhook", f"{server.url}/hook")
        row = incident(partner)
        assert mail_alerts_tick() == 1
        [one] = server.seen
        alert = Alert.objects.get()
        raw = json.dumps(one.body, ensure_ascii=False, separators=(",", ":")).encode()
        assert signing.verify([SECRET], one.headers, raw, timezone.now()) == str(alert.pk)
        assert (one.body["type"], one.body["data"]["incident"], one.body["data"]["severity"]) == (
            "incident.opened", row.pk, "problem",
        )  # fmt: skip
        assert alert.state == "sent"

    def test_a_chat_reads_text_and_no_markup(self, partner: Partner, server: ScriptedCpo) -> None:
        server.on("POST /chat", Answer("ok"))
        channel("chat", f"{server.url}/chat")
        incident(partner)
        mail_alerts_tick()
        [one] = server.seen
        assert list(one.body) == ["text"]
        assert "Not &lt;sent&gt; &amp; lost." in one.body["text"]
        assert one.body["text"].startswith(f"Problem: {partner.label}: CDRs not received by SFP: SK*ION*E1\n")
        assert "webhook-signature" not in one.headers

    def test_it_is_tried_again_and_given_up(self, partner: Partner, server: ScriptedCpo) -> None:
        server.on("POST /chat", Answer("no", 500))
        channel("chat", f"{server.url}/chat")
        incident(partner)
        for tries in range(1, len(sending.PAUSES) + 1):
            assert mail_alerts_tick() == 0
            assert mail_alerts_tick() == 0, "not before the pause is over"
            assert states() == [("waiting", tries)]
            due_now()
        mail_alerts_tick()
        assert states() == [("given_up", len(sending.PAUSES) + 1)]
        assert Alert.objects.get().error == "127.0.0.1 answered HTTP 500"

    def test_what_is_told_once_more_after_a_crash_has_the_same_id(self, partner: Partner, server: ScriptedCpo) -> None:
        server.on("POST /hook", Answer({}))
        channel("webhook", f"{server.url}/hook")
        incident(partner)
        mail_alerts_tick()
        Alert.objects.update(state="waiting", next_check_at=timezone.now() - timedelta(seconds=1))
        mail_alerts_tick()
        assert len({one.headers["webhook-id"] for one in server.seen}) == 1
        assert len(server.seen) == 2

    def test_a_url_never_stands_in_an_error(self, partner: Partner) -> None:
        channel("chat", "http://127.0.0.1:9/services/T0/SECRETPART")
        incident(partner)
        mail_alerts_tick()
        assert Alert.objects.get().error
        assert "SECRETPART" not in Alert.objects.get().error


class TestPages:
    def add(self, page: Client, **data: Any) -> Any:
        given = {"name": "Chat", "kind": "chat", "least_severity": 2, "active": "on", "new_url": URL}
        return page.post(reverse("admin:onboarding_alertchannel_add"), {**given, **data}, follow=True)

    def test_a_url_is_kept_encrypted_and_not_shown(self, page: Client) -> None:
        shown = self.add(page).content.decode()
        row = AlertChannel.objects.get()
        assert (row.host, secrets.decrypt(row.url)) == ("chat.example", URL)
        address = reverse("admin:onboarding_alertchannel_change", args=[row.pk])
        assert "/T/S" not in shown + page.get(address).content.decode()
        page.post(address, {"name": "Chat 2", "kind": "chat", "least_severity": 3, "active": "on", "new_url": ""})
        row.refresh_from_db()
        assert (row.name, secrets.decrypt(row.url)) == ("Chat 2", URL)

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            ({"new_url": ""}, "Say where."),
            ({"kind": "mail", "new_url": ""}, "Say to whom."),
            ({"new_url": "javascript:alert(1)"}, "Enter a valid URL."),
            ({"quiet_from": "22:00"}, "Quiet hours have a beginning and an end."),
        ],
    )
    def test_what_cannot_be_told_is_refused(self, page: Client, data: Any, why: str) -> None:
        assert why in self.add(page, **data).content.decode()
        assert not AlertChannel.objects.exists()

    def test_a_secret_is_shown_once(self, page: Client) -> None:
        row = channel("webhook", "https://hook.example/x")
        address = reverse("admin:onboarding_alertchannel_do_new-secret", args=[row.pk])
        shown = page.post(address).content.decode()
        row.refresh_from_db()
        text = secrets.decrypt(row.secret)
        assert text in shown
        assert signing.key_of(text)
        assert text not in page.get(reverse("admin:onboarding_alertchannel_change", args=[row.pk])).content.decode()

    def test_one_that_does_not_work_is_in_the_queue(self, page: Client, partner: Partner) -> None:
        row = channel("chat", "http://127.0.0.1:9/x")
        alert = Alert.objects.create(channel=row, incident=incident(partner, severity=1), state="given_up", error="no")
        kinds = [item.kind for item in page.get(reverse("admin:index")).context["attention"]]
        assert "Alerts" in kinds
        Alert.objects.filter(pk=alert.pk).update(state="sent")
        kinds = [item.kind for item in page.get(reverse("admin:index")).context["attention"]]
        assert "Alerts" not in kinds
