"""A worker may die anywhere: at any write, before or after any call. The next one makes the best of what is left."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.utils import timezone

from ocpi import handshake
from ocpi.models import HandshakeRun
from partners import tokens
from partners.models import Partner
from tests.ocpi.cpo import TOKEN_A, Answer, Reaction, ScriptedCpo, Seen, credentials_data, envelope, react_to
from tests.ocpi.handshake.conftest import advanced, received_text, token_state, waits
from tests.support.tasks import Ran

LOST = "They have registered us, but their answer was lost."


class WorkerKilled(BaseException):
    """Passes every `except Exception`, as a SIGKILL would; what was not committed is rolled back."""


class StrictCpo(ScriptedCpo):
    """A CPO that registers once: Token A is then used up, and each registration has a Token C of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.registered_with: list[tuple[str, str]] = []
        """Token B and Token C of each registration."""
        self.register_normally(accepted=None)
        for path in ("/versions", "/2.2.1/details"):
            self.on(path, self.with_the_right_token(self.script[path]))
        self.on("POST /2.2.1/credentials", self.register)

    def with_the_right_token(self, reaction: Reaction) -> Reaction:
        def react(seen: Seen) -> Answer:
            accepted = tuple(given for _, given in self.registered_with) or (TOKEN_A,)
            return react_to(self.guarded(reaction, accepted), seen)

        return react

    def register(self, seen: Seen) -> Answer:
        if seen.token != TOKEN_A or self.registered_with:
            return envelope(None, 2000, status=401)
        given = f"cccccccc-3333-4333-8333-{len(self.registered_with):012}"
        self.registered_with.append((seen.body["token"], given))
        return envelope(credentials_data(self.url, given))


@pytest.fixture
def strict_cpo() -> Iterator[StrictCpo]:
    server = StrictCpo()
    yield server
    server.close()


@contextmanager
def killed_at_write(number: int) -> Iterator[list[str]]:
    """Kill the worker at its n-th INSERT, UPDATE or DELETE; yields those that it began.

    To die between two writes is to die at the second.
    """
    seen: list[str] = []

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(sql)
            if len(seen) == number:
                raise WorkerKilled
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen


@contextmanager
def killed_at_call(number: int, after: bool) -> Iterator[list[Any]]:
    """Kill the worker before its n-th HTTP request is sent, or after it was answered."""
    send = requests.Session.send
    calls = []

    def dying(self: Any, request: Any, **kwargs: Any) -> Any:
        calls.append(request)
        if len(calls) == number and not after:
            raise WorkerKilled
        response = send(self, request, **kwargs)
        if len(calls) == number:
            raise WorkerKilled
        return response

    patch = pytest.MonkeyPatch()
    patch.setattr(requests.Session, "send", dying)
    try:
        yield calls
    finally:
        patch.undo()


def work_until_done(run: HandshakeRun) -> HandshakeRun:
    """The sweep, with time passing: whenever the run is due, a worker takes it."""
    for _ in range(10):
        HandshakeRun.objects.filter(pk=run.pk, next_check_at__isnull=False).update(
            next_check_at=timezone.now() - timedelta(seconds=1)
        )
        handshake.advance(run.pk)
        run = HandshakeRun.objects.get(pk=run.pk)
        if run.next_check_at is None:
            return run
    raise AssertionError(f"it does not end: {run.state} {run.step} {[step.text for step in run.steps.all()]}")


def check_end(run: HandshakeRun, partner: Partner, cpo: StrictCpo) -> None:
    """Connected with the very tokens that the CPO has, or failed with an explanation and nothing lost."""
    partner.refresh_from_db()
    assert not run.steps.filter(ended_at=None).exists()
    if run.state == "succeeded":
        (token_b, token_c), *more = cpo.registered_with
        assert not more
        assert received_text(partner) == token_c
        found = tokens.find_issued(token_b)
        assert found
        assert found.token.state == "active"
        assert partner.connection == Partner.Connection.CONNECTED
    else:
        assert (run.state, run.cause) == ("failed", LOST)
        assert partner.connection == Partner.Connection.NOT_CONNECTED
        assert tokens.find_issued(cpo.registered_with[0][0]), "they would call us with it"
        assert token_state(partner)["received"] == [("registration", "active")]


def writes_of(cpo: StrictCpo, fresh: Callable[..., Partner]) -> int:
    """How many writes a whole handshake takes."""
    run = handshake.start(fresh(f"{cpo.url}/versions"))
    with killed_at_write(0) as writes:
        handshake.advance(run.pk)
    return len(writes)


@pytest.mark.django_db
def test_killed_at_any_write_it_ends_connected_or_explained(
    strict_cpo: StrictCpo, fresh: Callable[..., Partner]
) -> None:
    whole = writes_of(strict_cpo, fresh)
    Partner.objects.update(code="first", party_id="FST")
    ends = []
    for number in range(1, whole + 1):
        strict_cpo.registered_with.clear()
        partner = fresh(f"{strict_cpo.url}/versions", code=f"p{number}", party_id=f"X{number:02}"[-3:])
        run = handshake.start(partner)
        with killed_at_write(number), pytest.raises(WorkerKilled):
            handshake.advance(run.pk)
        run = work_until_done(run)
        check_end(run, partner, strict_cpo)
        ends.append(run.state)
    # Only between the CPO's answer and our commit can it be lost: a few writes of many.
    assert ends.count("failed") < whole / 2
    assert "succeeded" in ends


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.django_db
def test_killed_at_any_call_it_ends_connected_or_explained(
    strict_cpo: StrictCpo, fresh: Callable[..., Partner], number: int, after: bool
) -> None:
    partner = fresh(f"{strict_cpo.url}/versions")
    run = handshake.start(partner)
    with killed_at_call(number, after), pytest.raises(WorkerKilled):
        handshake.advance(run.pk)
    run = work_until_done(run)
    check_end(run, partner, strict_cpo)
    assert (run.state == "failed") == (number == 3 and after)
    assert "Interrupted" in run.steps.filter(ok=None).get().text


@pytest.mark.django_db
def test_the_lease_keeps_others_away_until_it_ends(strict_cpo: StrictCpo, fresh: Callable[..., Partner]) -> None:
    run = handshake.start(fresh(f"{strict_cpo.url}/versions"))
    with killed_at_call(1, after=True), pytest.raises(WorkerKilled):
        handshake.advance(run.pk)
    assert handshake.advance(run.pk) is None
    run.refresh_from_db()
    assert timedelta(seconds=60) < waits(run) < timedelta(seconds=180)


@pytest.mark.django_db
def test_the_sweeps_claim_lets_exactly_its_own_task_in(
    strict_cpo: StrictCpo, fresh: Callable[..., Partner], run_tasks: Callable[..., list[Ran]]
) -> None:
    run = handshake.start(fresh(f"{strict_cpo.url}/versions"))
    held = timezone.now() + timedelta(seconds=30)
    HandshakeRun.objects.filter(pk=run.pk).update(next_check_at=held)
    assert handshake.advance(run.pk) is None
    assert handshake.advance(run.pk, held - timedelta(seconds=1)) is None
    assert advanced(run, held).state == "succeeded"
    assert handshake.advance(run.pk, held) is None


@pytest.mark.django_db
def test_the_tick_brings_it_to_its_end(
    strict_cpo: StrictCpo,
    fresh: Callable[..., Partner],
    run_tasks: Callable[..., list[Ran]],
    waiting_tasks: Callable[[], list[Ran]],
) -> None:
    from ocpi.tasks import sync_handshakes_tick
    from tests.support import tasks as queue

    partner = fresh(f"{strict_cpo.url}/versions")
    run = handshake.start(partner)
    assert waiting_tasks() == [("ocpi.tasks.sync_advance_handshake", (run.pk,))]
    queue.purge()  # the broker lost it
    assert sync_handshakes_tick() == 1
    assert sync_handshakes_tick() == 0
    run_tasks(raise_failures=False)
    run.refresh_from_db()
    assert run.state == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_post_once(strict_cpo: StrictCpo, fresh: Callable[..., Partner]) -> None:
    run = handshake.start(fresh(f"{strict_cpo.url}/versions"))
    barrier = threading.Barrier(4)
    results = []

    def worker() -> None:
        try:
            barrier.wait()
            results.append(handshake.advance(run.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result is not None for result in results) == [False, False, False, True]
    assert len(strict_cpo.calls("POST")) == 1
    run.refresh_from_db()
    assert run.state == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_lease_writes_nothing(strict_cpo: StrictCpo, fresh: Callable[..., Partner]) -> None:
    """A worker stalls in its POST; its successor finishes; the first must not undo that."""
    partner = fresh(f"{strict_cpo.url}/versions")
    run = handshake.start(partner)
    taken_over = threading.Event()

    def stalled(seen: Seen) -> Answer:
        if len(strict_cpo.calls("POST")) == 1:
            taken_over.wait(10)
            return envelope(None, 3003)
        return strict_cpo.register(seen)

    strict_cpo.on("POST /2.2.1/credentials", stalled)

    def first() -> None:
        try:
            handshake.advance(run.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    while not strict_cpo.calls("POST"):
        thread.join(0.02)
    done = work_until_done(run)
    taken_over.set()
    thread.join()
    assert done.state == "succeeded"
    run.refresh_from_db()
    assert run.state == "succeeded"
    check_end(run, partner, strict_cpo)
