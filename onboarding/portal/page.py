"""Everything that the CPO's page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils.text import capfirst

from onboarding import partner_facts
from onboarding.checklist import Checklist, checklist_of
from onboarding.connection_facts import CheckReport, facts_of, newest_check
from onboarding.documents.data_sheet import data_sheet_rows
from onboarding.guide import GO_LIVE_ACTIONS, ORDER, STAGE, TESTS, Facts, Side, Stage, Verified
from onboarding.guide.checklist import Group
from onboarding.guide.conditions import unproven
from onboarding.guide.guide import FunctionalTestInfo, GoLiveInfo
from onboarding.models import FunctionalTest, GoLiveAction, LinkEvent, PartnerLink, PlannedChange
from onboarding.moments import span
from onboarding.portal.bench.trying import bench_of
from onboarding.portal.forms import IntakeForm, SignOffForm, WindowForm
from onboarding.portal.guard import Visit
from onboarding.portal.handshake import handshake_told
from onboarding.portal.partner_place import Place, place_of
from onboarding.portal.running.connections import connections_of
from onboarding.portal.running.health import HealthTold, documents_of, health_of
from onboarding.scorecard import cards_of
from onboarding.stages.golive import BY_SIGNING
from onboarding.stages.refusals import Unproven
from onboarding.testing.functional_tests import tests_of
from partners.models import Partner

MOST_PLANNED = 10
TELLS = ("fail", "warn")
"""Verdicts of a connection check that ask for something."""
DONE = {
    "saved": "Stored. Thank you.",
    "nothing": "Nothing was changed.",
    "ticked": "Your checklist is stored.",
    "window": "Thank you. We will confirm a time by email.",
    "judged": "Your verdict is stored.",
    "confirmed": "Confirmed. Thank you.",
    "signed": "Signed. Thank you.",
    "check-started": "The check has begun. It takes about a minute.",
    "charge-started": "The test charge has begun. Reload the page to follow it.",
    "charge-stopped": "We asked your charger to stop.",
}


def page_context(visit: Visit, done: str = "") -> dict[str, Any]:
    """What the templates need. The number of queries does not depend on what was entered."""
    partner, place = visit.partner, place_of(visit.partner)
    facts = facts_of(partner)
    checklist = checklist_of(partner, facts, place.stage)
    stands = standing(partner, place, check := newest_check(partner), checklist)
    return {
        "visit": visit,
        "partner": partner,
        "place": place,
        "steps": steps(place),
        "next_step": next_step(place, checklist, partner, stands["health"]),
        "checklist": checklist,
        "form": IntakeForm(partner),
        "provide": [line for line in checklist.lines if line.item.group == Group.PROVIDE],
        "window": span(partner.integration_window_starts_at, partner.integration_window_ends_at),
        "window_form": WindowForm(auto_id="w-%s", label_suffix=""),
        "suggested": LinkEvent.objects.filter(link__partner=partner, kind=LinkEvent.Kind.WINDOW).first(),
        "data_sheet": data_sheet_rows(partner, facts),
        "token_b_elsewhere": revealed_elsewhere(visit.link),
        "check": check,
        "sign_form": SignOffForm(),
        "tests": functional_tests(place) if place.may_judge else [],
        "confirmations": (given := confirmations(place) if place.may_sign else []),
        "may_sign_now": bool(given) and all(row for _action, row in given),
        "signatures": (signatures := list(place.onboarding.sign_offs.all()) if place.signing else []),
        "signed_by_cpo": any(one.side == Side.CPO.value for one in signatures),
        "support_email": settings.SUPPORT_EMAIL,
        "our_addresses": list(settings.OCPI_OUTBOUND_IPS),
        "handshake": handshake_told(partner) if place.may_reveal and place.stage != Stage.INFRASTRUCTURE else None,
        "planned": PlannedChange.objects.told_to(partner)[:MOST_PLANNED],
        **stands,
        "done": DONE.get(done, ""),
    }


def standing(partner: Partner, place: Place, check: CheckReport | None, checklist: Checklist) -> dict[str, Any]:
    """What there is to see of connections that stand, and the test bench."""
    connections = connections_of(partner, place.onboarding)
    bench = bench_of(partner, place, check, checklist)
    told = [case for case in bench.report.cases if case.outcome in TELLS] if bench and bench.report else []
    return {
        "health": [health_of(one) for one in connections],
        "documents": documents_of(connections) if connections else [],
        "scorecards": [(one, cards) for one in connections if (cards := cards_of(one))],
        "bench": bench,
        "bench_told": sorted(told, key=lambda case: TELLS.index(case.outcome)),
        "bench_failed": [case for case in told if case.outcome == TELLS[0]],
        "bench_warned": [case for case in told if case.outcome == TELLS[1]],
    }


@dataclass(frozen=True)
class FunctionalTestLine:
    """One functional test as the CPO sees it. `judged` says whether the CPO's verdict counts."""

    info: FunctionalTestInfo
    row: FunctionalTest
    tone: str
    state: str
    judged: bool


STATES = {
    Verified.WAITING: ("calm", "Waiting"),
    Verified.SEEN: ("act", "Seen by the platform"),
    Verified.PASSED_BY_SFP: ("act", "Passed by Smart Fuel Pass"),
    Verified.PASSED_BY_CPO: ("act", "Passed by you"),
    Verified.PASSED: ("good", "Passed"),
    Verified.FAILED: ("bad", "Failed"),
}


def functional_tests(place: Place) -> list[FunctionalTestLine]:
    """The seven tests (guide 7.4)."""
    rows = tests_of(place.onboarding)
    return [
        FunctionalTestLine(test, rows[test.key], *STATES[rows[test.key].state], judged=Side.CPO in test.validators)
        for test in TESTS
    ]


SAID_TO_YOU = {"cpo_confirmed": "You confirm a successful end-to-end test from your side"}
"""Titles of the guide that speak of the CPO, in the second person."""


def confirmations(place: Place) -> list[tuple[GoLiveInfo, GoLiveAction | None]]:
    """What the CPO confirms besides signing (guide 7.5), with its confirmation where it gave one."""
    given = {row.action: row for row in place.onboarding.go_live_actions.filter(side=Side.CPO.value)}
    return [
        (replace(action, title=SAID_TO_YOU.get(action.key, action.title)), given.get(action.key))
        for action in GO_LIVE_ACTIONS
        if Side.CPO in action.sides and action.key != BY_SIGNING
    ]


def revealed_elsewhere(link: PartnerLink) -> PartnerLink | None:
    """The earlier link over which Token B was revealed."""
    others = PartnerLink.objects.filter(partner=link.partner).exclude(pk=link.pk)
    return others.filter(token_b_revealed_at__isnull=False).first()


def steps(place: Place) -> list[tuple[str, str]]:
    """The stages as (title, done | now | later)."""
    stages = [stage for stage in ORDER if stage != Stage.LIVE]
    at = ORDER.index(place.stage) if place.stage in ORDER else 0
    return [
        (
            _breakable(capfirst(STAGE[stage].title.removeprefix("SFP "))),
            "done" if index < at else "now" if index == at else "later",
        )
        for index, stage in enumerate(stages)
    ]


SOFT_HYPHEN = "\u00ad"
LONG_WORDS = {word: word.replace("-", SOFT_HYPHEN) for word in ("infra-structure", "hand-shake", "inte-gration")}


def _breakable(title: str) -> str:
    """On a telephone a stage has room for half a word."""
    for word, breaks in LONG_WORDS.items():
        whole = word.replace("-", "")
        title = title.replace(whole, breaks).replace(capfirst(whole), capfirst(breaks))
    return title


def next_step(
    place: Place, checklist: Checklist, partner: Partner, health: Sequence[HealthTold] = ()
) -> tuple[str, str]:
    """(tone, sentence): who has to move, and what they do."""
    if place.stage in (Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE) and (asked := _ask_for(checklist)):
        return "act", asked
    if place.stage == Stage.PRE_INTEGRATION:
        return "calm", _waiting_for_us(partner)
    if place.stage == Stage.INFRASTRUCTURE and settings.OCPI_OUTBOUND_IPS:
        tone, text = SENTENCES[place.stage]
        return (
            tone,
            f"{text} Add our IP addresses ({', '.join(settings.OCPI_OUTBOUND_IPS)}) to your firewall meanwhile.",
        )
    if place.stage == Stage.GO_LIVE:
        return _going_live(place)
    if place.stage == Stage.LIVE:
        return _standing_now(partner, health)
    return SENTENCES[place.stage]


def _standing_now(partner: Partner, health: Sequence[HealthTold]) -> tuple[str, str]:
    """What a CPO whose integration is live has to do about it."""
    if partner.connection == Partner.Connection.SUSPENDED:
        return "act", "We have paused the integration. Write to us if you do not know why."
    if count := sum(len(one.incidents) for one in health):
        opened = "1 incident is open" if count == 1 else f"{count} incidents are open"
        return "act", f"The integration is live. {opened}: what to do is below."
    return SENTENCES[Stage.LIVE]


SENTENCES = {
    Stage.INFRASTRUCTURE: (
        "calm",
        "We are setting up your endpoint, and write when it is ready.",
    ),
    Stage.HANDSHAKE: (
        "act",
        "Have your server running and reachable in the integration window. We start the handshake.",
    ),
    Stage.TESTING: ("act", "We test together. Please have your technical contact available."),
    Stage.LIVE: ("good", "The integration is live. Thank you."),
    Stage.OFF_BOARDED: ("calm", "This integration was ended. Write to us if you want to take it up again."),
}


def _ask_for(checklist: Checklist) -> str:
    """What stage 0 still needs of the CPO."""
    entering = len(checklist.open_in(Group.PROVIDE))
    ready = len([line for line in checklist.open_in(Group.READY) if line.item.needed])
    if entering:
        return f"Your turn: {entering} item{'s'[: entering != 1]} of the information below to enter."
    return f"Your turn: {ready} item{'s'[: ready != 1]} of “Your server is ready” to confirm." if ready else ""


def _waiting_for_us(partner: Partner) -> str:
    if partner.integration_window_starts_at is None:
        return "We have everything. Next, we agree on an integration window."
    return "We have everything, and the integration window is agreed. We set up your endpoint next."


def unproven_to_you(refused: Unproven) -> str:
    """What of production is not shown yet, without what our staff do about it."""
    titles = "; ".join(f"{one.title[0].lower()}{one.title[1:]}" for one in refused.blocked)
    return f"Production is not proven yet. What is still needed: {titles}. You confirm when that is there."


def _going_live(place: Place) -> tuple[str, str]:
    signed = place.onboarding.sign_offs.filter(side=Side.CPO.value).exists()
    open_ones = [action for action, given in confirmations(place) if given is None]
    if signed and not open_ones:
        return "calm", "You have confirmed and signed. We complete the sign-off on our side."
    if open_ones and (ahead := _proving(partner_facts.facts_of(place.onboarding))):
        return ahead
    missing = [f"“{action.title}”" for action in open_ones] + ([] if signed else ["your signature"])
    return "act", f"Your turn: {'; '.join(missing)}."


def _proving(facts: Facts) -> tuple[str, str] | None:
    """To show that production works is ours to do, but for what our check found wrong there; None once it is shown."""
    lacking = {one.key for one in unproven(facts)}
    if not lacking:
        return None
    if "production" in lacking:
        text = "We connect production with you next: a handshake, a check, one real charge. Then you confirm and sign."
        return "calm", text
    if "production_check" in lacking and (failed := facts.production_check_failed):
        cases = "1 case" if failed == 1 else f"{failed} cases"
        return "act", f"Your turn: our connection check in production failed in {cases}. Mend it, and we check again."
    next_ones = [text for key, text in OURS_IN_PRODUCTION.items() if key in lacking]
    return "calm", f"Production is connected. Next, we {' and '.join(next_ones)}. Then you confirm and sign."


OURS_IN_PRODUCTION = {"production_check": "check the connection", "production_charge": "make one real charge"}
