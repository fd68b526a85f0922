"""Token B over the link: once."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from onboarding.guide import Stage
from onboarding.models import Onboarding
from onboarding.portal.links import make_link
from partners import tokens
from partners.ground import secrets
from partners.models import HistoryEntry, IssuedToken, Partner
from tests.onboarding.portal.conftest import Cpo
from tests.support.pages import revealed, secret_in


@pytest.fixture
def prepared(in_stage: Callable[..., Onboarding]) -> Onboarding:
    return in_stage(Stage.INFRASTRUCTURE)


def test_it_is_revealed_and_works(cpo: Cpo, partner: Partner, prepared: Onboarding) -> None:
    assert "Reveal Token B now" in cpo.shown()
    answer = cpo.post("token-b")
    token = secret_in(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    found = tokens.find_issued(token)
    assert found is not None
    assert (found.token.partner.pk, found.token.purpose) == (partner.pk, "registration")


def test_a_second_look_says_when_and_whom_to_ask_and_is_noted(cpo: Cpo, prepared: Onboarding) -> None:
    token = secret_in(cpo.post("token-b"))
    again = cpo.post("token-b")
    shown = again.content.decode()
    assert revealed(again) is None
    assert token not in shown
    assert "Token B was revealed already" in shown
    assert f"ends in <code>{token[-4:]}</code>" in shown
    assert "techsupport@" in shown
    assert [event.kind for event in cpo.link.events.all()] == ["token_b_again", "token_b"]
    assert IssuedToken.objects.count() == 1
    assert token not in cpo.shown()


def test_the_text_of_it_is_kept_nowhere(cpo: Cpo, prepared: Onboarding) -> None:
    token = secret_in(cpo.post("token-b"))
    assert IssuedToken.objects.get().digest == secrets.digest(token)
    assert all(token not in event.text for event in cpo.link.events.all())
    assert not HistoryEntry.objects.filter(changes__icontains=token).exists()


def test_looking_at_the_address_reveals_nothing(cpo: Cpo, prepared: Onboarding) -> None:
    assert cpo.get("token-b").status_code == 302
    assert not IssuedToken.objects.exists()


def test_it_waits_for_stage_1(cpo: Cpo) -> None:
    assert "Reveal Token B" not in cpo.shown()
    assert cpo.post("token-b").status_code == 409
    assert not IssuedToken.objects.exists()


def test_it_is_over_when_they_are_connected(cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]) -> None:
    in_stage(Stage.TESTING)
    Partner.objects.filter(pk=partner.pk).update(connection=Partner.Connection.CONNECTED)
    assert "Not needed any more" in cpo.shown()
    assert cpo.post("token-b").status_code == 409
    assert not IssuedToken.objects.exists()


def test_a_link_may_be_without_it(cpo: Cpo, partner: Partner, staff: User, prepared: Onboarding) -> None:
    other = Cpo(*make_link(partner, given_to="Petra", days=1, by=staff, reveals_token_b=False))
    assert "not revealed over this link" in other.shown()
    assert other.post("token-b").status_code == 409
    assert not IssuedToken.objects.exists()


def test_a_new_link_reveals_a_new_one_and_ends_the_old(
    cpo: Cpo, partner: Partner, staff: User, prepared: Onboarding
) -> None:
    first = secret_in(cpo.post("token-b"))
    other = Cpo(*make_link(partner, given_to="Petra", days=1, by=staff, reveals_token_b=True))
    assert "revealed to Ana Nováková" in other.shown()
    second = secret_in(other.post("token-b"))
    assert tokens.find_issued(first) is None
    assert tokens.find_issued(second) is not None
