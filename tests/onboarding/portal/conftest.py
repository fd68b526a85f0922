"""A CPO in front of its page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from onboarding.guide import Stage
from onboarding.models import Onboarding, PartnerLink
from onboarding.portal.links import make_link
from onboarding.stages import moving
from partners.models import Partner
from tests.factories import PartnerFactory


@pytest.fixture(autouse=True)
def no_counts_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("jana", "jana@sfp.example", is_staff=True)


@pytest.fixture
def partner(db: None) -> Partner:
    """Nothing was tried with it yet."""
    return PartnerFactory.create(connection=Partner.Connection.NOT_CONNECTED, version="", connected_at=None)


class Cpo:
    """The page over one link: `cpo.get()`, `cpo.post("checklist", tick=[...])`."""

    def __init__(self, link: PartnerLink, url: str) -> None:
        self.link, self.url = link, url
        self.token = url.rstrip("/").rsplit("/", 1)[1]
        self.client = Client()

    def address(self, name: str = "page") -> str:
        return reverse(f"portal:{name}", args=[self.token])

    def get(self, name: str = "page", /) -> Any:
        return self.client.get(self.address(name))

    def post(self, name: str = "page", /, **data: Any) -> Any:
        return self.client.post(self.address(name), data)

    def shown(self, name: str = "page") -> str:
        return str(self.get(name).content.decode())


@pytest.fixture
def cpo(partner: Partner, staff: User) -> Cpo:
    return Cpo(*make_link(partner, given_to="Ana Nováková", days=30, by=staff, reveals_token_b=True))


@pytest.fixture
def in_stage(partner: Partner) -> Callable[[Stage], Onboarding]:
    """`in_stage(Stage.HANDSHAKE)`: as if all before had been done."""

    def put(stage: Stage) -> Onboarding:
        with transaction.atomic():
            onboarding = moving.lock_onboarding(partner)
        Onboarding.objects.filter(pk=onboarding.pk).update(stage=stage.value)
        return Onboarding.objects.get(pk=onboarding.pk)

    return put
