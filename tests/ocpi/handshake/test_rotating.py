"""Rotation by PUT, begun by us (OCPI 2.2.1 §7.2.3): whatever breaks, both sides can still call each other."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from ocpi import handshake
from ocpi.handshake.registration import unregister
from ocpi.handshake.rotation import SWITCHED_BY, retire_replaced_tokens
from ocpi.models import HandshakeRun, SyncRun
from partners import tokens
from partners.models import Incident, IssuedToken, Partner
from tests.factories import PartnerRoleFactory, issue_token
from tests.ocpi.cpo import TOKEN_C, Answer, Reaction, ScriptedCpo, Seen, connected_partner, credentials_data, envelope
from tests.ocpi.handshake.conftest import advanced, last_step, received_text
from tests.ocpi.handshake.test_dying_workers import WorkerKilled, killed_at_write

pytestmark = pytest.mark.django_db
MOST_WRITES = 70  # more than a rotation has
heavy = pytest.mark.heavy


class Cpo:
    """A registered CPO. `speaks`: the tokens that it may call us with; `accepts`: those that it lets us in with.

    It keeps what it replaces until it sees the new token, as we do.
    """

    def __init__(self, server: ScriptedCpo, version: str = "2.2.1") -> None:
        self.server = server
        self.accepts = {TOKEN_C}
        self.puts = 0
        server.register_normally(version, accepted=None)
        self.partner = connected_partner(f"{server.url}/{version}", version)
        self.partner.versions_url = f"{server.url}/versions"
        self.partner.agreed_version = version
        self.partner.save()
        PartnerRoleFactory.create(partner=self.partner)
        self.old = issue_token(self.partner)
        self.speaks = {self.old}
        self.guard(version)

    def guard(self, version: str) -> None:
        for path in ("/versions", f"/{version}/details"):
            self.server.on(path, self.guarded(self.server.script[path]))
        self.server.on(f"PUT /{version}/credentials", self.guarded(self.take))

    def guarded(self, reaction: Reaction) -> Reaction:
        def react(seen: Seen) -> Answer:
            if seen.token not in self.accepts:
                return envelope(None, 2000, "Unknown token", status=401)
            return reaction(seen) if callable(reaction) else reaction

        return react

    def take(self, seen: Seen) -> Answer:
        """PUT: both sides get new tokens."""
        self.puts += 1
        given = f"dddddddd-4444-4444-8444-{self.puts:012}"
        self.accepts |= {given}
        self.speaks |= {seen.body["token"]}
        return envelope(credentials_data(self.server.url, given))

    def check(self) -> None:
        """Whichever of its tokens it uses, we know it; and it lets us in with what we have."""
        for token in self.speaks:
            assert tokens.find_issued(token), "the CPO is locked out"
        assert received_text(self.partner) in self.accepts, "we are locked out"

    def uses(self, token: str) -> None:
        found = tokens.find_issued(token)
        assert found
        tokens.note_use(found.token)


@pytest.fixture
def registered(cpo: ScriptedCpo) -> Cpo:
    return Cpo(cpo)


def rotated(partner: Partner) -> HandshakeRun:
    return advanced(handshake.rotate(partner))


def usable(partner: Partner) -> int:
    return IssuedToken.objects.filter(partner=partner).exclude(state=IssuedToken.State.REVOKED).count()


def test_both_sides_get_new_tokens_and_the_old_one_ends_once_the_new_one_was_seen(registered: Cpo) -> None:
    run = rotated(registered.partner)
    assert (run.state, run.kind, run.cause) == ("succeeded", "rotate", "")
    assert [step.step for step in run.steps.all()] == ["versions", "details", "modules", "credentials", "finish"]
    (put,) = registered.server.calls("PUT")
    assert put.token == TOKEN_C
    assert received_text(registered.partner) == "dddddddd-4444-4444-8444-000000000001"
    assert not SyncRun.objects.exists(), "nothing but the tokens changed"
    assert (retire_replaced_tokens(), usable(registered.partner)) == (0, 2)
    registered.uses(put.body["token"])
    assert (retire_replaced_tokens(), usable(registered.partner)) == (1, 1)
    assert tokens.find_issued(registered.old) is None


def test_a_quiet_partner_s_old_token_ends_with_its_grace_period(registered: Cpo, settings: Any) -> None:
    settings.OCPI_TOKEN_GRACE_HOURS = 72
    with time_machine.travel(timezone.now()) as clock:
        rotated(registered.partner)
        (put,) = registered.server.calls("PUT")
        clock.shift(timedelta(hours=71))
        assert retire_replaced_tokens() == 0
        clock.shift(timedelta(hours=2))
        assert retire_replaced_tokens() == 1
        assert tokens.find_issued(registered.old) is None
        assert tokens.find_issued(put.body["token"])


def test_a_partner_that_still_uses_its_old_token_keeps_it(registered: Cpo) -> None:
    with time_machine.travel(timezone.now()) as clock:
        rotated(registered.partner)
        clock.shift(SWITCHED_BY + timedelta(minutes=5))
        registered.uses(registered.old)
        assert retire_replaced_tokens() == 1
        assert tokens.find_issued(registered.old)


def test_it_switches_to_the_agreed_version(cpo: ScriptedCpo) -> None:
    registered = Cpo(cpo)
    partner = registered.partner
    cpo.register_normally("2.1.1", accepted=None)
    flat = credentials_data(cpo.url) | {"business_details": {"name": "Ion"}, "party_id": "ION", "country_code": "SK"}
    del flat["roles"]
    cpo.on("PUT /2.1.1/credentials", envelope(flat))
    partner.agreed_version = "2.1.1"
    partner.save()
    assert rotated(partner).state == "succeeded"
    partner.refresh_from_db()
    assert partner.version == "2.1.1"
    assert set(partner.endpoints.values_list("version", "role")) == {("2.1.1", "")}
    assert set(SyncRun.objects.values_list("module", flat=True)) == {"locations", "tariffs"}, "read in its new words"


@pytest.mark.parametrize("lost", [envelope(None, 3000, status=500), Answer("", 504), Answer("<html>", 502)])
def test_a_put_without_an_answer_is_made_again(registered: Cpo, lost: Answer) -> None:
    """They may have carried it out: their tokens of both tries work, and the next try settles it."""

    def first(seen: Seen) -> Answer:
        answer = registered.take(seen)
        return answer if registered.puts > 1 else lost

    registered.server.on("PUT /2.2.1/credentials", registered.guarded(first))
    run = rotated(registered.partner)
    assert run.state == "running"
    registered.check()
    HandshakeRun.objects.update(next_check_at=timezone.now())
    assert (advanced(run).state, registered.puts) == ("succeeded", 2)
    registered.check()


def test_one_whose_answer_is_lost_and_who_lets_us_in_no_more_is_an_incident(registered: Cpo) -> None:
    """A CPO that ends the old token at once: it can call us, we cannot call it, and staff are told."""

    def strict(seen: Seen) -> Answer:
        registered.take(seen)
        registered.accepts = {"what we never got"}
        return Answer("", 504)

    registered.server.on("PUT /2.2.1/credentials", registered.guarded(strict))
    run = rotated(registered.partner)
    assert run.state == "running"
    HandshakeRun.objects.update(next_check_at=timezone.now())
    run = advanced(run)
    assert run.state == "failed"
    assert run.cause.startswith("They have renewed the tokens, but their answer with ours was lost")
    assert "Method B" in run.advice
    for token in registered.speaks:
        assert tokens.find_issued(token), "the CPO is locked out"
    assert Incident.objects.get().symptom == "HTTP 401 on all requests after handshake"


def test_a_token_that_they_do_not_take_themselves_gives_way_to_the_one_before(registered: Cpo) -> None:
    """Their server answered and then lost what it had answered."""

    def forgetful(seen: Seen) -> Answer:
        answer = registered.take(seen)
        registered.accepts = {TOKEN_C}
        return answer

    registered.server.on("PUT /2.2.1/credentials", registered.guarded(forgetful))
    run = rotated(registered.partner)
    assert run.state == "succeeded"
    assert "the one before it: that one is kept" in last_step(run).text
    assert received_text(registered.partner) == TOKEN_C
    registered.check()
    assert not Incident.objects.exists()


def test_it_ends_when_they_unregister_meanwhile(registered: Cpo) -> None:
    registered.server.on("/versions", Answer("", 503))
    run = rotated(registered.partner)
    found = tokens.find_issued(registered.old)
    assert found
    unregister(registered.partner, found.token)
    run.refresh_from_db()
    assert (run.state, run.cause, run.next_check_at) == ("cancelled", "They unregistered.", None)
    assert usable(registered.partner) == 0


@pytest.mark.parametrize("status", [401, 405])
def test_what_they_refuse_changes_nothing(registered: Cpo, status: int) -> None:
    registered.server.on("PUT /2.2.1/credentials", envelope(None, 2000, status=status))
    run = rotated(registered.partner)
    assert run.state == "failed"
    assert (received_text(registered.partner), usable(registered.partner)) == (TOKEN_C, 1)
    registered.check()


def test_a_token_whose_try_failed_counts_once_they_use_it_afterwards(registered: Cpo) -> None:
    """Their call back while our PUT was open says nothing of what they kept."""
    partner = registered.partner

    def calls_back_and_fails(seen: Seen) -> Answer:
        found = tokens.find_issued(seen.body["token"])
        assert found
        tokens.note_use(found.token)
        return Answer("", 504)

    registered.server.on("PUT /2.2.1/credentials", calls_back_and_fails)
    with time_machine.travel(timezone.now()) as clock:
        run = rotated(partner)
        clock.shift(timedelta(hours=1))
        HandshakeRun.objects.update(next_check_at=timezone.now())
        run = advanced(run)
        assert (run.state, usable(partner)) == ("failed", 2)
        assert "They may have renewed the tokens." in run.cause
        assert retire_replaced_tokens() == 0
        clock.shift(timedelta(minutes=10))
        (put,) = registered.server.calls("PUT")
        registered.uses(put.body["token"])
        assert (retire_replaced_tokens(), usable(partner)) == (1, 1)
        assert tokens.find_issued(registered.old) is None


def test_who_is_not_connected_or_suspended_has_nothing_to_renew(registered: Cpo) -> None:
    for connection_state in (Partner.Connection.NOT_CONNECTED, Partner.Connection.SUSPENDED):
        registered.partner.connection = connection_state
        with pytest.raises(handshake.HandshakeRefusedError, match="no tokens to renew"):
            handshake.rotate(registered.partner)
    registered.partner.connection = Partner.Connection.CONNECTED
    run = handshake.rotate(registered.partner)
    with pytest.raises(handshake.HandshakeRefusedError, match=f"rotation .* under way already \\(number {run.pk}\\)"):
        handshake.rotate(registered.partner)
    assert handshake.cancel(run.pk).state == "cancelled"
    assert (received_text(registered.partner), usable(registered.partner)) == (TOKEN_C, 1)


@pytest.mark.parametrize("numbers", [range(1, MOST_WRITES, 5), pytest.param(range(1, MOST_WRITES), marks=heavy)])
def test_it_survives_a_death_at_any_write(cpo: ScriptedCpo, numbers: range) -> None:
    for number in numbers:
        registered = Cpo(cpo)
        run = handshake.rotate(registered.partner)
        try:
            with killed_at_write(number) as writes:
                handshake.advance(run.pk)
        except WorkerKilled:
            registered.check()
        HandshakeRun.objects.filter(pk=run.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
        handshake.advance(run.pk)
        run.refresh_from_db()
        assert run.state == "succeeded", f"write {number}: {run.cause}"
        registered.check()
        if len(writes) < number:
            return
        registered.partner.parties.all().delete()
        Partner.objects.filter(code="ion").update(code=f"p{number}", party_id=f"X{number:02}"[-3:])
    raise AssertionError("a rotation has more writes than are tried")
