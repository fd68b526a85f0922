"""The next best action: for the condition to work on now, the button or the place that brings it about."""

from dataclasses import dataclass

from django.urls import reverse

from ocpi.models import Message
from onboarding.admin.workspace.stepper import Journey
from onboarding.guide import Condition, Stage
from onboarding.portal.links import open_link
from partners.admin.kit.showing import list_url
from partners.models import Incident, Mail, Partner


@dataclass(frozen=True)
class NextStep:
    """What to press, or where to go. One of `action` and `url` is set; neither, where only waiting helps."""

    text: str
    action: str = ""
    label: str = ""
    url: str = ""


ACTIONS = {
    "window": "agree-window",
    "endpoint": "check-endpoint",
    "token_b": "issue-token-b",
    "setup_told": "send-data-sheet",
    "connected": "handshake",
    "connection_check": "check",
    "archived": "make-dossier",
    "signed_off": "sign",
    "not_suspended": "resume",
}
"""Conditions that a button brings about."""

NAMED = frozenset({"archived", "signed_off"})
"""Those of which only who has to act is told."""

TABS = {
    "information": ("settings", "Enter what they sent"),
    "modules": ("connection", "Look at their endpoints"),
    "production_tested": ("overview", ""),
    "cpo_confirmed": ("overview", ""),
}
"""Conditions that are worked on in a tab."""


def tab_url(partner: Partner, tab: str) -> str:
    """The page of a partner, opened at one tab."""
    address = reverse("admin:partners_partner_change", args=[partner.pk])
    return address if tab == "overview" else f"{address}?tab={tab}"


def next_step(partner: Partner, journey: Journey) -> NextStep:
    """What staff should do now."""
    if journey.ended:
        return NextStep("They were off-boarded. If they come back, begin a new onboarding.", action="begin")
    if journey.stage == Stage.LIVE:
        return _live(journey)
    condition = journey.following
    if condition is None:
        return NextStep("Everything that this stage asks for is there.", action="advance")
    if _needs_link(partner, journey):
        return NextStep("Send them the link to their page: they enter what is missing themselves.", action="make-link")
    if condition.key == "setup_told" and (step := _mail_under_way(partner)):
        return step
    text = in_words(condition)
    if action := ACTIONS.get(condition.key):
        return NextStep(text, action=action)
    return _place(partner, journey, condition.key, text)


def incidents_url(journey: Journey) -> str:
    """The open incidents of the connection that has the newest one: the tested one, or that in production."""
    tested, production = journey.onboarding.partner_id, journey.onboarding.production_id
    rows = Incident.objects.filter(partner__in=[pk for pk in (tested, production) if pk], closed_at=None)
    newest = rows.order_by("-id").first()
    return list_url(Incident, partner__id__exact=newest.partner_id if newest else tested, state="open")


def _live(journey: Journey) -> NextStep:
    """Whoever is live needs nothing but help with what goes wrong."""
    incidents = journey.facts.incidents_open
    if not incidents:
        return NextStep("Nothing is left to do: they are live.")
    text = f"They are live, and {incidents} incident{'s are' if incidents > 1 else ' is'} open."
    return NextStep(text, label="Open incidents", url=incidents_url(journey))


def in_words(condition: Condition) -> str:
    """What is missing; with the condition's title where the words would not say of what."""
    missing = " ".join(condition.missing)
    if condition.key == "information":
        count = len(condition.missing)
        return f"Missing of their information and checklist: {count} item{'s'[: count != 1]}, see the overview."
    speaks_for_itself = condition.key in ACTIONS.keys() - NAMED or condition.key in ("production", "modules")
    return missing if speaks_for_itself else f"{condition.title}: {missing}"


def _needs_link(partner: Partner, journey: Journey) -> bool:
    """Whether something waits for the CPO's information, and they have no page to enter it on."""
    asked = any(row.condition.key == "information" and not row.condition.holds for row in journey.rows)
    return asked and open_link(partner) is None


def _mail_under_way(partner: Partner) -> NextStep | None:
    """What became of a data sheet that was sent off, and has not arrived at the mail server yet."""
    mail = Mail.objects.filter(document__partner=partner, sent_at=None).order_by("-id").first()
    if mail is None:
        return None
    if mail.error:
        whom = mail.addresses()
        text = f"The data sheet could not be sent to {whom}: {mail.error}. Tell them by other means, and say so."
        return NextStep(text, action="setup-told")
    text = f"The data sheet is on its way to {mail.addresses()}; a worker sends it within seconds."
    return NextStep(text, label="Look again", url=tab_url(partner, "overview"))


def _place(partner: Partner, journey: Journey, key: str, text: str) -> NextStep:
    """Where to go for what no single button does."""
    if key.startswith("test_"):
        return NextStep(text, label="Go to the tests", url=tab_url(partner, "tests"))
    if key == "production":
        production = journey.onboarding.production
        if production is None:
            return NextStep(text, action="add-production")
        return NextStep(text, label="Go to production", url=tab_url(production, "overview"))
    if key == "no_incidents":
        return NextStep(text, label="Open incidents", url=incidents_url(journey))
    if key == "confirmed":
        return NextStep(text, label="Their messages", url=list_url(Message, partner__id__exact=partner.pk))
    tab, label = TABS[key]
    return NextStep(text, label=label, url=tab_url(partner, tab) if label else "")
