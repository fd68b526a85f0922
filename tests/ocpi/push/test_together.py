"""Pushes that are taken together end in the same rows, and are answered with the same words, as one by one in their
views: two of one Session, two tokens of one partner, bad ones among good ones."""

from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from ocpi.server import push
from partners import clocks
from partners.models import Partner
from tests.ocpi.push.comparing import COUNTED, differences, rows
from tests.ocpi.push.conftest import TO_THE_VIEW
from tests.ocpi.push.test_both_ways import KEPT, NOW, asked, pushes, send
from tests.ocpi.server.conftest import Cpo
from tests.support.examples import examples

pytestmark = pytest.mark.django_db
streams = st.lists(
    st.tuples(pushes(), st.sampled_from([0, 0, 1]), st.sampled_from(["S-1", "S-1", "S-2"])), min_size=2, max_size=8
)
"""Messages, each by one of two tokens of one partner, about one of two Sessions."""


@pytest.fixture
def cpos(partner: Partner) -> list[Cpo]:
    """One partner, while its token is being replaced."""
    return [Cpo(partner), Cpo(partner)]


def about(message: dict[str, Any], name: str) -> dict[str, Any]:
    """The message with another Session's id, in its URL and where it says it."""
    body = message["body"]
    if isinstance(body, dict) and body.get("id") == "S-1":
        body = {**body, "id": name}
    return {**message, "path": message["path"].replace("S-1", name), "body": body}


def one_by_one(cpos: list[Cpo], stream: list[Any]) -> list[Any]:
    return [send(cpos[by], about(message, name), **TO_THE_VIEW) for message, by, name in stream]


def together(cpos: list[Cpo], stream: list[Any]) -> list[Any]:
    """All at once, and what is left of them by their views, in its order.

    Between what the plain way does not even know for a push, and the others, there is no order: it comes by itself.
    """
    answers: list[Any] = []
    waiting: list[Any] = []
    for message, by, name in stream:
        asked_for = request(cpos[by], about(message, name))
        arrival = push.receive(asked_for, asked_for.body) if push.is_one(asked_for.META) else None
        if arrival is not None:
            waiting.append(((message, by, name), arrival))
            continue
        answers += [*at_once(cpos, waiting), *one_by_one(cpos, [(message, by, name)])]
        waiting = []
    return [*answers, *at_once(cpos, waiting)]


def at_once(cpos: list[Cpo], waiting: list[Any]) -> list[Any]:
    found = push.answer([arrival for _, arrival in waiting]) if waiting else []
    answers: list[Any] = []
    for (one, _), taken in zip(waiting, found, strict=True):
        answers += [[taken.status, dict(taken.headers), taken.body]] if taken else one_by_one(cpos, [one])
    return answers


def request(cpo: Cpo, message: dict[str, Any]) -> Any:
    """The request that `send` makes, before anybody has answered it."""
    maker = Cpo(cpo.partner, message["version"], cpo.token)
    maker.client = RequestFactory()  # type: ignore[assignment]
    return asked(maker, message)


def play(way: Any, cpos: list[Cpo], stream: list[Any]) -> list[Any]:
    """What it leaves, in a transaction that is undone. What came at one time has no order."""
    clocks.forget()
    with time_machine.travel(NOW, tick=False), transaction.atomic():
        answers = way(cpos, stream)
        left = rows(KEPT, COUNTED | {"code"})
        transaction.set_rollback(True)
    for made in left.values():
        made.sort(key=repr)
    for answer in answers:
        answer[1].pop("Content-Length", None)
    return [answers, left]


@given(stream=streams)
@examples(20)
def test_any_pushes_together(cpos: list[Cpo], stream: list[Any]) -> None:
    assert differences(play(together, cpos, stream), play(one_by_one, cpos, stream)) == []


@pytest.mark.heavy
@given(stream=streams)
@examples(1000)
def test_any_pushes_together_at_length(cpos: list[Cpo], stream: list[Any]) -> None:
    assert differences(play(together, cpos, stream), play(one_by_one, cpos, stream)) == []
