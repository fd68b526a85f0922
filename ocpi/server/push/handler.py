"""Pushes from beginning to end: look, decide, write, answer."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, connections

from ocpi.envelope import EnvelopeRenderer, StatusCode, envelope
from ocpi.log import message_log
from ocpi.log.message_log import INBOUND, Outcome
from ocpi.routing import is_offered
from ocpi.server.answer_headers import correlation_headers, routing_headers
from ocpi.server.authentication import caller_of, is_at_own_host
from ocpi.server.errors import AWAY
from ocpi.server.push import sessions, spool, statuses
from ocpi.server.push.arrival import Answer, Arrival
from ocpi.server.push.decision import Decision
from ocpi.server.push.statements import Looked
from ocpi.server.views.reading import read_json
from ocpi.store import Party, stamps
from partners import tokens
from partners.ground import counting, tracing
from partners.ground.networks import covers
from partners.ground.outage import RETRY_AFTER, database_was_away
from partners.models import Partner

log = structlog.get_logger(__name__)
RENDERER = EnvelopeRenderer()
KINDS = {"sessions": sessions, "locations": statuses}


@dataclass(frozen=True, slots=True)
class Taken:
    """A push that was decided: what is to be written, and what it is answered with once that is."""

    looked: Looked
    decision: Decision
    answer: Answer
    message: dict[str, Any]


def answer(arrivals: Sequence[Arrival]) -> list[Answer | None]:
    """Store what can be stored at once, and return the answers. None: of this one nothing was done.

    Those of one kind share a commit. Where the write fails each is done again by itself: a bad one fails alone. Where
    there is no database all are told to come again (503).
    """
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        return [None] * len(arrivals)
    answers: dict[int, Answer | None] = {}
    try:
        spool.of_this_thread().keep(arrivals)
    except OSError as error:  # nothing is trusted that is not kept: the view keeps it in its own way
        log.warning("spool_not_written", error=str(error))
        return [None] * len(arrivals)
    for module, kind in KINDS.items():
        answers |= _store_in_order(kind, [one for one in arrivals if one.module == module])
    for one in arrivals:
        if id(one) in answers:
            one.handed.let_go()
    return [answers.get(id(one)) for one in arrivals]


def _store_in_order(kind: Any, arrivals: Sequence[Arrival]) -> dict[int, Answer | None]:
    """Of several of one object the later ones follow the first to its view, which would else come last."""
    answers: dict[int, Answer | None] = {}
    left: set[tuple[str, ...]] = set()
    for group in _apart(arrivals):
        if here := [one for one in group if one.key not in left]:
            answers |= _store(kind, here)
            left |= {one.key for one in here if id(one) not in answers}
    return answers


def _apart(arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Groups in which no two write the same, in the order of their arrival."""
    left = list(arrivals)
    while left:
        known: set[tuple[str, ...]] = set()
        group: list[Arrival] = []
        later: list[Arrival] = []
        for one in left:
            (later if one.key in known else group).append(one)
            known.add(one.key)
        yield group
        left = later


def _store(kind: Any, arrivals: Sequence[Arrival], *, once_more: bool = True) -> dict[int, Answer | None]:
    try:
        return _try(kind, arrivals)
    except Exception as error:  # noqa: BLE001  (whatever it is, the view meets it too, and tells of it)
        log.info("push_left_to_view", count=len(arrivals), error=repr(error))
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        if database_was_away(error):
            # None of them would fare better by itself or in its view, and each would wait for a connection.
            return _store(kind, arrivals, once_more=False) if once_more else _turn_away(arrivals)
        if len(arrivals) == 1:
            return {}
    answers: dict[int, Answer | None] = {}
    for one in arrivals:
        answers |= _store(kind, [one])
    return answers


def _turn_away(arrivals: Sequence[Arrival]) -> dict[int, Answer | None]:
    """Without a database: each is to come again."""
    body = RENDERER.render(envelope(StatusCode.SERVER_ERROR, message=AWAY))
    headers = {"Content-Type": "application/json", "Retry-After": str(RETRY_AFTER)}
    told = [(one, correlation_headers(one.version, one.request.headers)) for one in arrivals]
    return {id(one): Answer(503, {**headers, **ids}, body) for one, ids in told}


def _try(kind: Any, arrivals: Sequence[Arrival]) -> dict[int, Answer | None]:
    taken: dict[int, tuple[Arrival, Taken]] = {}
    for number, (arrival, looked) in enumerate(zip(arrivals, kind.look(arrivals), strict=True)):
        if looked is not None and (one := _take(kind, arrival, looked)) is not None:
            taken[number] = arrival, one
    if not taken:
        return {}
    rows = [{"n": number, **one.decision.row} for number, (_, one) in taken.items()]
    messages = [{"n": number, **one.message} for number, (_, one) in taken.items()]
    stored = kind.write(rows, messages)
    done = {number: taken[number] for number in stored}
    _tell(kind, [one for _, one in done.values() if one.decision.followed])
    for _, one in done.values():
        _note(one)
    _count([arrival for arrival, _ in done.values()], [one for _, one in done.values()])
    return {id(arrival): one.answer for arrival, one in done.values()}


def _take(kind: Any, arrival: Arrival, looked: Looked) -> Taken | None:
    """Decide what becomes of a push; None where it is not in order, or not this way's."""
    partner = _caller(arrival, looked)
    if partner is None:
        return None
    party = Party(partner, arrival.country_code, arrival.party_id, arrival.version)
    try:
        decision = kind.decide(
            arrival, party, looked, read_json(arrival.body) if arrival.data is None else arrival.data
        )
    except Exception:  # noqa: BLE001  (the view says what is wrong with it)
        return None
    if decision is None or (not arrival.version.ids_ignore_case and decision.stored_id != arrival.ids[-1]):
        return None
    status = 201 if decision.created else 200
    asked_by = arrival.request.headers
    headers = {
        "Content-Type": "application/json",
        **correlation_headers(arrival.version, asked_by),
        **routing_headers(arrival.version, asked_by, partner),
    }
    body = RENDERER.render(envelope())
    name = f"{decision.kind}:{arrival.country_code}*{arrival.party_id}/{'/'.join(arrival.ids)}"
    outcome = Outcome(
        http_status=status, ocpi_status=int(StatusCode.SUCCESS), headers=headers, body=body, objects=[name]
    )
    ended = message_log.ended(outcome, arrival.started)
    message = {"id": looked.message_id, **arrival.logged, **ended, "partner_id": partner.pk}
    return Taken(looked, decision, Answer(status, headers, body), message)


def _caller(arrival: Arrival, looked: Looked) -> Partner | None:
    """The partner that calls, where nothing speaks against it: the view says what does."""
    caller = caller_of(looked.found, encoded=arrival.version.encodes_token)
    partner = caller.partner
    if caller.registering or partner.connection == Partner.Connection.SUSPENDED:
        return None
    if not is_at_own_host(partner, arrival.request) or not is_offered(arrival.version, partner):
        return None
    if caller.networks and not covers(caller.networks, arrival.source):
        return None
    return partner if (arrival.country_code, arrival.party_id) in caller.parties else None


def _tell(kind: Any, followed: Sequence[Taken]) -> None:
    """What follows from pushes that are stored, for all of them at once, under the id that they have in common."""
    if followed:
        ids = {one.message["correlation_id"] for one in followed}
        with tracing.carrying(ids.pop() if len(ids) == 1 else ""):
            _try_after(partial(kind.tell, [one.decision.followed for one in followed]), pushes=len(followed))


def _count(arrivals: Sequence[Arrival], done: Sequence[Taken]) -> None:
    if done:
        ended = [(one.looked.found.token.partner.code, one.answer.status) for one in done]
        seconds = time.monotonic() - min(one.started for one in arrivals)
        _try_after(partial(counting.count_pushes, INBOUND, arrivals[0].module, ended, seconds), pushes=len(done))


def _note(one: Taken) -> None:
    """What a push that is stored tells of its token and of the partner's clock."""
    token, decision, message_id = one.looked.found.token, one.decision, one.looked.message_id
    _try_after(partial(tokens.note_use, token), message_id=message_id)
    measure = partial(stamps.measure, token.partner_id, decision.said, decision.said_before, message_id)
    _try_after(measure, message_id=message_id)


def _try_after(step: Callable[[], Any], **named: int) -> None:
    """Nothing of this takes a push back, which is committed: it must not be done again."""
    try:
        step()
    except Exception:
        log.exception("push_not_noted", **named)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
