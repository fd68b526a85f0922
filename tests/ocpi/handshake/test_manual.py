"""Method B: credentials by hand, for a partner that has registered us before (guide 7.3.2)."""

from collections.abc import Callable

import pytest

from ocpi import handshake
from ocpi.handshake import HandshakeRefusedError
from ocpi.handshake.manual import connect_manually
from partners import tokens
from partners.models import Partner
from tests.ocpi.cpo import TOKEN_C, Answer, ScriptedCpo, envelope
from tests.ocpi.handshake.conftest import advanced, due_now, go, received_text, token_state

CREDENTIALS = "POST /2.2.1/credentials"
pytestmark = pytest.mark.django_db


def test_it_rescues_a_registration_whose_answer_was_lost(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    """They hold the first Token B, with which they called us back; we were never told Token C."""
    partner = fresh(cpo.register_normally())
    cpo.on(CREDENTIALS, Answer("", 502))
    run = go(partner)
    kept = tokens.find_issued(cpo.calls("POST")[0].body["token"])
    assert kept
    tokens.note_use(kept.token)
    cpo.on(CREDENTIALS, envelope(None, 2000, status=401))
    due_now(run)
    assert advanced(run).state == "failed"

    done = connect_manually(partner, TOKEN_C)
    assert (done.token_in_use.pk, done.new_token) == (kept.token.pk, "")
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.CONNECTED, "2.2.1")
    assert received_text(partner) == TOKEN_C
    assert token_state(partner)["issued"] == [("connection", "active"), ("connection", "revoked")]


def test_who_has_no_token_of_ours_gets_one(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally(), token_a="")
    done = connect_manually(partner, TOKEN_C)
    found = tokens.find_issued(done.new_token)
    assert found
    assert found.token.state == "active"


def test_a_token_that_they_name_is_taken_over(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    """It was issued by a platform before this one: we know its text from them alone."""
    partner = fresh(cpo.register_normally(), token_a="")
    connect_manually(partner, TOKEN_C, "an-older-token-of-ours")
    found = tokens.find_issued("an-older-token-of-ours")
    assert found
    assert (found.token.partner, found.token.state) == (partner, "active")


def test_a_revoked_token_does_not_come_back(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally(), token_a="")
    row, text = tokens.issue(partner)
    tokens.revoke(row)
    with pytest.raises(HandshakeRefusedError, match="was revoked"):
        connect_manually(partner, TOKEN_C, text)
    partner.refresh_from_db()
    assert partner.connection == Partner.Connection.NOT_CONNECTED
    assert received_text(partner) == ""


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        ("/versions", envelope(None, 2000, status=401), "HTTP 401"),
        ("/versions", envelope([]), "They offer: none"),
        ("/2.2.1/details", envelope({"endpoints": []}), "lack what we need"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    cpo: ScriptedCpo, fresh: Callable[..., Partner], path: str, answer: Answer, text: str
) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on(path, answer)
    before = token_state(partner)
    with pytest.raises(HandshakeRefusedError, match=text):
        connect_manually(partner, TOKEN_C)
    assert token_state(partner) == before


def test_it_waits_for_a_handshake_to_end(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    handshake.start(partner)
    with pytest.raises(HandshakeRefusedError, match="under way"):
        connect_manually(partner, TOKEN_C)
