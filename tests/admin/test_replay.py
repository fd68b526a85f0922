"""Handling a message again, and sending one again: what happens, and for which it may not."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ocpi.models import Evse, Message, OcpiSession, Tariff
from partners.models import HistoryEntry, Partner
from tests.admin.rows import message
from tests.factories import EvseFactory, LocationFactory, PartnerFactory, session_data, tariff_data
from tests.ocpi.cpo import ScriptedCpo, connected_partner, envelope
from tests.ocpi.modules.conftest import token
from tests.ocpi.server.conftest import Cpo

REASON = {"reason": "The CPO asked for it."}


def press(page: Client, row: Message, name: str, **data: Any) -> Any:
    return page.post(reverse(f"admin:ocpi_message_do_{name}", args=[row.pk]), {**REASON, **data}, follow=True)


def buttons(page: Client, row: Message) -> list[Any]:
    shown = page.get(reverse("admin:ocpi_message_change", args=[row.pk])).context["buttons"]
    return [button["action"].name for button in shown]


def newest() -> Message:
    return Message.objects.all()[0]


@pytest.fixture
def cpo(db: None) -> Cpo:
    return Cpo(PartnerFactory.create())


@pytest.fixture
def pushed(cpo: Cpo) -> Message:
    """A Session that was pushed, and is not stored any more."""
    data = session_data("S-9", country_code=cpo.partner.country_code, party_id=cpo.partner.party_id, kwh=3.5)
    path = f"sessions/{cpo.partner.country_code}/{cpo.partner.party_id}/S-9"
    assert cpo.put(path, data, HTTP_X_CORRELATION_ID="corr-9").status_code == 201
    OcpiSession.objects.all().delete()
    return Message.objects.get()


class TestReplay:
    def test_it_is_handled_as_if_it_came_again(self, page: Client, pushed: Message, boss: User) -> None:
        answer = press(page, pushed, "replay")
        stored = OcpiSession.objects.get()
        assert (stored.ocpi_id, stored.kwh) == ("S-9", Decimal("3.5"))
        new = Message.objects.exclude(pk=pushed.pk).get()
        assert (new.direction, new.method, new.http_status, new.ocpi_status) == ("in", "PUT", 201, 1000)
        assert (new.partner, new.url, new.correlation_id) == (pushed.partner, pushed.url, "corr-9")
        assert answer.redirect_chain == [(reverse("admin:ocpi_message_change", args=[new.pk]), 302)]
        assert f"Message {pushed.pk}, by staff" in answer.content.decode()
        entry = HistoryEntry.objects.get(label="Replay")
        assert (entry.actor, entry.reason) == (boss, REASON["reason"])

    def test_an_older_state_changes_nothing(self, page: Client, cpo: Cpo, pushed: Message) -> None:
        data = json.loads(pushed.request_body) | {"kwh": 9, "last_updated": "2026-11-22T12:00:00Z"}
        cpo.put(pushed.url, data)
        press(page, pushed, "replay")
        assert OcpiSession.objects.get().kwh == 9

    def test_a_faulty_one_is_refused_again(self, page: Client, cpo: Cpo) -> None:
        partner = cpo.partner
        cpo.put(f"sessions/{partner.country_code}/{partner.party_id}/S-9", {"id": "S-9"})
        first = Message.objects.get()
        press(page, first, "replay")
        again = newest()
        assert (again.pk != first.pk, again.ocpi_status, again.faults) == (True, 2001, first.faults)
        assert OcpiSession.objects.count() == 0

    def test_it_needs_a_reason(self, page: Client, pushed: Message) -> None:
        press(page, pushed, "replay", reason=" ")
        assert Message.objects.count() == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"request_body": '{"id": "S-9"\n[cut: 99999 characters, 65536 kept]'},
            {"request_body": "[too large to be kept]"},
            {"request_body": '{"token": "…1234"}'},
            {"request_body": '{"id": "S-\ufffd"}'},
            {"http_status": 401},
            {"http_status": 403},
            {"http_status": None},
            {"partner": None},
            {"module": "credentials"},
            {"method": "GET"},
            {"direction": "out"},
        ],
        ids=str,
    )
    def test_what_cannot_be_trusted_is_not_replayed(self, page: Client, pushed: Message, changes: Any) -> None:
        Message.objects.filter(pk=pushed.pk).update(**changes)
        assert "replay" not in buttons(page, pushed)
        press(page, pushed, "replay")
        assert (Message.objects.count(), OcpiSession.objects.count()) == (1, 0)

    def test_a_deletion_does_not_end_what_came_after_it(self, page: Client, cpo: Cpo) -> None:
        party = (cpo.partner.country_code, cpo.partner.party_id)
        path = f"tariffs/{'/'.join(party)}/T-1"
        data = tariff_data(country_code=party[0], party_id=party[1])
        assert [cpo.put(path, data).status_code, cpo.delete(path).status_code] == [201, 200]
        deletion = newest()
        assert "replay" in buttons(page, deletion)
        assert cpo.put(path, data | {"last_updated": "2026-11-22T12:00:00Z"}).status_code == 200
        assert "replay" not in buttons(page, deletion)
        press(page, deletion, "replay")
        assert (Message.objects.count(), Tariff.objects.get().deleted_at) == (3, None)

    def test_what_does_not_say_when_it_was_so_undoes_nothing(self, page: Client, cpo: Cpo) -> None:
        """OCPI 2.1.1 lets a PATCH come without its moment: it counts as newest, whenever it is handled."""
        old = Cpo(cpo.partner, "2.1.1", cpo.token)
        location = LocationFactory.create(partner=cpo.partner, ocpi_id="LOC-1")
        EvseFactory.create(location=location, uid="EVSE-1")
        path = f"locations/{cpo.partner.country_code}/{cpo.partner.party_id}/LOC-1"
        assert old.patch(f"{path}/EVSE-1", {"status": "CHARGING"}).status_code == 200
        undated = Message.objects.get()
        Evse.objects.update(status="AVAILABLE")
        assert "replay" not in buttons(page, undated)
        press(page, undated, "replay")
        assert (Message.objects.count(), Evse.objects.get().status) == (1, "AVAILABLE")

    def test_a_refused_newer_one_is_not_in_the_way(self, page: Client, cpo: Cpo, pushed: Message) -> None:
        assert cpo.put(pushed.url, {"id": "S-9"}).json()["status_code"] == 2001
        press(page, pushed, "replay")
        assert OcpiSession.objects.get().kwh == 3.5

    def test_a_suspended_partner_is_not_spoken_for(self, page: Client, pushed: Message) -> None:
        Partner.objects.update(connection=Partner.Connection.SUSPENDED)
        assert "is suspended" in press(page, pushed, "replay").content.decode()
        assert (Message.objects.count(), OcpiSession.objects.count()) == (1, 0)

    def test_its_origin_cannot_be_made_up(self, page: Client, cpo: Cpo, pushed: Message) -> None:
        row = message(cpo.partner, request_headers={"X-Replay-Of": "1"}, source_address="10.0.0.1")
        assert page.get(reverse("admin:ocpi_message_change", args=[row.pk])).context["facts"]["Replay of"] == ""


class TestResend:
    @pytest.fixture
    def server(self) -> Iterator[ScriptedCpo]:
        server = ScriptedCpo()
        yield server
        server.close()

    @pytest.fixture
    def partner(self, db: None, server: ScriptedCpo) -> Partner:
        return connected_partner(server.url)

    def sent(
        self, partner: Partner, method: str = "GET", module: str = "locations", url: str = "", **values: Any
    ) -> Message:
        return message(partner, direction="out", method=method, module=module, url=url, request_body="", **values)

    def test_a_question_is_asked_again(self, page: Client, server: ScriptedCpo, partner: Partner) -> None:
        server.on("/locations", envelope([]))
        row = self.sent(partner, url=f"{server.url}/locations?limit=1")
        press(page, row, "resend")
        assert [(seen.method, seen.path, seen.query) for seen in server.seen] == [("GET", "/locations", {"limit": "1"})]
        new = newest()
        assert (new.pk != row.pk, new.http_status, new.ocpi_status) == (True, 200, 1000)

    def test_a_token_is_told_as_it_is_now(self, page: Client, server: ScriptedCpo, partner: Partner) -> None:
        token("T-1", valid=False)
        server.on("/tokens/SK/SFP/T-1", envelope())
        press(page, self.sent(partner, "PATCH", "tokens", f"{server.url}/tokens/SK/SFP/T-1"), "resend")
        assert [(seen.method, seen.body["valid"]) for seen in server.seen] == [("PUT", False)]

    def test_a_failed_answer_is_shown_too(self, page: Client, server: ScriptedCpo, partner: Partner) -> None:
        row = self.sent(partner, url=f"{server.url}/locations")
        answer = press(page, row, "resend")
        assert newest().http_status == 404
        assert answer.redirect_chain[0][0] == reverse("admin:ocpi_message_change", args=[newest().pk])

    @pytest.mark.parametrize(
        ("method", "module"), [("POST", "commands"), ("PUT", "credentials"), ("DELETE", "credentials")]
    )
    def test_what_does_something_is_not_sent_again(
        self, page: Client, server: ScriptedCpo, partner: Partner, method: str, module: str
    ) -> None:
        row = self.sent(partner, method, module, f"{server.url}/commands/START_SESSION")
        assert buttons(page, row) == []
        press(page, row, "resend")
        assert server.seen == []

    def test_the_token_goes_to_no_other_host(self, page: Client, server: ScriptedCpo, partner: Partner) -> None:
        other = ScriptedCpo()
        press(page, self.sent(partner, url=f"{other.url}/locations"), "resend")
        other.close()
        assert other.seen == []
        assert Message.objects.count() == 1


class TestFaultsInTheBody:
    def body(self, page: Client, row: Message) -> Any:
        return page.get(reverse("admin:ocpi_message_change", args=[row.pk])).context["request_body"]

    def test_they_are_marked_at_their_line(self, page: Client, db: None) -> None:
        faults = [{"path": "kwh", "message": "must be a number"}, {"path": "list[1].x", "message": "is required"}]
        row = message(
            PartnerFactory.create(), request_body='{"kwh": "lots", "list": [{"x": 1}, {"y": 2}]}', faults=faults
        )
        lines = self.body(page, row).split("\n")
        marked = [line for line in lines if "sfp-mark-danger" in line]
        assert len(marked) == 2
        assert "&quot;kwh&quot;: &quot;lots&quot;," in marked[0]
        assert "kwh must be a number" in marked[0]
        assert "x is required" in marked[1]
        assert lines.index(marked[1]) == 6

    def test_what_is_no_json_is_shown_as_it_is(self, page: Client, db: None) -> None:
        row = message(
            PartnerFactory.create(), request_body="{oops", faults=[{"path": "kwh", "message": "must be a number"}]
        )
        assert self.body(page, row) == "{oops"
