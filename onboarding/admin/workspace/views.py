"""The pages of the workspace: overview and tabs at the partner's own address, and the page of test runs."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from onboarding.admin.partner.stage_actions import OVERRULE, OverruleForm
from onboarding.admin.partner.standing import standing_of
from onboarding.admin.partner.test_actions import CONFIRM, JUDGE, PASS_SEEN, run_url
from onboarding.admin.ticket_actions import OF_PARTNER
from onboarding.admin.ticket_panel import ticket_panel
from onboarding.admin.workspace import tables, testing, wiring
from onboarding.admin.workspace.next_step import tab_url
from onboarding.admin.workspace.page import Page
from onboarding.admin.workspace.pressing import ADVANCE, next_of
from onboarding.admin.workspace.run_view import test_run_view
from onboarding.admin.workspace.stepper import Journey, journey_of
from onboarding.checklist import checklist_of, told_to_staff
from onboarding.connection_facts import facts_of as portal_facts_of
from onboarding.guide import Stage
from onboarding.models import LinkEvent
from onboarding.stages import moving
from partners.admin.kit.showing import clock_time, fact_list
from partners.models import Partner

FORM_TAB = "settings"
TABLES: dict[str, Callable[[Partner], list[tables.Table]]] = {
    "connection": wiring.connection,
    "credentials": wiring.credentials,
    "locations": tables.locations,
    "sessions": tables.sessions,
    "cdrs": tables.cdrs,
    "messages": tables.messages,
    "incidents": tables.incidents,
    "history": tables.changes,
}
TABS = (
    ("overview", "Overview"),
    ("connection", "Connection"),
    ("credentials", "Credentials"),
    ("checklist", "Checklist"),
    ("tests", "Tests"),
    ("locations", "Locations"),
    ("sessions", "Sessions"),
    ("cdrs", "CDRs"),
    ("messages", "Messages"),
    ("incidents", "Incidents"),
    ("history", "History"),
    (FORM_TAB, "Settings"),
)
# Buttons per tab. What is in none of them shows on the overview.
ON_TAB = {
    "connection": (
        *("handshake", "connect-by-hand", "rotate", "check", "check-armed"),
        *("sync-locations", "sync-tariffs", "suspend", "resume"),
    ),
    "credentials": ("issue-token-b",),
    "checklist": ("make-link", "revoke-link", "confirm-items"),
    "tests": ("check", "check-armed"),
    "locations": ("sync-locations",),
}
ELSEWHERE = frozenset(
    {"sync-locations", "sync-tariffs", "check-armed", "confirm-items", "issue-token-b", "connect-by-hand", "rotate"}
)


def show(page: Page, tab: str) -> HttpResponse:
    """One tab of the workspace, with the stages above it."""
    onboarding = moving.of(page.partner)
    journey = journey_of(onboarding)
    context = {
        **admin.site.each_context(page.request),
        "opts": page.admin.opts,
        "original": page.partner,
        "title": str(page.partner),
        "tabs": [(key, title, tab_url(page.partner, key), key == tab) for key, title in TABS],
        "tab": tab,
        "journey": journey,
        **_next(page, journey, page.admin.buttons(page.request, page.partner), tab),
        "conditions": _conditions(page, journey) if tab == "overview" else [],
        "rest_url": run_url(page.partner),
        **(_of_tab(page, journey, tab)),
    }
    return TemplateResponse(page.request, "admin/partners/partner/workspace.html", context)


def _belongs(button: dict[str, Any], tab: str) -> bool:
    name = button["action"].name
    return name not in ELSEWHERE if tab == "overview" else name in ON_TAB.get(tab, ())


def _next(page: Page, journey: Journey, buttons: list[dict[str, Any]], tab: str) -> dict[str, Any]:
    """What to do next, with its button, and the tab's other buttons. Moving on is offered as the next step only."""
    pressable = {one["action"].name: one for one in buttons}
    found = next_of(page, journey, pressable.get)
    others = [one for one in buttons if one is not found["next_button"] and one["action"].name != ADVANCE]
    return {**found, "buttons": [_calm(one) for one in others if _belongs(one, tab)]}


def _calm(button: dict[str, Any]) -> dict[str, Any]:
    """A button beside the next one: none of them is the first to press."""
    return {**button, "tone": "default"} if button["tone"] == "primary" else button


def _conditions(page: Page, journey: Journey) -> list[dict[str, Any]]:
    """What the stage asks for; beside the window, what the CPO suggested."""
    shown = [_condition(page, row) for row in journey.rows]
    for one in shown:
        if one["row"].condition.key == "window":
            one["suggested"] = _suggestion(page)
    return shown


def _condition(page: Page, row: Any) -> dict[str, Any]:
    """A condition; with the way to go on without it for those who may."""
    overrule = None
    if not row.condition.holds and page.may(OVERRULE):
        name = f"overrule-{row.condition.key}"
        form = OverruleForm(initial={"condition": row.condition.key}, auto_id=f"{name}-%s", label_suffix="")
        overrule = testing.dialog(OVERRULE, name, form, page.url(OVERRULE), "danger")
        overrule["title"] = f"Go on without “{row.condition.title}”"
    return {"row": row, "overrule": overrule}


def _of_tab(page: Page, journey: Journey, tab: str) -> dict[str, Any]:
    if tab == "overview":
        return _overview(page, journey)
    if tab == "tests":
        judge = page.usable(JUDGE)
        shown = testing.tests(journey.onboarding, judge, page.url(JUDGE))
        return {"tests": shown, "pass_seen": page.pressable(PASS_SEEN)}
    if tab == "checklist":
        return {"checklist": told_to_staff(checklist_of(page.partner, portal_facts_of(page.partner)))}
    more = {"standing": standing_of(page.partner)} if tab == "connection" else {}
    return {"tables": TABLES[tab](page.partner), **more}


def _overview(page: Page, journey: Journey) -> dict[str, Any]:
    partner, onboarding = page.partner, journey.onboarding
    contacts = [f"{one.name}, {one.email}, {one.phone}".rstrip(", ") for one in partner.contacts.all()]
    facts = {
        "Party": f"{partner.country_code}*{partner.party_id}",
        "OCPI": partner.version or f"{partner.agreed_version} (agreed)",
        "Their versions URL": partner.versions_url,
        "Our versions URL": journey.facts.endpoint,
        "Integration window": _window(partner),
        "Technical contact": "; ".join(contacts) or "none yet",
        "Open incidents": journey.facts.incidents_open,
    }
    live = journey.stage in (Stage.GO_LIVE, Stage.LIVE)
    return {
        **ticket_panel(partner, page.pressable(*OF_PARTNER)),
        "facts_shown": fact_list(facts),
        "connections": tables.both_connections([onboarding.partner, onboarding.production]),
        "changes": list(onboarding.changes.select_related("by").order_by("-id")[:20]) if onboarding.pk else [],
        "go_live": testing.go_live(onboarding, page.usable(CONFIRM), page.url(CONFIRM)) if live else [],
        "signatures": list(onboarding.sign_offs.all()) if live else [],
    }


def _window(partner: Partner) -> str:
    """As the CPO sees it on its page."""
    opens, closes = partner.integration_window_starts_at, partner.integration_window_ends_at
    return f"{clock_time(opens)} to {clock_time(closes)}" if opens and closes else ""


def _suggestion(page: Page) -> LinkEvent | None:
    """When the CPO's team could do the handshake, as they wrote it last on their page."""
    events = LinkEvent.objects.filter(link__partner=page.partner, kind=LinkEvent.Kind.WINDOW)
    return events.order_by("-id").first()


def urls(model_admin: Any) -> list[URLPattern]:
    """The addresses beside the partner's own."""
    view = model_admin.admin_site.admin_view(partial(test_run_view, model_admin))
    return [path("<path:object_id>/test-run/", view, name="partners_partner_test_run")]


def tab_of(request: HttpRequest) -> str:
    """The tab that is asked for; an unknown one is the overview."""
    wanted = request.GET.get("tab", "overview")
    return wanted if wanted in dict(TABS) else "overview"
