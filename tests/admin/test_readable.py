"""What a tired person would misread: units, times, states, names."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import formats, timezone
from pytest_django import Settings

from billing.models import PaymentAuthorization
from ocpi.models import Cdr, Command, Evse, OcpiSession, SyncRun, Tariff
from onboarding.models import Onboarding
from partners.admin.kit.showing import url_of
from partners.models import Incident, Mail, Partner, Policy
from sessions_adhoc.models import AdHocSession, TimelineEvent
from tests.admin.rows import World, ad_hoc_session
from tests.factories import PartnerFactory, cdr_data, period_data, tariff_data

pytestmark = pytest.mark.usefixtures("shared_world")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)

ADDED = {
    "partners_partner": ["Partners", "Partners", "Add"],
    "partners_policy": ["Partners", "Policies", "Add"],
    "onboarding_plannedchange": ["Partners", "Planned changes", "Add"],
    "billing_priceplan": ["Money", "Price plans", "Add"],
}

KEY_OF_OURS = re.compile(r"[a-z]+(?:[-_][a-z]+)+")
NAMED_BY_PEOPLE = (User, Group)


def shown(page: Client, row: Any) -> Any:
    return page.get(url_of(type(row), row.pk))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_page_is_called_by_a_key_of_ours(world: World, model: Any) -> None:
    """What the last crumb says: words, an id that somebody gave it, a name; never `alert-addresses`."""
    if model in NAMED_BY_PEOPLE:
        return
    assert [str(row) for row in model._default_manager.all() if KEY_OF_OURS.fullmatch(str(row))] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_sentence_that_ends_in_a_company_has_one_full_stop(page: Client, world: World, model: Any) -> None:
    Partner.objects.update(name="Nabíjanie s.r.o.")
    for row in model._default_manager.all()[:3]:
        assert "s.r.o.." not in shown(page, row).content.decode()


def test_what_a_policy_leaves_open_is_not_unknown(page: Client, world: World) -> None:
    form = page.get(reverse("admin:partners_policy_add")).content.decode()
    assert (">Unknown<" in form, ">Not set here<" in form) == (False, True)


class TestTimes:
    """24 hours, and the zone once."""

    @pytest.fixture
    def own_formats(self, settings: Settings) -> Iterator[None]:
        settings.FORMAT_MODULE_PATH = ["sfp_platform.admin.formats"]
        formats.reset_format_cache()
        yield
        settings.FORMAT_MODULE_PATH = None
        formats.reset_format_cache()

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
    def test_no_page_has_12_hours(self, page: Client, world: World, own_formats: None, model: Any) -> None:
        row = model._default_manager.first()
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        for address in (reverse(f"admin:{label}_changelist"), url_of(model, row.pk)):
            text = page.get(address).content.decode()
            assert "a.m." not in text
            assert "p.m." not in text

    @pytest.mark.parametrize(
        "model",
        [
            *(
                "billing.GatewayEvent",
                "billing.PaymentAuthorization",
                "billing.SimulatedCharge",
                "ocpi.Cdr",
                "ocpi.Command",
                "ocpi.Evse",
            ),
            *("ocpi.HandshakeRun", "ocpi.Message", "ocpi.OcpiSession", "ocpi.Refresh", "ocpi.SyncRun", "ocpi.Token"),
            "sessions_adhoc.AdHocSession",
        ],
    )
    def test_pages_of_our_own_need_no_setting_for_it(self, page: Client, world: World, model: Any) -> None:
        (found,) = [one for one in MODELS if one._meta.label == model]
        text = shown(page, found._default_manager.first()).content.decode()
        assert "a.m." not in text
        assert "p.m." not in text

    @pytest.mark.parametrize("name", ["index", "ocpi_message_changelist", "ocpi_location_map"])
    def test_the_zone_is_named_once(self, page: Client, world: World, name: str) -> None:
        text = page.get(reverse(f"admin:{name}")).content.decode()
        assert text.count("Europe/Bratislava, CE") == 1

    def test_a_story_over_several_days_names_each(self, page: Client, world: World) -> None:
        now = world.session.state_since
        for days in (2, 1):
            TimelineEvent.objects.create(session=world.session, at=now - timedelta(days=days), kind="note", text="x")
        days = shown(page, world.session).content.decode().count('<li class="sfp-day">')
        assert days == 3

    def test_what_began_now_has_not_lasted_0_minutes(self, page: Client, world: World) -> None:
        text = shown(page, ad_hoc_session(world.evse)).content.decode()
        assert "just now" in text
        assert "0\xa0minutes" not in text


class TestSession:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("reservation_amount", 4000, "40.00 EUR"),
            ("reservation_minimum", 500, "5.00 EUR"),
            ("reservation_amounts", {"CZK": 100_000, "HUF": 1_600_000}, "1000.00 CZK, 16000.00 HUF"),
            ("connector_timeout", 300, "5 min"),
            ("meter_interval", 90, "90 s"),
            ("cdr_deadline", 86_400, "1 d"),
            ("max_attempts", 5, "5"),
            ("push_ad_hoc_tokens", False, "no"),
            ("start_strategy", "immediate", "immediate"),
        ],
    )
    def test_the_policy_has_units(self, page: Client, world: World, name: str, value: Any, said: str) -> None:
        AdHocSession.objects.filter(pk=world.session.pk).update(policy=world.session.policy | {name: value})
        lines = {line[0]: line[1] for line in shown(page, world.session).context["policy"]}
        assert lines[name.replace("_", " ").replace("cdr", "CDR")] == said
        assert "reservation currency" not in lines


class TestEvse:
    def test_it_says_what_applies_to_the_next_driver_and_where_that_was_set(self, page: Client, world: World) -> None:
        evse = world.session.evse
        Policy.objects.all().delete()
        Policy.objects.create(partner=evse.partner, session_timeout=240, retry_delay=20)
        Policy.objects.create(
            partner=evse.partner, location_id=evse.location.ocpi_id, evse_uid=evse.uid, retry_delay=30
        )
        lines = {line[0]: line[1:] for line in shown(page, evse).context["policy"]}
        assert lines["session timeout"] == ("4 min", "partner")
        assert lines["retry delay"] == ("30 s", "EVSE")
        assert lines["reservation amount"] == ("40.00 EUR", "default")


class TestCdr:
    @pytest.fixture
    def cdr(self, world: World) -> Cdr:
        return Cdr.objects.get()

    def periods(self, page: Client, cdr: Cdr, *found: Any) -> list[Any]:
        Cdr.objects.filter(pk=cdr.pk).update(raw=cdr.raw | {"charging_periods": list(found)})
        return [(line.begins, line.used, line.tariff) for line in shown(page, cdr).context["periods"]]

    def test_periods_have_local_times_and_units(self, page: Client, cdr: Cdr) -> None:
        dimensions = [
            {"type": "ENERGY", "volume": 25},
            {"type": "TIME", "volume": 0.5},
            {"type": "MIN_POWER", "volume": "88.40"},
            {"type": "NEW_ONE", "volume": 3},
        ]
        period = {"start_date_time": "2026-11-23T02:04:35.877Z", "dimensions": dimensions, "tariff_id": "T-1"}
        assert self.periods(page, cdr, period) == [
            ("23 Nov 2026, 03:04:35", "25 kWh, charging 30 min, at least 88.4 kW, NEW_ONE 3", "T-1")
        ]

    @pytest.mark.parametrize(
        ("period", "line"),
        [
            ({"start_date_time": "2026-11-23T02:04:35"}, ("23 Nov 2026, 03:04:35", "", "")),
            ({"start_date_time": "yesterday", "dimensions": None}, ("yesterday", "", "")),
            ({"start_date_time": "2026-13-41T02:04:35Z"}, ("2026-13-41T02:04:35Z", "", "")),
            ({"dimensions": [{"type": "ENERGY", "volume": "much"}, "no"]}, ("", "ENERGY much", "")),
            ({"dimensions": [{"type": "TIME", "volume": "NaN"}]}, ("", "TIME NaN", "")),
        ],
    )
    def test_what_is_not_as_it_should_be_is_shown_as_it_came(
        self, page: Client, cdr: Cdr, period: Any, line: tuple[str, str, str]
    ) -> None:
        assert self.periods(page, cdr, period) == [line]

    def test_a_total_that_is_not_ours_is_the_first_thing_said(self, page: Client, cdr: Cdr) -> None:
        raw = cdr_data(charging_periods=[period_data(ENERGY=20.5)], tariffs=[tariff_data()])
        for total, label in (("12.36", "CDR"), ("13.00", "Differs")):
            Cdr.objects.filter(pk=cdr.pk).update(total_gross=Decimal(total), total_net=Decimal("10.05"), raw=raw)
            assert shown(page, cdr).context["standing"].label == label


class TestCommand:
    @pytest.mark.parametrize(
        ("values", "label", "text"),
        [
            (
                {"state": "answered", "response": "REJECTED", "response_text": "Not just now"},
                "Refused",
                "They refused it: REJECTED. They say: “Not just now”. No result follows.",
            ),
            (
                {"state": "answered", "response": "ACCEPTED"},
                "Answered",
                "They answered ACCEPTED. We wait for the asynchronous result. What counts is the Session.",
            ),
            (
                {"state": "answered", "response": "ACCEPTED", "result": "TIMEOUT"},
                "Answered",
                "They answered ACCEPTED. The result was TIMEOUT. What counts is the Session.",
            ),
        ],
    )
    def test_it_says_what_came_of_it(
        self, page: Client, world: World, values: dict[str, str], label: str, text: str
    ) -> None:
        Command.objects.filter(pk=world.command.pk).update(**values)
        said = shown(page, world.command).context["standing"]
        assert (said.label, said.text) == (label, text)

    def test_a_result_that_is_long_overdue_never_came(self, page: Client, world: World) -> None:
        long_ago = timezone.now() - timedelta(hours=1)
        Command.objects.filter(pk=world.command.pk).update(state="answered", response="ACCEPTED", created_at=long_ago)
        assert "The asynchronous result never came." in shown(page, world.command).context["standing"].text

    def test_the_list_names_command_and_charger(self, page: Client, world: World) -> None:
        Command.objects.filter(pk=world.command.pk).update(request={"evse_uid": "ION-7"})
        text = page.get(reverse("admin:ocpi_command_changelist")).content.decode()
        assert "START_SESSION" in text
        assert "ION-7" in text


def test_a_sync_that_lost_objects_has_not_just_succeeded(page: Client, world: World) -> None:
    run = SyncRun.objects.get()
    said = shown(page, run).context["standing"]
    assert said.label == "Succeeded in part"
    assert said.text == "3 received, 2 stored. 1 could not be read, and is missing here."
    assert "Succeeded in part" in page.get(reverse("admin:ocpi_syncrun_changelist")).content.decode()


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("AVAILABLE", "Drivers can start here. The status is what the partner last said."),
        (
            "CHARGING",
            "A car charges here. If it is a driver of ours, nobody else can start; if not, another driver is let try, "
            "and the CPO decides. The status is what the partner last said.",
        ),
        ("INOPERATIVE", "Waiting for the CPO: drivers cannot start here while it says so."),
    ],
)
def test_an_evse_says_whether_drivers_can_start(page: Client, world: World, status: str, text: str) -> None:
    Evse.objects.filter(pk=world.evse.pk).update(status=status)
    assert shown(page, world.evse).context["standing"].text == text


def test_nobody_starts_at_a_partner_that_is_not_connected(page: Client, world: World) -> None:
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    said = shown(page, world.evse).context["standing"].text
    assert said == f"{world.partner.name} is not connected, so drivers cannot start here."


def test_an_ocpi_session_leads_to_charger_and_ad_hoc_session(page: Client, world: World) -> None:
    evse = world.evse
    row = world.ocpi_session
    OcpiSession.objects.filter(pk=row.pk).update(location_id=evse.location.ocpi_id, evse_uid=evse.uid)
    text = shown(page, row).content.decode()
    for other in (evse, world.session, Cdr.objects.get()):
        assert f'href="{url_of(type(other), other.pk)}"' in text
    assert "0.00 kWh" in text


def test_the_payments_story_is_told_in_sentences(page: Client, world: World) -> None:
    world.session.authorization.events.create(
        at=timezone.now(), action="answered", from_state="reserving", to_state="reserved", outcome="done", amount=4000
    )
    assert "The gateway answered: done, 40.00 EUR." in shown(page, world.session).content.decode()


def test_the_search_box_says_what_it_finds(page: Client, world: World) -> None:
    text = page.get(reverse("admin:index")).content.decode()
    assert "Find by any id" in text
    assert "Search apps and models" not in text


@pytest.mark.parametrize("begin", ["2026-11-23 21:30", "2026-11-23T21:30"])
def test_the_calculator_takes_24_hours(page: Client, world: World, begin: str) -> None:
    tariff = Tariff.objects.get()
    answer = page.get(url_of(Tariff, tariff.pk), {"kwh": "20", "minutes": "30", "parked": "0", "begin": begin})
    assert answer.context["calculator"]["result"] is not None
    assert 'type="datetime-local"' not in answer.content.decode()


def test_the_last_crumb_and_the_tab_say_an_id_as_it_is(page: Client, world: World) -> None:
    OcpiSession.objects.filter(pk=world.ocpi_session.pk).update(ocpi_id="ab12-Cd", ocpi_key="ab12-cd")
    text = shown(page, OcpiSession.objects.get(pk=world.ocpi_session.pk)).content.decode()
    assert re.findall(r'class="sfp-crumb"[^>]*>([^<]*)<', text)[-1] == "ab12-Cd"
    assert re.findall(r"<title>\s*([^<|]*?) \|", text) == ["ab12-Cd"]


@pytest.mark.parametrize("name", ADDED)
def test_what_is_being_added_stands_behind_its_list(page: Client, world: World, name: str) -> None:
    text = page.get(reverse(f"admin:{name}_add")).content.decode()
    assert (_crumbs(text), _crumbs(shown(page, world.partner).content.decode())[-1]) == (
        ADDED[name],
        str(world.partner),
    )


def _crumbs(text: str) -> list[str]:
    return re.findall(r'class="sfp-crumb(?: sfp-crumb-far)?"[^>]*>([^<]*)<', text)


def test_a_policy_is_written_as_people_write_it(page: Client, world: World) -> None:
    values = {"totals_include_vat": False, "max_price_per_kwh": "1.50", "auto_retry": "dc", "at_limit": "go_on"}
    AdHocSession.objects.filter(pk=world.session.pk).update(policy={**world.session.policy, **values})
    told = {row[0]: row[1] for row in shown(page, world.session).context["policy"]}
    expected = {
        "totals include VAT": "no",
        "max price per kWh": "1.50",
        "auto retry": "DC connectors",
        "at limit": "go on",
    }
    assert {name: told.get(name) for name in expected} == expected


def test_money_that_is_kept_for_another_try_is_told_with_its_end(page: Client, world: World) -> None:
    AdHocSession.objects.filter(pk=world.session.pk).update(
        state="failed", reason="command_rejected", next_check_at=None, ended_at=timezone.now()
    )
    until = timezone.now() + timedelta(minutes=10)
    PaymentAuthorization.objects.filter(pk=world.session.authorization_id).update(
        state="reserved", amount=4000, kept_until=until
    )
    text = shown(page, world.session).content.decode()
    clock = timezone.localtime(until).strftime("%-d %b %Y, %H:%M:%S")
    assert f"40.00 EUR held for another try until {clock}; then it is released." in text
    assert "<dt>For another try until</dt>" in text


def test_the_checklist_speaks_to_staff_of_the_cpo(page: Client, world: World) -> None:
    address = reverse("admin:partners_partner_change", args=[world.partner.pk])
    lines = page.get(address, {"tab": "checklist"}).context["checklist"].lines
    said = " ".join(f"{line.item.hint} {line.seen} {line.fault}" for line in lines)
    assert "Public URL of their versions endpoint." in said
    assert re.findall(r"\b[Yy]our?s?\b", said) == []


def test_a_sync_that_took_an_object_in_part_says_so(page: Client, world: World) -> None:
    faults = [{"id": "LOC-1", "faults": [{"path": "coordinates", "message": "is required and missing"}]}]
    done = {"partner": world.partner, "module": "locations", "state": "succeeded", "ended_at": timezone.now()}
    run = SyncRun.objects.create(**done, received=8, stored=8, faults=faults)
    text = shown(page, run).content.decode()
    assert "8 received, 8 stored. 1 object was taken without what has a fault." in text
    assert "1 object with faults" in text
    assert "Nobody has to do anything" not in text
    assert page.get(reverse("admin:ocpi_syncrun_changelist")).content.decode().count("Succeeded in part") == 2, (
        "the world has one"
    )


def test_a_mail_is_shown_with_its_lines(page: Client, world: World) -> None:
    mail = Mail.objects.create(
        partner=world.partner, to=["ana@ion.example"], subject="x", body="One <b>line</b>\n\nTwo"
    )
    assert (
        '<div style="white-space: pre-line">One &lt;b&gt;line&lt;/b&gt;\n\nTwo</div>'
        in shown(page, mail).content.decode()
    )


def test_the_incidents_of_both_connections_are_on_either_page(page: Client, world: World) -> None:
    """The page counts them together."""
    made = PartnerFactory.create(environment="production")
    now = timezone.now()
    Onboarding.objects.update_or_create(
        partner=world.partner, defaults={"production": made, "stage": "live", "stage_since": now, "evidence_from": now}
    )
    Incident.objects.all().delete()
    Incident.objects.create(partner=made, key="x", symptom="HTTP 403 when SFP calls your endpoints", cause="Yours.")
    for partner in (world.partner, made):
        text = page.get(url_of(Partner, partner.pk), {"tab": "incidents"}).content.decode()
        assert "They are live, and 1 incident is open." in text
        assert "HTTP 403 when SFP calls their endpoints" in text
        assert "Theirs." in text
