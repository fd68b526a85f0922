"""Every page of a platform on which nothing happened yet."""

from typing import Any

from django.test import Client

from tests.admin.test_pages import EVERY, MODELS, url


@EVERY
def test_it_lists_nothing(page: Client, model: Any) -> None:
    assert page.get(url(model, "changelist")).status_code == 200


def test_only_these_can_be_added(page: Client, db: None) -> None:
    addable = {model._meta.label for model in MODELS if page.get(url(model, "add")).status_code == 200}
    assert addable == {
        "partners.Partner",
        "partners.Policy",
        "onboarding.PlannedChange",
        "onboarding.AlertChannel",
        "sessions_adhoc.ClientKey",
        "sessions_adhoc.DisplaySecret",
        "sessions_adhoc.WebhookEndpoint",
        "auth.User",
        "auth.Group",
        "billing.PricePlan",
        "billing.VatRate",
    }
