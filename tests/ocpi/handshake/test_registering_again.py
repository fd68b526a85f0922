"""A peer that cannot know whether our answer arrived registers again with what it has (OCPI 2.2.1 §7.2.2).

Over HTTP, as such a peer sees it. Whatever it does there is one connection, and whoever holds a token gets in.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ocpi.handshake.rotation import retire_replaced_tokens
from partners.models import IssuedToken, Partner
from partners.services import issue_registration_token
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo, credentials_data
from tests.ocpi.handshake.conftest import received_text

AGAIN = "eeeeeeee-5555-4555-8555-eeeeeeeeeeee"
VERSIONS_USED = ["2.1.1", "2.2", "2.2.1", "2.3.0"]


class Peer:
    """A CPO that registers over our HTTP interface."""

    def __init__(self, cpo: ScriptedCpo, fresh: Callable[..., Partner], version: str = "2.2.1") -> None:
        self.version, self.cpo = version, cpo
        self.partner = fresh(
            cpo.register_normally(version, accepted=(TOKEN_C, AGAIN)), enabled_versions=["2.3.0"], token_a=""
        )
        self.token_a = issue_registration_token(self.partner)

    def call(
        self, method: str, token: Any, body: dict[str, Any] | None = None, path: str = "credentials"
    ) -> tuple[int, Any]:
        url = f"/ocpi/emsp/{self.version}/{path}" if path else "/ocpi/emsp/versions"
        answer = Client().generic(
            method,
            url,
            json.dumps(body) if body else "",
            "application/json",
            headers={"authorization": f"Token {token}"},
        )
        return answer.status_code, answer.json()

    def post(self, token: str, theirs: str = TOKEN_C) -> tuple[int, Any]:
        return self.call("POST", token, self.body(theirs))

    def put(self, token: Any, theirs: Any = AGAIN) -> tuple[int, Any]:
        return self.call("PUT", token, self.body(theirs))

    def body(self, token: Any) -> dict[str, Any]:
        data = credentials_data(self.cpo.url, token)
        if self.version == "2.1.1":
            role = data.pop("roles")[0]
            data |= {name: role[name] for name in ("country_code", "party_id", "business_details")}
        return data

    def gets_in(self, token: Any) -> int:
        return self.call("GET", token)[0]

    def usable(self) -> int:
        rows = IssuedToken.objects.filter(partner=self.partner, purpose="connection").exclude(state="revoked")
        return rows.count()


@pytest.fixture
def peer(cpo: ScriptedCpo, fresh: Callable[..., Partner], db: None) -> Peer:
    return Peer(cpo, fresh)


def registered(answer: tuple[int, Any]) -> Any:
    status, body = answer
    assert (status, body["status_code"]) == (200, 1000), body
    return body["data"]["token"]


@pytest.mark.parametrize("version", VERSIONS_USED)
@pytest.mark.django_db
def test_a_registration_is_answered_with_200_in_every_version(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], version: str
) -> None:
    peer = Peer(cpo, fresh, version)
    assert peer.gets_in(registered(peer.post(peer.token_a))) == 200


@pytest.mark.parametrize("version", VERSIONS_USED)
@pytest.mark.django_db
def test_an_answer_that_got_lost_is_asked_for_again_with_token_a(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], version: str
) -> None:
    peer = Peer(cpo, fresh, version)
    registered(peer.post(peer.token_a))
    token = registered(peer.post(peer.token_a, AGAIN))
    assert received_text(peer.partner) == AGAIN
    assert peer.gets_in(token) == 200
    retire_replaced_tokens()
    assert peer.usable() == 1
    assert (peer.gets_in(peer.token_a), peer.gets_in(token)) == (401, 200)


def test_a_proxy_that_sent_it_twice_leaves_the_peer_with_either_answer(peer: Peer) -> None:
    first = registered(peer.post(peer.token_a))
    registered(peer.post(peer.token_a))
    assert peer.gets_in(first) == 200
    assert peer.post(peer.token_a)[0] == 401, "one of its tokens was seen: Token A has served"
    IssuedToken.objects.filter(last_used_at__isnull=False).update(last_used_at=timezone.now() + timedelta(hours=25))
    retire_replaced_tokens()
    assert (peer.usable(), peer.gets_in(first)) == (1, 200)


def test_token_a_has_served_once_its_successor_was_seen(peer: Peer) -> None:
    token = registered(peer.post(peer.token_a))
    assert peer.call("GET", peer.token_a, path="")[0] == 200, "nobody knows yet whether the answer arrived"
    assert peer.gets_in(token) == 200
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert peer.call(method, peer.token_a, peer.body(AGAIN))[0] == 401
    assert (received_text(peer.partner), peer.usable()) == (TOKEN_C, 1)
    retire_replaced_tokens()
    assert IssuedToken.objects.get(purpose="registration").state == "revoked"


def test_token_a_ends_with_its_grace_period_also_unseen(peer: Peer, settings: Settings) -> None:
    registered(peer.post(peer.token_a))
    IssuedToken.objects.filter(purpose="connection").update(
        created_at=timezone.now() - timedelta(hours=settings.OCPI_TOKEN_GRACE_HOURS, minutes=1)
    )
    assert peer.post(peer.token_a)[0] == 401


def test_what_token_a_never_could_it_cannot_now(peer: Peer) -> None:
    registered(peer.post(peer.token_a))
    assert peer.put(peer.token_a)[0] == 405
    assert peer.call("DELETE", peer.token_a)[0] == 405
    assert peer.call("GET", peer.token_a, path="tokens")[0] in (401, 403)
    assert received_text(peer.partner) == TOKEN_C


def test_registering_with_the_token_of_the_connection_is_405_and_changes_nothing(peer: Peer) -> None:
    token = registered(peer.post(peer.token_a))
    assert peer.post(token, AGAIN)[0] == 405
    assert (received_text(peer.partner), peer.gets_in(token)) == (TOKEN_C, 200)
    renewed = registered(peer.put(token))
    assert (received_text(peer.partner), peer.gets_in(renewed)) == (AGAIN, 200)


def test_nobody_gets_back_in_after_leaving_but_with_a_new_token_a(peer: Peer) -> None:
    token = registered(peer.post(peer.token_a))
    assert peer.call("DELETE", token)[0] == 200
    for stale in (token, peer.token_a):
        assert [peer.call(m, stale, peer.body(AGAIN))[0] for m in ("GET", "POST", "PUT", "DELETE")] == [401] * 4
    peer.partner.refresh_from_db()
    assert (peer.partner.connection, peer.usable()) == (Partner.Connection.NOT_CONNECTED, 0)
    peer.token_a = issue_registration_token(peer.partner)
    assert peer.gets_in(registered(peer.post(peer.token_a))) == 200


def test_a_new_token_a_replaces_a_connection_that_still_works(peer: Peer) -> None:
    """Their database was restored: staff hand out another Token A while the old connection is known to be used."""
    old = registered(peer.post(peer.token_a))
    assert peer.gets_in(old) == 200
    peer.token_a = issue_registration_token(peer.partner)
    registered(peer.post(peer.token_a, AGAIN))
    new = registered(peer.post(peer.token_a, AGAIN))
    assert (peer.gets_in(new), peer.gets_in(old)) == (200, 401)
    retire_replaced_tokens()
    assert peer.usable() == 1
