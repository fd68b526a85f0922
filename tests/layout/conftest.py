"""Every page that somebody has, filled with rows whose texts are long."""

from dataclasses import dataclass

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext
from pytest_django.live_server_helper import LiveServer

from onboarding.portal.links import make_link
from onboarding.stages import moving
from sessions_adhoc.models import TimelineEvent
from tests.admin import rows

LONG_NAME = "Stadtwerke Musterhausen Elektromobilität und Netzservice GmbH & Co. KG"
TABS = (
    *("overview", "connection", "credentials", "checklist", "tests", "locations", "sessions", "cdrs", "messages"),
    *("incidents", "history", "settings"),
)


@dataclass
class Staff:
    """The admin as a superuser has it: the address of each page by its name, and a way in."""

    url: str
    cookie: str
    pages: dict[str, str]
    world: rows.World

    def browser(self, browser: Browser, scheme: str = "light") -> BrowserContext:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            base_url=self.url,
            color_scheme="dark" if scheme == "dark" else "light",
            bypass_csp=True,  # for axe, which is no part of the page
        )
        context.add_cookies([{"name": "sessionid", "value": self.cookie, "url": self.url}])
        return context


@pytest.fixture
def staff(live_server: LiveServer) -> Staff:
    world = rows.world()
    for _ in range(2):
        rows.world()
    world.partner.name = LONG_NAME
    world.partner.save()
    for _ in range(60):
        rows.message(world.partner)
    repeat(world)
    client, boss = Client(), User.objects.create_superuser("boss", "boss@sfp.example", "a-long-password")
    client.force_login(boss)
    return Staff(live_server.url, client.cookies["sessionid"].value, places(world, boss), world)


def repeat(world: rows.World) -> None:
    """The driver's charger refuses five starts, each with the same twelve lines."""
    for number in range(1, 6):
        for step in range(12):
            text = f"Attempt {number}: START_SESSION was answered REJECTED, step {'abcdefghijkl'[step]}."
            TimelineEvent.objects.create(
                session=world.session, at=world.session.created_at, kind=TimelineEvent.Kind.COMMAND, text=text
            )


def places(world: rows.World, boss: User) -> dict[str, str]:
    """The address of each page of the admin, by a name; also of each form for a new row."""
    asked = RequestFactory().get("/admin/")
    asked.user = boss
    partner = reverse("admin:partners_partner_change", args=[world.partner.pk])
    found = {
        "overview": "/admin/",
        "map": reverse("admin:ocpi_location_map"),
        "console": reverse("admin:ocpi_command_console"),
        "second factor": reverse("admin:second_factor_own"),
        **{f"partner, {tab}": f"{partner}?tab={tab}" for tab in TABS},
    }
    for model, page in admin.site._registry.items():
        options = model._meta
        base = f"admin:{options.app_label}_{options.model_name}"
        found[f"list of {options.label}"] = reverse(f"{base}_changelist")
        if page.has_add_permission(asked):
            found[f"new {options.label}"] = reverse(f"{base}_add")
        row = model._default_manager.first()
        assert row is not None, f"{options.label} has a row to look at"
        if options.label != "partners.Partner":
            found[f"one {options.label}"] = reverse(f"{base}_change", args=[row.pk])
    found["one sessions_adhoc.AdHocSession"] = reverse(
        "admin:sessions_adhoc_adhocsession_change", args=[world.session.pk]
    )
    return found


@pytest.fixture
def portal(staff: Staff) -> str:
    """The address of the CPO's page."""
    with transaction.atomic():
        moving.lock_onboarding(staff.world.partner)
    user = User.objects.get(username="boss")
    return make_link(staff.world.partner, given_to="Ana Nováková", days=30, by=user, reveals_token_b=True)[1]
