"""Secrets of displays: entered and replaced, never shown; staff see why a scan was refused, and can check a code."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.ground import secrets
from partners.models import HistoryEntry
from sessions_adhoc import totp
from sessions_adhoc.models import DisplaySecret
from sessions_adhoc.totp import Maker
from tests.admin.rows import World
from tests.admin.test_jobs import post

pytestmark = pytest.mark.usefixtures("shared_world")
NAME = "sessions_adhoc_displaysecret"
SECRET, NEWER = "the-first-Secret-1", "the-second-Secret-2"


@pytest.fixture(autouse=True)
def _none_yet(shared_world: Any) -> None:
    DisplaySecret.objects.all().delete()


def entered(world: World, secret: str = SECRET, **more: Any) -> dict[str, Any]:
    given = {"partner": world.partner.pk, "new_secret": secret, "validity": 30, "length": 8, "active": "on"}
    return given | {"location_id": "", "evse_uid": ""} | more


def shown(page: Client, row: DisplaySecret) -> str:
    return page.get(reverse(f"admin:{NAME}_change", args=[row.pk])).content.decode()


def test_it_is_entered_replaced_and_never_shown(page: Client, world: World) -> None:
    post(page, f"{NAME}_add", **entered(world))
    row = DisplaySecret.objects.get()
    assert (secrets.decrypt(row.secret), row.old_secret) == (SECRET, None)
    post(page, f"{NAME}_change", row.pk, **entered(world, "", length=12))
    row.refresh_from_db()
    assert (secrets.decrypt(row.secret), row.old_secret, row.length) == (SECRET, None, 12)
    post(page, f"{NAME}_change", row.pk, **entered(world, NEWER, length=12))
    row.refresh_from_db()
    assert row.old_secret is not None
    assert row.old_until is not None
    assert (secrets.decrypt(row.secret), secrets.decrypt(row.old_secret)) == (NEWER, SECRET)
    assert timedelta(hours=23) < row.old_until - timezone.now() < timedelta(hours=24, minutes=1)
    again = post(page, f"{NAME}_add", **entered(world)).content.decode()
    seen = shown(page, row) + str(list(HistoryEntry.objects.values())) + again
    assert (SECRET in seen, NEWER in seen) == (False, False)
    post(page, f"{NAME}_do_forget", row.pk)
    assert DisplaySecret.objects.filter(pk=row.pk, old_secret=None, old_until=None).exists()


def test_one_that_is_not_shared_any_more_is_deleted(page: Client, world: World, client: Client) -> None:
    post(page, f"{NAME}_add", **entered(world, only_dynamic="on"))
    row = DisplaySecret.objects.get()
    assert "please scan the code on the charger" in client.get(f"/c/{world.evse.code}").content.decode()
    listed = page.get(reverse(f"admin:{NAME}_changelist")).content.decode()
    assert ("30 s" in listed, "Not scanned yet" in listed) == (True, True)
    asked = post(page, f"{NAME}_do_remove", row.pk).content.decode()
    assert ("This field is required" in asked, DisplaySecret.objects.count()) == (True, 1)
    told = post(page, f"{NAME}_do_remove", row.pk, reason="They have set other displays up.").content.decode()
    assert ("The secret is deleted" in told, DisplaySecret.objects.count()) == (True, 0)
    line = HistoryEntry.objects.get(label="Delete")
    assert (line.reason, line.result, SECRET in str(list(HistoryEntry.objects.values()))) == (
        *("They have set other displays up.", "done"),
        False,
    )
    assert "please scan the code on the charger" not in client.get(f"/c/{world.evse.code}").content.decode()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"secret": ""}, "Enter what the CPO gave you."),
        ({"secret": "short"}, "It has 16 to 255 characters."),
        ({"secret": "with a space in it all"}, "It has no spaces in it."),
        ({"validity": 5}, "greater than or equal to 6"),
        ({"length": 5}, "greater than or equal to 6"),
        ({"evse_uid": "1"}, "Name the location that the EVSE belongs to."),
    ],
)
def test_what_cannot_be_is_said(page: Client, world: World, more: dict[str, Any], said: str) -> None:
    answer = post(page, f"{NAME}_add", **entered(world, **more))
    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert str(more.get("secret") or "no text") not in answer.content.decode()
    assert not DisplaySecret.objects.exists()


def test_a_code_is_checked_without_starting_anything(page: Client, world: World) -> None:
    post(page, f"{NAME}_add", **entered(world))
    row = DisplaySecret.objects.get()
    maker = Maker(SECRET, 30, 8)
    code = totp.code_at(maker, totp.interval_at(maker, timezone.now()))
    for told in (code, f"https://charge.example/c/X?totp={code}&v=v1"):
        answer = post(page, f"{NAME}_do_try", row.pk, url=told)
        assert "A driver who scans this now can start." in answer.content.decode()
    answer = post(page, f"{NAME}_do_try", row.pk, url="https://charge.example/c/X?totp=WRONG123")
    assert "another SharedSecret or ValidityTime" in answer.content.decode()
    row.refresh_from_db()
    assert (row.refused, row.valid_at) == (0, None)


def test_its_page_says_why_scans_were_refused(page: Client, world: World, client: Client) -> None:
    post(page, f"{NAME}_add", **entered(world))
    row = DisplaySecret.objects.get()
    assert "Not scanned yet" in shown(page, row)
    client.get(f"/c/{world.evse.code}?totp=%3Cb%3E")
    html = shown(page, row)
    assert [text in html for text in ("Refusing", "The code has 3 characters instead of 8", str(world.evse))] == [
        True
    ] * 3
    evse = page.get(reverse("admin:ocpi_evse_change", args=[world.evse.pk])).content.decode()
    assert "checked; the sticker starts too" in evse


def test_the_link_to_set_is_that_of_the_evse_or_of_the_station(page: Client, world: World) -> None:
    post(page, f"{NAME}_add", **entered(world))
    place = {"location_id": world.evse.location.ocpi_id, "evse_uid": world.evse.uid}
    post(page, f"{NAME}_add", **entered(world, **place))
    of_all, of_one = DisplaySecret.objects.order_by("evse_uid")
    assert "/c/{roamingEVSEId}?totp={totp}&amp;v={version}" in shown(page, of_all)
    assert f"/c/{world.evse.code}?totp={{totp}}&amp;v={{version}}" in shown(page, of_one)


def test_support_sees_them_and_enters_none(client: Client, world: World) -> None:
    row = DisplaySecret.objects.create(partner=world.partner, secret=secrets.encrypt(SECRET))
    user = User.objects.create_user("supporter", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client.force_login(user)
    html = shown(client, row)
    assert ("Not scanned yet" in html, "new_secret" in html) == (True, False)
    assert client.get(reverse(f"admin:{NAME}_add")).status_code == 403
