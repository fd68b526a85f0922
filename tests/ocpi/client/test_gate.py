"""A partner that is slow or away does not take every worker, and does not lock itself out for long."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from ocpi.client import SENDER, CallFailed, functional
from ocpi.models import Message
from partners.models import Partner
from tests.ocpi.cpo import ScriptedCpo, connected_partner, envelope


@pytest.fixture
def partner(db: None, cpo: ScriptedCpo) -> Partner:
    cpo.on("/sessions", envelope([]))
    return connected_partner(cpo.url)


def log(partner: Partner | None, count: int, ago: float, **values: Any) -> None:
    """Exchanges of the past, as any worker left them."""
    for _ in range(count):
        Message.objects.create(
            partner=partner,
            direction="out",
            method="GET",
            url="/x",
            at=timezone.now() - timedelta(seconds=ago),
            **values,
        )


def ask(partner: Partner) -> str:
    """What a functional call comes to: an empty text, or the kind of its failure."""
    try:
        functional(partner, "GET", "sessions", SENDER)
    except CallFailed as failure:
        return failure.kind
    return ""


def test_so_many_at_once_and_no_more(cpo: ScriptedCpo, partner: Partner, settings: Settings) -> None:
    settings.OCPI_CALLS_AT_ONCE = 3
    log(partner, 2, ago=5)
    assert ask(partner) == ""
    log(partner, 1, ago=5)
    assert ask(partner) == "busy"
    assert len(cpo.seen) == 1


def test_a_dead_workers_call_does_not_count_for_ever(partner: Partner, settings: Settings) -> None:
    settings.OCPI_CALLS_AT_ONCE = 3
    log(partner, 5, ago=90)
    assert ask(partner) == ""


def test_a_silent_partner_is_left_alone_for_a_moment(cpo: ScriptedCpo, partner: Partner) -> None:
    log(partner, 5, ago=3, duration_ms=1000, error="they did not answer")
    assert ask(partner) == "busy"
    assert cpo.seen == []


def test_then_one_call_is_tried(cpo: ScriptedCpo, partner: Partner) -> None:
    log(partner, 5, ago=15, duration_ms=1000, error="they did not answer")
    assert ask(partner) == ""
    assert ask(partner) == ""


@pytest.mark.parametrize("status", [200, 500])
def test_any_answer_is_a_sign_of_life(partner: Partner, status: int) -> None:
    log(partner, 4, ago=3, duration_ms=1000, error="they did not answer")
    log(partner, 1, ago=2, duration_ms=500, http_status=status)
    assert ask(partner) == ""


def test_what_another_partner_does_is_no_matter(partner: Partner) -> None:
    log(None, 20, ago=3, duration_ms=1000)
    assert ask(partner) == ""


def test_a_busy_partner_got_nothing(partner: Partner, settings: Settings) -> None:
    settings.OCPI_CALLS_AT_ONCE = 0
    with pytest.raises(CallFailed) as failed:
        functional(partner, "POST", "commands", "RECEIVER", "START_SESSION", body={})
    assert not failed.value.might_have_arrived
