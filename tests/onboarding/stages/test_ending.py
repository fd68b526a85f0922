"""Suspending and off-boarding a CPO that runs in a process of its own: what it then gets, and what is kept."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ocpi.models import Evse, HandshakeRun, Location, Message
from onboarding.models import Onboarding, PartnerLink
from onboarding.portal.links import make_link
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, Partner, ReceivedToken
from sessions_adhoc.driver.services import CannotStart, StartRequest, start_session
from sessions_adhoc.models import AdHocSession, DisplaySecret
from tests.ocpi.cpo import Simulator
from tests.onboarding.connection_check.conftest import cpo, our_server
from tests.support.processes import PATIENCE, eventually
from tests.support.tasks import Ran

__all__ = ["cpo", "our_server"]

pytestmark = pytest.mark.django_db(transaction=True)

UID = "ION-BTS01-1"


@pytest.fixture
def page(admin_user: User) -> Client:
    browser = Client()
    browser.force_login(admin_user)
    return browser


def press(page: Client, partner: Partner, button: str) -> str:
    address = reverse(f"admin:partners_partner_do_{button}", args=[partner.pk])
    return page.post(address, {"reason": "Contract"}, follow=True).content.decode()


def pushed(simulated: Simulator, verb: str) -> int:
    """The CPO tells us that a cable went in or out; return what we answered."""
    before = Message.objects.filter(direction="in", module="locations").count()
    simulated.control("POST", f"evses/{UID}/{verb}")
    answered = Message.objects.filter(direction="in", module="locations").exclude(http_status=None).order_by("id")
    eventually(lambda: answered.count() > before, what="the push")
    return int(answered[before].http_status or 0)


def status() -> str:
    return Evse.objects.get(uid=UID).status


def kept(partner: Partner) -> dict[str, int]:
    rows: dict[str, type[Any]] = {
        "locations": Location,
        "evses": Evse,
        "issued": IssuedToken,
        "received": ReceivedToken,
    }
    return {name: model.objects.filter(partner=partner).count() for name, model in rows.items()}


def start_there() -> AdHocSession:
    evse = Evse.objects.get(uid=UID)
    return start_session(StartRequest(evse=evse.code, connector="", channel="web"))[0]


def test_a_suspended_partner_is_refused_and_nothing_of_it_is_lost(cpo: Callable[..., Any], page: Client) -> None:
    with cpo("2.2.1") as (simulated, partner):
        had = kept(partner)
        press(page, partner, "suspend")
        assert (pushed(simulated, "plug"), status()) == (403, "AVAILABLE")
        with pytest.raises(CannotStart):
            start_there()
        assert kept(partner) == had
        press(page, partner, "resume")
        assert (pushed(simulated, "unplug"), pushed(simulated, "plug"), status()) == (200, 200, "BLOCKED")
        assert kept(partner) == had


def test_an_off_boarded_partner_is_told_by_delete_and_its_tokens_are_gone(
    cpo: Callable[..., Any], page: Client, admin_user: User, run_tasks: Callable[..., list[Ran]]
) -> None:
    with cpo("2.2.1") as (simulated, partner):
        had, messages = kept(partner), Message.objects.filter(partner=partner).count()
        _, link = make_link(partner, given_to="Ana", days=30, by=admin_user, reveals_token_b=True)
        received = tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION)
        assert received is not None
        ours = {"Authorization": f"Token {tokens.reveal_received(received)}"}
        assert requests.get(simulated.versions_url, headers=ours, timeout=PATIENCE).status_code == 200

        DisplaySecret.objects.create(partner=partner, secret=secrets.encrypt("secure!Charging!"))
        press(page, partner, "off-board")
        assert pushed(simulated, "plug") == 403, "at once, before the worker comes"
        run_tasks()

        (told,) = simulated.exchanges("DELETE", "credentials")
        assert told["http"] == 200
        assert simulated.state()["connection"] is None
        assert requests.get(simulated.versions_url, headers=ours, timeout=PATIENCE).status_code == 401
    run = HandshakeRun.objects.get(kind="unregister")
    assert (run.state, run.cause) == ("succeeded", "")
    partner.refresh_from_db()
    assert partner.connection == "not_connected"
    states = [*partner.issued_tokens.all(), *partner.received_tokens.all()]
    assert {token.state for token in states} == {"revoked"}
    assert kept(partner) == had
    assert Message.objects.filter(partner=partner).count() > messages
    assert Onboarding.objects.get().stage == "off_boarded"
    assert PartnerLink.objects.get().revoked_at is not None
    assert not DisplaySecret.objects.exists()
    assert Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 410


@pytest.mark.parametrize("button", ["issue-token-b", "handshake", "make-link"])
def test_an_off_boarded_partner_gets_nothing_to_come_back_with(
    cpo: Callable[..., Any], page: Client, run_tasks: Callable[..., list[Ran]], button: str
) -> None:
    with cpo("2.2.1") as (_simulated, partner):
        press(page, partner, "off-board")
        run_tasks()
        before = (IssuedToken.objects.count(), HandshakeRun.objects.count())
        assert "is not possible any more" in press(page, partner, button)
    assert (IssuedToken.objects.count(), HandshakeRun.objects.count()) == before
    assert not PartnerLink.objects.exists()
