"""The link: unguessable, kept as a digest, expiring, revocable, private."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from structlog.stdlib import ProcessorFormatter

from onboarding.models import PartnerLink
from onboarding.portal import limits
from onboarding.portal.links import find_link, make_link, revoke_links
from partners.ground import secrets
from partners.models import Partner
from tests.onboarding.portal.conftest import Cpo

ADDRESSES = ["page", "data-sheet", "data-sheet-pdf", "sign-off-pdf", "report-pdf", "token-b"]


def test_it_opens_the_page_without_a_login(cpo: Cpo, partner: Partner) -> None:
    answer = cpo.get()
    assert answer.status_code == 200
    assert partner.name in answer.content.decode()
    cpo.link.refresh_from_db()
    assert cpo.link.last_opened_at is not None


def test_only_a_digest_of_it_is_stored(cpo: Cpo) -> None:
    stored = PartnerLink.objects.values().get()
    assert stored["digest"] == secrets.digest(cpo.token)
    assert cpo.token not in str(stored)
    assert len(cpo.token) > 80


def test_it_is_private(cpo: Cpo) -> None:
    headers = cpo.get().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_it_answers_unknown_links_alike(db: None, name: str, cpo: Cpo) -> None:
    forged = cpo.token[:-1] + ("A" if cpo.token[-1] != "A" else "B")
    for token in ("x", forged, "é"):
        answer = Client().get(cpo.address(name).replace(cpo.token, token))
        assert answer.status_code == 404
        assert "We do not know this link" in answer.content.decode()
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_forged_one_does_not_reach_the_database(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert find_link("a" * 43 + ".signature").link is None


def test_it_ends_by_itself(cpo: Cpo) -> None:
    PartnerLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = cpo.get()
    assert answer.status_code == 410
    assert "This link has expired" in answer.content.decode()
    assert "techsupport@" in answer.content.decode()


def test_it_is_withdrawn(cpo: Cpo, partner: Partner) -> None:
    assert revoke_links(partner) == 1
    assert cpo.get().status_code == 410
    assert "withdrawn" in cpo.shown()
    assert cpo.post(versions_url="https://other.example/versions").status_code == 410
    assert revoke_links(partner) == 0


def test_a_new_one_replaces_the_one_before(cpo: Cpo, partner: Partner, staff: User) -> None:
    make_link(partner, given_to="Petra", days=1, by=staff, reveals_token_b=False)
    assert cpo.get().status_code == 410


def test_it_shows_one_partner_only(cpo: Cpo, staff: User) -> None:
    from tests.factories import PartnerFactory

    other = PartnerFactory.create()
    assert other.name not in cpo.shown()


@pytest.mark.parametrize("name", ["check", "window", "checklist", "judge", "confirm", "sign-off"])
def test_it_changes_nothing_by_get(cpo: Cpo, name: str) -> None:
    assert cpo.get(name).status_code == 405


@pytest.mark.parametrize("name", ["page", "check", "window", "checklist", "token-b", "judge", "confirm", "sign-off"])
def test_it_wants_the_csrf_token(cpo: Cpo, name: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(cpo.address(name), {"versions_url": "https://x.example/versions"}).status_code == 403


def test_it_slows_down_who_guesses(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRONG_LINKS", 3)
    wrong = cpo.address().replace(cpo.token, "wrong")
    answers = [Client().get(wrong).status_code for _ in range(5)]
    assert answers == [404, 404, 404, 429, 429]
    assert Client().get(wrong, REMOTE_ADDR="192.0.2.7").status_code == 404
    assert cpo.get().status_code == 200


def test_it_slows_down_who_sends_too_much(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SUBMISSIONS", 2)
    answers = [cpo.post("window", suggestion=f"Tuesday at 1{hour}:00 CET").status_code for hour in range(4)]
    assert answers == [302, 302, 429, 429]
    assert cpo.link.events.count() == 2
    assert cpo.get().status_code == 200


def test_the_log_does_not_hold_it(cpo: Cpo, caplog: pytest.LogCaptureFixture) -> None:
    cpo.post(party_id="toolong")
    revoke_links(cpo.link.partner)
    cpo.get()
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    ours = next(one for one in formatters if isinstance(one, ProcessorFormatter))
    written = "\n".join(ours.format(record) for record in caplog.records)
    assert "Unprocessable Entity: /onboarding/…/" in written
    assert "Gone: /onboarding/…/" in written
    assert cpo.token not in written
