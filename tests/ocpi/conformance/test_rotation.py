"""Rotation by PUT of credentials, cut off at any point: both sides can still call each other (OCPI 2.2.1 §7.2.3).

What is cut off is real: the partner's server fails, our database refuses a statement, or the answer gets lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ocpi.handshake.rotation import SWITCHED_BY, retire_replaced_tokens
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, Partner, ReceivedToken
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token
from tests.ocpi.cpo import MODULES, Answer, Reaction, ScriptedCpo, credentials_data, envelope
from tests.support.examples import examples

# Without a transaction around each test: what a failed statement leaves behind is what it would leave in earnest.
pytestmark = pytest.mark.django_db(transaction=True)
URL = "/ocpi/emsp/2.2.1/credentials"
STATEMENTS = 50  # more than a PUT has
PAGES = {"versions": "/versions", "details": "/2.2.1/details"}
FAILURES = {
    "500": envelope(None, 3000, "broken", status=500),
    "401": envelope(None, 2000, "who?", status=401),
    "html": Answer("<html>", 200),
    "empty": envelope([]),
}


@contextmanager
def failing_statement(number: int) -> Iterator[None]:
    """Let the statement with this number fail once, as a lost connection does; savepoints are left alone."""
    left = number

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if "SAVEPOINT" not in sql:
            left -= 1
            if left == 0:
                raise OperationalError("the connection was lost")
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


@dataclass
class Cpo:
    """A strict CPO. `speaks` is what it calls us with, `accepts` what it lets us in with."""

    server: ScriptedCpo
    partner: Partner
    speaks: str
    accepts: set[str] = field(default_factory=set)

    def put(self, cut: str, statement: int) -> None:
        """Send a fresh token. After a refusal it is dropped; where no answer comes both may be right."""
        fresh, before = secrets.new_token(), set(self.accepts)
        self.accepts |= {fresh}
        page, _, how = cut.partition(" ")
        for name, reaction in self.pages().items():
            self.server.on(PAGES[name], FAILURES[how] if name == page else self.guarded(reaction))
        with failing_statement(statement if cut == "database" else 0):
            answer = self.call("PUT", credentials_data(self.server.url, fresh))
        if cut == "answer":
            return
        if answer.json()["status_code"] == 1000:
            self.speaks, self.accepts = answer.json()["data"]["token"], {fresh}
        else:
            self.accepts = before

    def pages(self) -> dict[str, Answer]:
        """Its versions and details."""
        base = f"{self.server.url}/2.2.1"
        endpoints = [{"identifier": name, "role": role, "url": f"{base}/{name}"} for name, role in MODULES.items()]
        return {
            "versions": envelope([{"version": "2.2.1", "url": f"{base}/details"}]),
            "details": envelope({"version": "2.2.1", "endpoints": endpoints}),
        }

    def guarded(self, answer: Answer) -> Reaction:
        """HTTP 401 for whom it does not let in."""
        known = frozenset(self.accepts)
        return lambda seen: answer if seen.token in known else FAILURES["401"]

    def call(self, method: str, body: Any = None) -> Any:
        payload = {} if body is None else {"data": body, "content_type": "application/json"}
        headers = {"authorization": f"Token {self.speaks}"}
        return getattr(Client(raise_request_exception=False), method.lower())(URL, headers=headers, **payload)

    def check(self) -> None:
        """Each holds a token that the other takes. Looking does not count as use."""
        assert tokens.find_issued(self.speaks) is not None, "the CPO is locked out"
        ours = tokens.received_token(self.partner.pk, ReceivedToken.Purpose.CONNECTION)
        assert ours is not None
        assert tokens.reveal_received(ours) in self.accepts, "we are locked out"


@pytest.fixture
def server() -> Iterator[ScriptedCpo]:
    cpo = ScriptedCpo()
    yield cpo
    cpo.close()


@contextmanager
def connected(server: ScriptedCpo) -> Iterator[Cpo]:
    """A registered CPO; an example leaves nothing behind for the next."""
    partner = PartnerFactory.create(country_code="SK", party_id="ION", versions_url=f"{server.url}/versions")
    PartnerRoleFactory.create(partner=partner)
    ours = secrets.new_token()
    tokens.store_received(partner, ours, ReceivedToken.Purpose.CONNECTION)
    yield Cpo(server, partner, issue_token(partner), {ours})
    partner.delete()


CUTS = ["", "answer", "database", *(f"{page} {how}" for page in PAGES for how in FAILURES)]
rotations = st.tuples(st.sampled_from(CUTS), st.integers(1, STATEMENTS))
steps = st.lists(st.one_of(rotations, st.sampled_from(["used", "swept", "a day later"])), min_size=1, max_size=6)


@examples(6)
@given(course=steps)
def test_both_sides_can_talk_after_any_course_of_rotations(server: ScriptedCpo, course: list[Any]) -> None:
    with connected(server) as cpo, time_machine.travel(timezone.now()) as clock:
        for step in course:
            if isinstance(step, tuple):
                cpo.put(*step)
            elif step == "used":
                assert cpo.call("GET").status_code == 200
            else:
                clock.shift(SWITCHED_BY + timedelta(minutes=5) if step == "a day later" else timedelta(minutes=1))
                retire_replaced_tokens()
            cpo.check()


def test_a_quiet_partner_keeps_the_token_that_it_got(server: ScriptedCpo) -> None:
    """It rotated and has had no reason to call since: nobody can tell that from an answer that got lost."""
    with connected(server) as cpo, time_machine.travel(timezone.now()) as clock:
        cpo.put("", 0)
        clock.shift(2 * SWITCHED_BY)
        assert retire_replaced_tokens() == 0
        assert cpo.call("GET").status_code == 200
        assert retire_replaced_tokens() == 1
        cpo.check()


def test_a_partner_that_goes_on_with_its_old_token_keeps_that(server: ScriptedCpo) -> None:
    with connected(server) as cpo, time_machine.travel(timezone.now()) as clock:
        cpo.put("answer", 0)
        clock.shift(2 * SWITCHED_BY)
        assert cpo.call("GET").status_code == 200
        assert retire_replaced_tokens() == 1
        cpo.check()


def test_it_survives_a_database_failure_at_any_statement(server: ScriptedCpo) -> None:
    for statement in range(1, STATEMENTS + 1):
        with connected(server) as cpo:
            cpo.put("database", statement)
            cpo.check()
            cpo.put("", 0)
            cpo.check()
            assert cpo.call("GET").status_code == 200
            retire_replaced_tokens()
            cpo.check()
            usable = IssuedToken.objects.filter(partner=cpo.partner).exclude(state=IssuedToken.State.REVOKED)
            assert usable.count() == 1, f"statement {statement}"


def test_a_put_has_fewer_statements_than_are_tried(server: ScriptedCpo, django_assert_max_num_queries: Any) -> None:
    with connected(server) as cpo, django_assert_max_num_queries(STATEMENTS):
        cpo.put("", 0)
