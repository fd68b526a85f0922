"""The next best action: for the condition to work on now, the button or the place that brings it about."""

from dataclasses import dataclass

from django.urls import reverse

from ocpi.models import Message
from onboarding.admin.partner.test_actions import run_url
from onboarding.admin.workspace.stepper import Journey
from onboarding.guide import Condition, Stage, Turn, our_turn
from onboarding.guide.conditions import IN_PRODUCTION as PRODUCTION
from onboarding.guide.turns import LINK, MOVE_ON, TEST_CHARGE, WINDOW
from onboarding.models import Onboarding
from partners.admin.kit.showing import list_url
from partners.models import Incident, Mail, Partner

PRODUCTIVE = Partner.Environment.PRODUCTION


@dataclass(frozen=True)
class NextStep:
    """What to press, or where to go. One of `action` and `url` is set; neither, where only waiting helps."""

    text: str
    action: str = ""
    label: str = ""
    url: str = ""


ACTIONS = {
    MOVE_ON: "advance",
    LINK: "make-link",
    WINDOW: "agree-window",
    "endpoint": "check-endpoint",
    "token_b": "issue-token-b",
    "setup_told": "send-data-sheet",
    "connected": "handshake",
    "connection_check": "check",
    "production_tested": "confirm",
    "archived": "make-dossier",
    "signed_off": "sign",
    "not_suspended": "resume",
}
"""What is to be done, and the button that does it."""

IN_PRODUCTION = {"production": "handshake", "production_check": "check"}
"""The same, for buttons on the page of the connection in production."""

NAMED = frozenset({"archived", "signed_off"})
"""Those of which only who has to act is told."""

TABS = {
    "information": ("settings", "Enter what they sent"),
    "modules": ("connection", "Look at their endpoints"),
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
    turn, condition = our_turn(journey.facts), journey.following
    key = turn.key if turn else condition.key if condition else ""
    if key == "setup_told" and (step := _mail_under_way(partner)):
        return step
    if turn is not None:
        return step_for(partner, journey.onboarding, turn)
    return NextStep("") if condition is None else _place(partner, journey, condition.key, in_words(condition))


def step_for(partner: Partner, onboarding: Onboarding, turn: Turn) -> NextStep:
    """What to press on the page of `partner`, or where to go from there, when it is our turn. Without a query."""
    if turn.key in PRODUCTION and onboarding.production is not None and partner.pk != onboarding.production_id:
        return NextStep(turn.text, label="Go to production", url=tab_url(onboarding.production, "overview"))
    if turn.key == "production" and onboarding.production is None and partner.environment != PRODUCTIVE:
        return NextStep(turn.text, action="add-production")
    if turn.key in ("production_charge", TEST_CHARGE):
        return NextStep(turn.text, label="Start a test charge", url=run_url(partner))
    if turn.key.startswith("test_"):
        return NextStep(turn.text, label="Go to the tests", url=tab_url(onboarding.partner, "tests"))
    return NextStep(turn.text, action=IN_PRODUCTION.get(turn.key) or ACTIONS[turn.key])


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
    speaks_for_itself = condition.key in ACTIONS.keys() - NAMED or condition.key in (*PRODUCTION, "modules")
    return missing if speaks_for_itself else f"{condition.title}: {missing}"


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
    """Where to look while somebody else has to move."""
    if key.startswith("test_"):
        return NextStep(text, label="Go to the tests", url=tab_url(partner, "tests"))
    if key in PRODUCTION:
        production = journey.onboarding.production
        if production is None or production.pk == partner.pk:
            return NextStep(text)
        return NextStep(text, label="Go to production", url=tab_url(production, "overview"))
    if key == "no_incidents":
        return NextStep(text, label="Open incidents", url=incidents_url(journey))
    if key == "confirmed":
        return NextStep(text, label="Their messages", url=list_url(Message, partner__id__exact=partner.pk))
    if key in ACTIONS:
        return NextStep(text, action=ACTIONS[key])
    tab, label = TABS[key]
    return NextStep(text, label=label, url=tab_url(partner, tab) if label else "")
