"""A production without real money says so on every page, and none is taken for one by accident."""

from typing import Any

import pytest
from django.core import mail
from django.core.checks import run_checks
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from sfp_platform.configuration.staging import BANNER
from tests.driver import scene
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
CONSOLE, SMTP = (f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "smtp"))


@pytest.fixture
def places(client: Client, admin_client: Client) -> list[Any]:
    """Pages of drivers, CPOs and staff; the browser that may see each; the words that each has exactly once."""
    evse = scene.station()
    charging = scene.session_in(evse, State.CHARGING)
    return [
        (client, f"/c/{evse}"),
        (client, f"/c/session/{charging.pk}"),
        (client, "/c/NOWHERE"),
        (client, "/onboarding/no-such-link"),
        (client, "/admin/login/"),
        (client, "/docs/"),
        (admin_client, "/admin/"),
        (admin_client, "/admin/partners/partner/"),
        (admin_client, f"/admin/sessions_adhoc/adhocsession/{charging.pk}/change/"),
        (admin_client, "/admin/second-factor/"),
    ]


@pytest.mark.parametrize("staging", [True, False])
def test_every_page_says_that_nothing_is_real(settings: Settings, places: list[Any], staging: bool) -> None:
    settings.STAGING = staging
    for browser, path in places:
        page = browser.get(path, follow=True).content.decode()
        assert "<body" in page, path
        assert (path, page.count(f'role="status">{BANNER}<')) == (path, 1 if staging else 0)


def test_while_staging_no_mail_leaves(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "sfp_platform.configuration.staging.NoMail"
    assert EmailMessage("Subject", "Body", to=["cpo@example.com"]).send() == 1
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("backend", "production", "staging", "ids"),
    [
        (CONSOLE, False, False, []),
        (CONSOLE, True, False, ["platform.E001"]),
        ("django.core.mail.backends.dummy.EmailBackend", True, False, ["platform.E001"]),
        (SMTP, True, False, []),
        (SMTP, True, True, ["platform.E002"]),
        ("sfp_platform.configuration.staging.NoMail", True, True, []),
        ("sfp_platform.configuration.staging.NoMail", True, False, ["platform.E001"]),
    ],
)
def test_production_sends_mail_and_staging_does_not(
    settings: Settings, backend: str, production: bool, staging: bool, ids: Any
) -> None:
    settings.EMAIL_BACKEND, settings.PRODUCTION, settings.STAGING = backend, production, staging
    assert [
        message.id for message in run_checks(include_deployment_checks=True) if str(message.id).startswith("platform.")
    ] == ids


@pytest.mark.parametrize(
    ("environment", "staging", "started"), [("test", False, 0), ("test", True, 1), ("production", False, 0)]
)
def test_nobody_is_charged_in_play_where_money_is_real(
    settings: Settings, client: Client, environment: str, staging: bool, started: int
) -> None:
    """Neither at a test partner's charger nor with a card of the simulated gateway."""
    evse = scene.station(partner=PartnerFactory.create(environment=environment))
    scene.add_tariff(evse)
    charger = f"/c/{evse.code}"
    page = client.get(charger)
    settings.PRODUCTION, settings.STAGING, settings.SECURE_SSL_REDIRECT = True, staging, False
    settings.WHITENOISE_USE_FINDERS = True
    form = {"nonce": page.context["choice"].nonce, "connector": "1", "card": "pm_sim_ok", "amount": "4000"}
    answer = client.post(charger, form)
    assert (AdHocSession.objects.count(), answer.status_code == 302) == (started, bool(started))
    if environment == "test" and not staging:
        assert "This charger is for tests only: nobody can pay here." in answer.content.decode()
