"""Rotations that either side begins, one after the other, each cut off anywhere: both can still call each other
(OCPI 2.2.1 §7.2.3). What `test_rotation` does for a PUT of theirs is mixed here with PUTs of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from ocpi import handshake
from ocpi.handshake.rotation import SWITCHED_BY, retire_replaced_tokens
from ocpi.models import HandshakeRun
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, ReceivedToken
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token
from tests.ocpi.conformance.test_rotation import CUTS, FAILURES, Cpo, failing_statement
from tests.ocpi.cpo import Answer, Reaction, ScriptedCpo, Seen, credentials_data, envelope
from tests.ocpi.handshake.test_dying_workers import WorkerKilled, killed_at_call, killed_at_write
from tests.support.examples import examples

pytestmark = pytest.mark.django_db(transaction=True)
PUT = "PUT /2.2.1/credentials"
CALLS = 5  # versions, details, credentials, and the new token tried once; one more for a second try
STATEMENTS = 90  # more than a rotation has
# What becomes of our PUT at the CPO: it takes it and answers, or something breaks before or after that.
FATES = ("taken", "lost", "html", "not read", "refused", "forgotten")
# Where our worker dies, or loses its database.
DEATHS = ("", "write", "statement", "before call", "after call")
LOST = {"lost": Answer("", 504), "html": Answer("<html>", 502)}


class Both(Cpo):
    """A CPO that begins rotations, and answers ours; it keeps a token that it replaces until it sees the new one."""

    fate = "taken"
    fresh: set[str] = set()

    def listen(self) -> None:
        """Serve its versions and details, and take our PUT."""
        for name, path in (("versions", "/versions"), ("details", "/2.2.1/details")):
            self.server.on(path, self.knowing(self.pages()[name]))
        self.server.on(PUT, self.knowing(self.take))

    def knowing(self, reaction: Reaction) -> Reaction:
        def react(seen: Seen) -> Answer:
            if seen.token not in self.accepts:
                return FAILURES["401"]
            if seen.token in self.fresh:
                self.accepts, self.fresh = {seen.token}, set()
            return reaction(seen) if callable(reaction) else reaction

        return react

    def take(self, seen: Seen) -> Answer:
        """PUT credentials: it calls us back with our new token, as it should, and answers with its own."""
        if self.fate == "not read":
            return Answer("", 503)
        if self.fate == "refused":
            return envelope(None, 3001, "not today")
        self.call_back(seen.body["token"])
        given = secrets.new_token()
        if self.fate != "forgotten":
            self.speaks, self.accepts, self.fresh = seen.body["token"], self.accepts | {given}, self.fresh | {given}
        return LOST.get(self.fate) or envelope(credentials_data(self.server.url, given))

    def call_back(self, token: str) -> None:
        try:
            answer = Client().get("/ocpi/emsp/versions", headers={"authorization": f"Token {token}"})
            assert answer.status_code == 200
        finally:
            connection.close()

    def rotated_by_us(self, fate: str, death: str, number: int) -> None:
        """We begin a rotation, or go on with the one that is under way."""
        self.fate = fate
        self.listen()
        with suppress(handshake.HandshakeRefusedError):
            handshake.rotate(self.partner)
        run = HandshakeRun.objects.filter(partner=self.partner).order_by("-pk")[0]
        with suppress(WorkerKilled, OperationalError), dying(death, number):
            self.go_on(run)

    def go_on(self, run: HandshakeRun) -> None:
        HandshakeRun.objects.filter(pk=run.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
        handshake.advance(run.pk)

    def check(self) -> None:
        """A worker that dies before it tried the new token has not seen that they lost it: its successor does."""
        trying = HandshakeRun.objects.filter(partner=self.partner, step=HandshakeRun.Step.FINISH)
        run = trying.exclude(next_check_at=None).first()
        if run is not None and self.fate == "forgotten":
            self.go_on(run)
        super().check()


@contextmanager
def dying(death: str, number: int) -> Iterator[None]:
    """Have our worker die there, if it comes that far."""
    if death == "write":
        with killed_at_write(number):
            yield
    elif death == "statement":
        with failing_statement(number):
            yield
    elif death:
        with killed_at_call((number - 1) % CALLS + 1, after=death == "after call"):
            yield
    else:
        yield


@pytest.fixture
def server() -> Iterator[ScriptedCpo]:
    cpo = ScriptedCpo()
    yield cpo
    cpo.close()


@contextmanager
def connected(server: ScriptedCpo) -> Iterator[Both]:
    """A registered CPO; an example leaves nothing behind for the next."""
    partner = PartnerFactory.create(
        country_code="SK", party_id="ION", versions_url=f"{server.url}/versions", agreed_version="2.2.1"
    )
    PartnerRoleFactory.create(partner=partner)
    ours = secrets.new_token()
    tokens.store_received(partner, ours, ReceivedToken.Purpose.CONNECTION)
    try:
        yield Both(server, partner, issue_token(partner), {ours})
    finally:
        HandshakeRun.objects.filter(partner=partner).delete()
        partner.delete()


theirs = st.tuples(st.just("theirs"), st.sampled_from(CUTS), st.integers(1, 40))
ours = st.tuples(st.sampled_from(FATES), st.sampled_from(DEATHS), st.integers(1, STATEMENTS))
courses = st.lists(st.one_of(ours, theirs, st.sampled_from(["used", "swept", "a day later"])), min_size=1, max_size=6)
FORGOTTEN: list[Any] = [("forgotten", "", 1), "swept", "used", "a day later", "used", "swept", "used"]


def play(server: ScriptedCpo, course: list[Any]) -> None:
    """Both sides can call each other after each step."""
    with connected(server) as cpo, time_machine.travel(timezone.now()) as clock:
        for step in course:
            if step == "used":
                assert cpo.call("GET").status_code == 200
            elif isinstance(step, str):
                clock.shift(SWITCHED_BY + timedelta(minutes=5) if step == "a day later" else timedelta(minutes=3))
                retire_replaced_tokens()
            elif step[0] == "theirs":
                cpo.put(*step[1:])
            else:
                cpo.rotated_by_us(*step)
            try:
                cpo.check()
            except AssertionError as error:
                raise AssertionError(f"{error} after {step} in {course}") from None


@examples(6)
@example(course=FORGOTTEN)
@example(course=[("taken", "", 1), ("forgotten", "before call", 4)])
@given(course=courses)
def test_both_sides_can_talk_after_any_course_of_rotations(server: ScriptedCpo, course: list[Any]) -> None:
    play(server, course)


@pytest.mark.heavy
@examples(200)
@given(course=courses)
def test_both_sides_can_talk_after_many_courses(server: ScriptedCpo, course: list[Any]) -> None:
    play(server, course)


@pytest.mark.heavy
@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("fate", FATES)
def test_each_single_point_of_our_rotation(server: ScriptedCpo, fate: str, death: str) -> None:
    """Cut off at every statement, write or call; then they go on, and in the end one token of ours is left."""
    most = {"": 1, "before call": CALLS, "after call": CALLS}.get(death, STATEMENTS)
    for number in range(1, most + 1):
        with connected(server) as cpo, time_machine.travel(timezone.now()) as clock:
            cpo.rotated_by_us(fate, death, number)
            cpo.check()
            cpo.rotated_by_us("taken", "", 1)
            cpo.check()
            # One whose try nobody answered may be in their books: it ends with its grace period.
            for hours in (24, django_settings.OCPI_TOKEN_GRACE_HOURS):
                clock.shift(timedelta(hours=hours, minutes=5))
                assert cpo.call("GET").status_code == 200
                retire_replaced_tokens()
                cpo.check()
            usable = IssuedToken.objects.filter(partner=cpo.partner).exclude(state=IssuedToken.State.REVOKED)
            assert usable.count() == 1, f"{fate}, {death} {number}"
