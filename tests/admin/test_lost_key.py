"""A key of `FIELD_ENCRYPTION_KEYS` that is lost: what it wrote is entered anew, and nothing answers with an error."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from ocpi.client import CallFailed
from onboarding.connection_check.scene import Scene
from onboarding.models import ConnectionCheck
from partners import tokens
from partners.ground import secrets
from partners.models import AuthenticatorApp, ReceivedToken
from partners.people import second_factor
from sessions_adhoc.models import DisplaySecret, WebhookEndpoint
from sessions_adhoc.webhooks import endpoints
from tests.admin.rows import World
from tests.admin.test_jobs import post
from tests.admin.test_rights_login import ENTER, HOME, PASSWORD, SET_UP, code_of, enter, log_in
from tests.support.pages import secret_in

pytestmark = pytest.mark.django_db
GONE = "What your app shares with us cannot be read any more: enter a recovery code, or have it reset."


def lose(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


def test_staff_come_in_with_a_recovery_code_and_set_up_their_app_anew(client: Client, settings: Settings) -> None:
    ana = User.objects.create_user("ana", password=PASSWORD, is_staff=True)
    key = second_factor.new_key()
    assert second_factor.set_up(ana, key, code_of(key))
    AuthenticatorApp.objects.update(last_t=-1)
    [recovery, *_] = second_factor.make_recovery_codes(ana)
    lose(settings)
    log_in(client)
    answer = enter(client, code_of(key))
    assert (answer.status_code, GONE in answer.content.decode()) == (200, True)
    assert enter(client, recovery)["Location"] == HOME
    assert client.get(SET_UP).status_code == 200


def test_a_key_that_goes_while_an_app_is_set_up_is_not_noticed(client: Client, settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR_REQUIRED = True
    User.objects.create_user("ana", password=PASSWORD, is_staff=True)
    log_in(client)
    assert client.get(ENTER)["Location"] == SET_UP
    assert client.get(SET_UP).status_code == 200
    lose(settings)
    assert client.get(SET_UP).status_code == 200


def test_a_display_secret_is_entered_again(page: Client, world: World, settings: Settings) -> None:
    lose(settings)
    row = DisplaySecret.objects.get()
    given = {"partner": world.partner.pk, "new_secret": "the-second-Secret-2", "validity": 30, "length": 8}
    post(page, "sessions_adhoc_displaysecret_change", row.pk, active="on", location_id="", evse_uid="", **given)
    row.refresh_from_db()
    assert (secrets.read(row.secret), row.old_secret, row.old_until) == ("the-second-Secret-2", None, None)


def test_the_new_secret_of_a_webhook_signs_alone(page: Client, world: World, settings: Settings) -> None:
    lose(settings)
    row = WebhookEndpoint.objects.get()
    newer = secret_in(post(page, "sessions_adhoc_webhookendpoint_do_rotate", row.pk))
    row.refresh_from_db()
    assert endpoints.secrets_of(row, timezone.now()) == (newer,)


def test_a_connection_check_says_that_it_cannot_call(world: World, settings: Settings) -> None:
    purpose: Any = ReceivedToken.Purpose.REGISTRATION
    ReceivedToken.objects.all().delete()
    tokens.store_received(world.partner, "their-token-a", purpose)
    lose(settings)
    with pytest.raises(CallFailed, match="cannot be decrypted with FIELD_ENCRYPTION_KEYS"):
        _ = Scene(ConnectionCheck(partner=world.partner, version="2.2.1")).token


def test_pages_with_what_cannot_be_read_are_shown(page: Client, world: World, settings: Settings) -> None:
    lose(settings)
    for name, row in (
        ("displaysecret", DisplaySecret.objects.get()),
        ("webhookendpoint", WebhookEndpoint.objects.get()),
    ):
        assert page.get(reverse(f"admin:sessions_adhoc_{name}_change", args=[row.pk])).status_code == 200
