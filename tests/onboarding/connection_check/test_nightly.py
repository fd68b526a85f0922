"""The nightly check: each live partner once a night, read-only, and a mail about what changed only."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core import mail

from onboarding import connection_check
from onboarding.connection_check import nightly
from onboarding.connection_check.catalogue import plan
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners import tokens
from partners.models import Mail, Partner, ReceivedToken
from tests.factories import PartnerFactory
from tests.support.tasks import Ran

NIGHT = datetime(2026, 11, 22, 2, 0, tzinfo=ZoneInfo("Europe/Bratislava"))
DAY = timedelta(days=1)
KEYS = [case.key for case in plan(armed=False)]


@pytest.fixture
def live(db: None) -> Partner:
    partner = PartnerFactory.create(environment="production", connection="connected", version="2.2.1")
    partner.contacts.create(name="Ana", email="ana@ion.example")
    tokens.store_received(partner, "5d4f7a2e-1111-4222-8333-944455556666", ReceivedToken.Purpose.CONNECTION)
    return partner


def begun(at: datetime, move_to: Callable[[datetime], Any]) -> int:
    move_to(at)
    return nightly.begin_due(at)


def end(run: ConnectionCheck, **verdicts: str) -> None:
    """As if every case had been looked at: all in order but for those named. The next look ends the run."""
    ConnectionCheckCase.objects.bulk_create(
        ConnectionCheckCase(
            run=run,
            position=number,
            key=key,
            theme="t",
            title=f"Case {key}",
            verdict=verdicts.get(key, "pass"),
            seen=f"Seen <{key}>.",
            change="Mend it." if key in verdicts else "",
            ended_at=run.created_at,
        )
        for number, key in enumerate(KEYS)
    )
    connection_check.advance(run.pk)
    run.refresh_from_db()
    assert run.state == "finished"


def test_each_live_partner_is_looked_at_once_a_night(live: Partner, time_machine: Any) -> None:
    move_to = time_machine.move_to
    PartnerFactory.create(environment="test", connection="connected")
    PartnerFactory.create(environment="production", connection="suspended")
    PartnerFactory.create(environment="production", connection="connected")  # no token to call it with
    assert [begun(NIGHT.replace(hour=hour), move_to) for hour in (0, 5, 12, 23)] == [0, 0, 0, 0]
    assert [begun(NIGHT + timedelta(minutes=5 * number), move_to) for number in range(3)] == [1, 0, 0]
    run = ConnectionCheck.objects.get()
    assert (run.partner, run.armed, run.nightly, run.started_by) == (live, False, True, None)
    end(run)
    assert begun(NIGHT + timedelta(hours=2), move_to) == 0
    assert begun(NIGHT + DAY, move_to) == 1


def test_only_what_changed_is_mailed(live: Partner, time_machine: Any, run_tasks: Callable[..., list[Ran]]) -> None:
    first, second, third = KEYS[:3]
    nights: list[dict[str, str]] = [
        {first: "warn"},
        {first: "warn"},
        {first: "na", second: "fail"},
        {first: "warn", second: "fail"},
        {},
        {third: "na"},
        {},
    ]
    told = []
    for number, verdicts in enumerate(nights):
        assert begun(NIGHT + number * DAY, time_machine.move_to) == 1
        before = Mail.objects.count()
        end(ConnectionCheck.objects.get(state="due"), **verdicts)
        told.append([row.body for row in Mail.objects.order_by("pk")[before:]])
    assert [len(bodies) for bodies in told] == [1, 0, 1, 0, 1, 0, 0]
    assert f"Case {first}: to look at\n  Seen <{first}>.\n  What to change: Mend it." in told[0][0]
    assert f"Case {second}: failed (before: in order)" in told[2][0]
    assert f"Case {first}" not in told[2][0]
    assert f"Case {second}: in order (before: failed)" in told[4][0]
    run_tasks()
    assert {(tuple(one.to), tuple(one.cc)) for one in mail.outbox} == {
        (("ana@ion.example",), (settings.SUPPORT_EMAIL,))
    }


def test_a_check_of_staff_is_compared_with_nothing_and_mails_nothing(live: Partner, time_machine: Any) -> None:
    time_machine.move_to(NIGHT)
    run = connection_check.start(live)
    end(run, **{KEYS[0]: "fail"})
    assert Mail.objects.count() == 0
    assert begun(NIGHT, time_machine.move_to) == 1
    end(ConnectionCheck.objects.get(state="due"))
    assert Mail.objects.count() == 0, "the first night finds nothing wrong"
