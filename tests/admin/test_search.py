"""One box for every id."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import PaymentAuthorization, Receipt
from ocpi.charger_codes import group
from ocpi.log.message_log import Exchange, Outcome, open_message
from ocpi.log.searching import subject_of_url
from ocpi.models import Cdr, Message, Tariff
from partners.admin.kit.showing import url_of
from partners.models import Mail
from tests.admin import rows
from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Results are kept for some minutes per person and text."""
    cache.clear()


def found(browser: Client, term: str) -> list[Any]:
    answer = browser.get(reverse("admin:search"), {"s": term, "extended": "1"})
    return [item.link for item in answer.context["results"]]


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "session",
            "session_start",
            "token",
            "reference",
            "ocpi_session",
            "cdr",
            "evse",
            "evse_uid",
            "evse_code",
            "location",
        ),
        *("location", "tariff", "command", "payment", "partner", "request", "correlation", "contract", "gateway"),
    ],
)
def test_it_finds(page: Client, world: World, kind: Any) -> None:
    cdr = Cdr.objects.get()
    rows.message(world.partner, request_id="Req-1", correlation_id="Corr-1")
    PaymentAuthorization.objects.filter(pk=world.session.authorization_id).update(gateway_reference="sim_7")
    marked = rows.message(world.partner, request_id="Req-2", correlation_id="Corr-2")
    term, row = {
        "session": (str(world.session.pk), world.session),
        "session_start": (str(world.session.pk)[:8], world.session),
        "token": (world.session.token.uid.lower(), world.session.token),
        "reference": (world.attempt.authorization_reference, world.session),
        "ocpi_session": (world.ocpi_session.ocpi_id, world.ocpi_session),
        "cdr": (cdr.ocpi_id[:12], cdr),
        "evse": (world.evse.evse_id.lower(), world.evse),
        "evse_code": (group(world.evse.code).lower(), world.evse),
        "evse_uid": (world.evse.uid, world.evse),
        "location": (world.evse.location.ocpi_id, world.evse.location),
        "tariff": ("T-1", Tariff.objects.get()),
        "command": (str(world.command.pk), world.command),
        "payment": (str(world.session.authorization_id), world.session.authorization),
        "contract": (world.session.token.contract_id, world.session.token),
        "gateway": ("sim_7", world.session.authorization),
        "partner": (world.partner.code, world.partner),
        "request": ("Req-2", marked),
        "correlation": ("Corr-2", marked),
    }[kind]
    links = found(page, term)
    assert url_of(type(row), row.pk) in links
    assert any(link.startswith(reverse("admin:ocpi_message_changelist")) for link in links)


def test_it_finds_nothing_of_what_may_not_be_seen(world: World) -> None:
    user = User.objects.create_user("few", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_evse"))
    browser = Client()
    browser.force_login(user)
    assert found(browser, world.evse.uid) == [url_of(type(world.evse), world.evse.pk)]
    assert found(browser, str(world.session.pk)) == []


def test_it_costs_the_same_whatever_there_is(page: Client, world: World) -> None:
    def queries(term: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            found(page, term)
        return len(captured)

    few = queries("EVSE-")
    for _ in range(6):
        rows.world()
    assert queries("EVSE-") == few
    assert queries("nothing-of-this-name") <= few


@pytest.mark.parametrize(
    ("path", "objects", "term", "hit"),
    [
        ({"session_id": "S-77"}, [], "s-77", True),
        ({"session_id": "S-77"}, [], "session:SK*ION/S-77", True),
        ({"session_id": "S-777"}, [], "S-77", True),
        ({"session_id": "S-77"}, [], "S-777", False),
        ({}, ["cdr:SK*ION/C-9"], "C-9", True),
        ({}, ["cdr:SK*ION/C-9"], "C-8", False),
        ({"location_id": "L-1", "evse_uid": "E-1", "connector_id": "1"}, [], "e-1", True),
    ],
)
def test_messages_are_found_by_what_they_are_about(
    page: Client, world: World, path: Any, objects: Any, term: str, hit: bool
) -> None:
    record = open_message(Exchange(direction="in", method="PUT", url="/", subject=subject_of_url(path)))
    record.finish(Outcome(http_status=200, ocpi_status=1000, objects=objects))
    listed = page.get(reverse("admin:ocpi_message_changelist"), {"q": term}).context["cl"].result_list
    assert (record.id in [one.pk for one in listed]) is hit


def test_the_search_for_a_subject_uses_its_index(world: World) -> None:
    """Whatever the planner thinks of so few rows, the index must fit the question."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = (
            Message.objects.filter(subject__startswith="s-77")
            .exclude(subject="")
            .order_by()
            .values("pk")
            .query.sql_with_params()
        )
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "messages_by_subject" in plan


def test_a_payment_is_found_as_a_driver_tells_it(page: Client, world: World) -> None:
    """By the card's last four digits, with the time or without; by the number of the receipt; by the driver's mail."""
    at = timezone.now().replace(second=0, microsecond=0)
    payment = PaymentAuthorization.objects.get(pk=world.session.authorization_id)
    PaymentAuthorization.objects.filter(pk=payment.pk).update(card="4242", created_at=at)
    local = timezone.localtime(at)
    mine = url_of(PaymentAuthorization, payment.pk)
    for term in (
        "4242",
        f"4242 {local:%Y-%m-%d %H:%M}",
        f"4242, {local:%d %b %Y %H:%M}",
        f"4242 {local:%d.%m.%Y %H:%M}",
    ):
        assert mine in found(page, term), term
    assert mine in found(page, f"4242 {local:%H:%M}")
    far = local - timedelta(minutes=16)
    assert mine not in found(page, f"4242 {far:%Y-%m-%d %H:%M}")
    assert mine not in found(page, "4243")
    receipt = Receipt.objects.latest("issued_at")
    assert found(page, receipt.number.lower())[0] == url_of(Receipt, receipt.pk)
    assert [link for link in found(page, "ana@ion.example") if "mail" in link] == [
        url_of(Mail, row.pk) for row in Mail.objects.filter(to=["ana@ion.example"]).order_by("pk")
    ]
    assert not [link for link in found(page, "nobody@ion.example") if "/mail/" in link]


@pytest.mark.parametrize(
    ("now", "term", "paid_at"),
    [
        ("2026-11-23T01:05:00+00:00", "4242 23:50", "2026-11-22T22:50:00+00:00"),
        ("2026-11-23T01:05:00+00:00", "4242 02:10", "2026-11-23T01:04:00+00:00"),
        ("2026-01-02T01:05:00+00:00", "4242 31 Dec 23:50", "2025-12-31T22:50:00+00:00"),
        ("2026-01-02T01:05:00+00:00", "4242 31.12. 23:50", "2025-12-31T22:50:00+00:00"),
    ],
)
def test_a_time_without_its_day_is_the_last_that_was(
    page: Client, world: World, now: str, term: str, paid_at: str
) -> None:
    """At 2 a.m. a driver says "ten to twelve"."""
    payment = PaymentAuthorization.objects.get(pk=world.session.authorization_id)
    PaymentAuthorization.objects.filter(pk=payment.pk).update(card="4242", created_at=datetime.fromisoformat(paid_at))
    with time_machine.travel(datetime.fromisoformat(now), tick=False):
        assert url_of(PaymentAuthorization, payment.pk) in found(page, term)
