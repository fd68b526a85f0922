"""Connecting by hand (guide 7.3, Method B) and renewing tokens, with a CPO in a process of its own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ocpi.models import HandshakeRun
from partners import tokens
from partners.models import HistoryEntry, IssuedToken, Partner, ReceivedToken
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import Simulator, simulator
from tests.onboarding.connection_check.conftest import cpo, our_server
from tests.support.tasks import Ran

__all__ = ["cpo", "our_server"]

pytestmark = pytest.mark.django_db(transaction=True)


def press(page: Client, partner: Any, button: str, /, **data: Any) -> str:
    address = reverse(f"admin:partners_partner_do_{button}", args=[partner.pk])
    return page.post(address, data, follow=True).content.decode()


def secret(shown: str) -> str:
    found = re.search(r'value="([0-9a-f-]{36})"', shown)
    assert found, shown
    return found[1]


def in_use(partner: Any) -> str:
    row = tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION)
    return tokens.reveal_received(row) if row else ""


class TestByHand:
    @pytest.fixture
    def known(self, tmp_path: Path, our_server: str) -> Iterator[tuple[Simulator, Partner]]:
        """A CPO that lets us in with a token; we know nothing but its versions URL."""
        with simulator(tmp_path, "--versions", "2.2.1") as simulated:
            details = PartnerDetails("ion", "Ion", "SK", "ION", simulated.versions_url, "2.2.1")
            yield simulated, add_partner(details)

    def test_what_they_gave_us_is_tried_and_a_new_token_of_ours_is_shown_once(
        self, page: Client, known: tuple[Simulator, Partner]
    ) -> None:
        simulated, partner = known
        shown = press(page, partner, "connect-by-hand", their_token=simulated.token_a)
        made = secret(shown)
        partner.refresh_from_db()
        assert (partner.connection, partner.version) == ("connected", "2.2.1")
        assert in_use(partner) == simulated.token_a
        found = tokens.find_issued(made)
        assert found is not None
        assert (found.token.partner, found.token.state) == (partner, "active")
        assert partner.endpoints.filter(module="locations").exists()
        told = str(list(HistoryEntry.objects.values()))
        assert made not in told
        assert simulated.token_a not in told

    def test_the_token_that_they_have_stays(self, page: Client, known: tuple[Simulator, Partner]) -> None:
        simulated, partner = known
        theirs = "0b3f4c5e-9a1b-4c2d-8e3f-0a1b2c3d4e5f"
        shown = press(page, partner, "connect-by-hand", their_token=simulated.token_a, our_token=theirs)
        assert "They call us with the token that ends in 4e5f." in shown
        assert tokens.find_issued(theirs) is not None
        assert theirs not in shown

    def test_a_wrong_token_changes_nothing_and_says_why(self, page: Client, known: tuple[Simulator, Partner]) -> None:
        _simulated, partner = known
        assert "HTTP 401" in press(page, partner, "connect-by-hand", their_token="not-the-one")
        assert "no blanks" in press(page, partner, "connect-by-hand", their_token="two words")
        partner.refresh_from_db()
        assert partner.connection == Partner.Connection.NOT_CONNECTED
        assert not IssuedToken.objects.exists()
        assert in_use(partner) == ""


def test_tokens_are_renewed(cpo: Callable[..., Any], page: Client, run_tasks: Callable[..., list[Ran]]) -> None:
    with cpo("2.2.1") as (simulated, partner):
        before = in_use(partner)
        press(page, partner, "rotate")
        run_tasks()
        assert len(simulated.exchanges("PUT", "credentials")) == 1
    run = HandshakeRun.objects.get(kind="rotate")
    assert (run.state, run.cause) == ("succeeded", "")
    assert in_use(partner) not in ("", before)
