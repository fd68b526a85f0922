"""Which gateway a payment goes through, and what the system checks say of it."""

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from billing.gateways import gateway_names
from billing.gateways.choosing import gateway_for, gateways_in_use

ROUTES = ["channel=terminal&currency=CZK:czech", "channel=terminal:acquirer", "partner=ION:stripe"]
STRIPE = {"PAYMENT_GATEWAY": "stripe", "STRIPE_WEBHOOK_SECRET": ["wh"]}
ACCOUNT = {
    "PAYMENT_GATEWAY": "account",
    "ACCOUNT_URL": "https://pay.example",
    "ACCOUNT_SECRETS": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}


@pytest.mark.parametrize(
    ("channel", "currency", "partner", "name"),
    [
        ("terminal", "CZK", "ion", "czech"),
        ("terminal", "EUR", "ion", "acquirer"),
        ("qr", "EUR", "ion", "stripe"),
        ("qr", "EUR", "zse", "simulated"),
        ("web", "czk", "zse", "simulated"),
    ],
)
def test_the_first_route_that_fits(settings: Settings, channel: str, currency: str, partner: str, name: str) -> None:
    settings.PAYMENT_ROUTES = ROUTES
    assert gateway_for(channel=channel, currency=currency, partner=partner) == name


@pytest.mark.parametrize("route", ["stripe", "colour=red:stripe", "channel=:stripe", "channel=qr:", ":stripe"])
def test_a_route_that_cannot_be_read(settings: Settings, route: str) -> None:
    settings.PAYMENT_ROUTES = [route]
    with pytest.raises(ValueError, match="is no route"):
        gateways_in_use()
    assert [message.id for message in run_checks() if str(message.id).startswith("billing.")] == ["billing.E001"]


def test_a_folder_is_a_gateway() -> None:
    assert gateway_names() == ["account", "simulated", "stripe", "terminal"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({}, []),
        ({"PAYMENT_ROUTES": ["channel=qr:nobody"]}, ["billing.E001"]),
        ({"PAYMENT_GATEWAY": "stripe"}, ["billing.E004"]),
        ({"PAYMENT_GATEWAY": "stripe", "STRIPE_SECRET_KEY": "sk", "STRIPE_WEBHOOK_SECRET": ["wh"]}, []),
        ({"PAYMENT_ROUTES": ["currency=CZK:stripe"], "PRODUCTION": True}, ["billing.E002", "billing.E004"]),
        ({"PAYMENT_ROUTES": ["currency=CZK:stripe"], "STAGING": True}, ["billing.E003", "billing.E004"]),
        (STRIPE | {"STRIPE_SECRET_KEY": "sk_test_1", "STAGING": True, "PRODUCTION": True}, []),
        (STRIPE | {"STRIPE_SECRET_KEY": "rk_test_1", "STAGING": True}, []),
        (STRIPE | {"STRIPE_SECRET_KEY": "sk_live_1", "STAGING": True, "PRODUCTION": True}, ["billing.E003"]),
        (STRIPE | {"STRIPE_SECRET_KEY": "sk_test_1", "PRODUCTION": True}, ["billing.E006"]),
        (STRIPE | {"STRIPE_SECRET_KEY": "sk_live_1", "PRODUCTION": True}, []),
        (
            {
                "PAYMENT_GATEWAY": "stripe",
                "STRIPE_SECRET_KEY": "sk",
                "STRIPE_WEBHOOK_SECRET": ["wh"],
                "PRODUCTION": True,
                "STRIPE_API_BASE": "http://127.0.0.1:1",
            },
            ["billing.E005"],
        ),
        ({"PAYMENT_ROUTES": ["channel=terminal:terminal"]}, ["billing.E007"]),
        ({"PAYMENT_GATEWAY": "account", "ACCOUNT_URL": "http://127.0.0.1:1"}, ["billing.E007"]),
        (ACCOUNT | {"ACCOUNT_SECRETS": ["whsec_short"]}, ["billing.E007"]),
        (ACCOUNT, []),
        (ACCOUNT | {"PRODUCTION": True}, []),
        (ACCOUNT | {"PRODUCTION": True, "ACCOUNT_URL": "http://pay.example"}, ["billing.E008"]),
        (ACCOUNT | {"STAGING": True}, ["billing.E003"]),
        (ACCOUNT | {"PAYMENT_ROUTES": ["channel=terminal:nobody"]}, ["billing.E001"]),
    ],
)
def test_what_the_checks_say(settings: Settings, more: Any, ids: Any) -> None:
    for name, value in more.items():
        setattr(settings, name, value)
    said = [str(message.id) for message in run_checks(include_deployment_checks=True)]
    # Registered checks have no order.
    assert sorted(one for one in said if one.startswith("billing.")) == ids
