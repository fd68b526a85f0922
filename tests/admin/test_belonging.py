"""From an exchange to the ad-hoc session that it belongs to."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import Cdr, Message
from partners.admin.kit.showing import url_of
from sessions_adhoc.models import AdHocSession
from tests.admin.rows import World, message
from tests.factories import PartnerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_world")]


def links_to(page: Client, row: Message, session: AdHocSession) -> bool:
    shown = page.get(reverse("admin:ocpi_message_change", args=[row.pk])).content.decode()
    return f'href="{url_of(AdHocSession, session.pk)}"' in shown


def exchange(world: World, kind: Any) -> Any:
    """A message of each kind, as the log keeps it."""
    session, other = world.session, world.ocpi_session
    party = f"{other.country_code}*{other.party_id}"
    command = str(world.command.pk)
    place = f"{world.evse.location.ocpi_id}/{world.evse.uid}"
    return {
        "our command": {
            "module": "commands",
            "direction": "out",
            "url": "https://cpo.example/commands/START_SESSION",
            "request_body": json.dumps(
                {"response_url": f"https://sfp.example/ocpi/emsp/2.2.1/commands/START_SESSION/{command}"}
            ),
        },
        "their result": {"module": "commands", "url": f"/ocpi/emsp/2.2.1/commands/START_SESSION/{command}"},
        "a Session": {"objects_touched": [f"session:{party}/{other.ocpi_id}"]},
        "a CDR": {"module": "cdrs", "objects_touched": [f"cdr:{party}/{Cdr.objects.get().ocpi_id}"]},
        "a token": {"module": "tokens", "objects_touched": [f"token:{session.token.uid}"]},
        "an EVSE while it charges": {"module": "locations", "objects_touched": [f"evse:{party}/{place}"]},
        "a connector while it charges": {"module": "locations", "objects_touched": [f"connector:{party}/{place}/1"]},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("our command", "their result", "a Session", "a CDR", "a token"),
        *("an EVSE while it charges", "a connector while it charges"),
    ],
)
def test_it_links_the_session(page: Client, world: World, kind: Any) -> None:
    ocpi_session = world.ocpi_session
    Cdr.objects.update(country_code=ocpi_session.country_code, party_id=ocpi_session.party_id)
    assert links_to(page, message(world.partner, **exchange(world, kind)), world.session)


@pytest.mark.parametrize(("ago", "linked"), [(1, True), (10, False)])
def test_an_evse_long_after_the_session_is_not_its_business(page: Client, world: World, ago: int, linked: bool) -> None:
    ended = timezone.now() - timedelta(minutes=ago)
    AdHocSession.objects.filter(pk=world.session.pk).update(ended_at=ended, next_check_at=None, state="settled")
    row = message(world.partner, **exchange(world, "an EVSE while it charges"))
    assert links_to(page, row, world.session) is linked


@pytest.mark.parametrize("kind", ["our command", "a Session", "a token"])
def test_another_partners_message_leads_nowhere(page: Client, world: World, kind: str) -> None:
    values = exchange(world, kind)
    assert not links_to(page, message(PartnerFactory.create(), **values), world.session)
    assert not links_to(page, message(None, **values), world.session)


@pytest.mark.parametrize("body", ["", "no JSON", "[1]", '{"response_url": 7}'])
def test_a_body_of_any_kind_is_read(page: Client, world: World, body: str) -> None:
    row = message(world.partner, module="commands", direction="out", url="https://cpo.example/x", request_body=body)
    assert not links_to(page, row, world.session)
