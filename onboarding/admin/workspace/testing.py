"""What the tests tab, the go-live card and the page of test runs show."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.forms import Form
from django.urls import reverse

from ocpi.models import Connector
from onboarding.admin.partner.test_actions import ConfirmForm, JudgeForm, StartForm, StopForm
from onboarding.admin.workspace.stepper import WHO
from onboarding.guide import FAILED, GO_LIVE_ACTIONS, PASSED, TEST, TESTS, Side, Verified
from onboarding.models import Evidence, FunctionalTest, Onboarding
from onboarding.testing import test_run
from onboarding.testing.evidence import Charge
from onboarding.testing.test_run import Outcome
from partners.admin.kit.actions import PageAction
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, anchor, at, badge, link, url_of
from partners.models import Partner
from sessions_adhoc.models import AdHocSession

TONES = {
    Verified.WAITING: NEUTRAL,
    Verified.SEEN: INFO,
    Verified.PASSED_BY_SFP: INFO,
    Verified.PASSED_BY_CPO: INFO,
    Verified.PASSED: SUCCESS,
    Verified.FAILED: DANGER,
}
STEP_TONES = {Outcome.DONE: "success", Outcome.WAITING: "neutral", Outcome.MISSED: "warning"}
SIDE_NAMES = {Side.SFP: "SFP", Side.CPO: "CPO"}
SHOWN_EVIDENCE = 6


def dialog(action: PageAction, name: str, form: Form, url: str, tone: str = "default") -> dict[str, Any]:
    """A button with a dialog of its own, where one action has several."""
    question = action.question if isinstance(action.question, str) else ""
    return {
        "action": action,
        "form": form,
        "url": url,
        "tone": tone,
        "dialog": name,
        "question": question,
        "asks": action.asks,
    }


def tests(onboarding: Onboarding, judge: PageAction | None, url: str) -> list[dict[str, Any]]:
    """The seven tests with state, evidence, verdicts, and buttons where the verdict can be given. Two queries."""
    rows = {row.key: row for row in onboarding.tests.prefetch_related("evidence")} if onboarding.pk else {}
    return [_test(test, rows.get(test.key) or FunctionalTest(key=test.key), judge, url) for test in TESTS]


def _test(test: Any, row: FunctionalTest, judge: PageAction | None, url: str) -> dict[str, Any]:
    evidence = list(row.evidence.all()) if row.pk else []
    return {
        "info": test,
        "row": row,
        "who": WHO[test.validators],
        "state": badge(row.state.label, TONES[row.state]),
        "evidence": [{"link": evidence_link(one), "at": at(one.at)} for one in evidence[-SHOWN_EVIDENCE:]],
        "sides": [_side(test.key, side, row, judge, url) for side in Side if side in test.validators],
    }


def _side(key: str, side: Side, row: FunctionalTest, judge: PageAction | None, url: str) -> dict[str, Any]:
    verdict, by, when = (
        (row.sfp_verdict, row.sfp_by, row.sfp_at) if side == Side.SFP else (row.cpo_verdict, row.cpo_by, row.cpo_at)
    )
    buttons = []
    for value, label in ((PASSED, "Pass"), (FAILED, "Fail")):
        if judge is not None and verdict != value:
            name = f"judge-{key}-{side.value}-{value}"
            form = JudgeForm(
                initial={"test": key, "side": side.value, "verdict": value}, auto_id=f"{name}-%s", label_suffix=""
            )
            if side == Side.SFP:
                del form.fields["said_by"]
            button = dialog(judge, name, form, url, "danger" if value == FAILED else "default")
            buttons.append(button | {"label": label} | verdict_words(key, side, value))
    shown = badge(verdict.capitalize(), SUCCESS if verdict == PASSED else DANGER) if verdict else badge("open", NEUTRAL)
    return {"name": SIDE_NAMES[side], "verdict": shown, "by": by, "at": at(when) if when else "", "buttons": buttons}


def verdict_words(key: str, side: Side, verdict: str) -> dict[str, str]:
    """What the dialog of a verdict says: the test, the side, the verdict."""
    whose = "Smart Fuel Pass" if side == Side.SFP else "the CPO"
    verb = "Pass" if verdict == PASSED else "Fail"
    said = "passed" if verdict == PASSED else "failed"
    return {
        "title": f"{verb} “{TEST[key].title}” for {whose}",
        "question": f"“{TEST[key].title}” {said}, for {whose}. It is kept with your name, and both sides see it.",
        "submit": f"{verb} for {SIDE_NAMES[side]}",
    }


def evidence_link(one: Evidence) -> Any:
    """The row that a piece of evidence names."""
    return anchor(url_of(apps.get_model(one.model), one.object_pk), one.label)


def go_live(onboarding: Onboarding, confirm: PageAction | None, url: str) -> list[dict[str, Any]]:
    """The four actions of going live, per side. One query."""
    done = {(row.action, row.side): row for row in onboarding.go_live_actions.all()} if onboarding.pk else {}
    lines = []
    for action in GO_LIVE_ACTIONS:
        sides = []
        for side in (one for one in Side if one in action.sides):
            row, button = done.get((action.key, side.value)), None
            if row is None and confirm is not None and action.key in ("production_tested", "cpo_confirmed"):
                name = f"confirm-{action.key}-{side.value}"
                form = ConfirmForm(
                    initial={"action": action.key, "side": side.value}, auto_id=f"{name}-%s", label_suffix=""
                )
                if side == Side.SFP:
                    del form.fields["said_by"]
                whose = "Smart Fuel Pass" if side == Side.SFP else "the CPO"
                words = {"title": f"Confirm for {whose}: {action.title}", "submit": f"Confirm for {SIDE_NAMES[side]}"}
                button = dialog(confirm, name, form, url) | {"label": "Confirm"} | words
            sides.append({"name": SIDE_NAMES[side], "row": row, "button": button})
        lines.append({"info": action, "who": WHO[action.sides], "sides": sides})
    return lines


def run_context(partner: Partner, session: str) -> dict[str, Any]:
    """The page of test runs: the chargers, earlier runs and, where one is named, its path."""
    charge = test_run.read(partner, session) if is_id(session) else None
    return {
        "charge": charge,
        "over": charge is not None and test_run.is_over(charge),
        "path": [path_step(step) for step in test_run.expected_path(charge)] if charge else [],
        "verdicts": [
            {"row": one, "badge": badge("shown", SUCCESS) if one.shown else badge("not shown", NEUTRAL)}
            for one in (test_run.verdicts(charge) if charge else [])
        ],
        "timeline": list(charge.session.timeline.order_by("-id")[:40]) if charge else [],
        "session_link": link(charge.session, "Everything about this charge") if charge else "",
        "earlier": [
            {
                "url": f"{reverse('admin:partners_partner_test_run', args=[partner.pk])}?session={one.pk}",
                "row": one,
                "began": at(one.created_at),
            }
            for one in test_run.charges_since(partner, partner.created_at)
        ],
    }


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def path_step(step: test_run.PathStep) -> dict[str, Any]:
    text = (
        link(step.row, step.text or step.title) if step.row is not None and step.outcome == Outcome.DONE else step.text
    )
    return {"title": step.title, "tone": STEP_TONES[step.outcome], "text": text, "at": step.at, "outcome": step.outcome}


def start_form(partner: Partner) -> StartForm:
    """The choice of chargers: this partner's, by location."""
    form = StartForm(auto_id="do-start-test-run-%s", label_suffix="")
    chosen: Any = form.fields["connector"]
    chosen.choices = [(row.pk, connector_name(row)) for row in connectors_of(partner)]
    return form


def connectors_of(partner: Partner, most: int = 300) -> Any:
    rows = Connector.objects.filter(evse__partner=partner, evse__location__missing_since=None)
    rows = rows.exclude(evse__status="REMOVED").select_related("evse__location")
    return rows.order_by("evse__location__name", "evse__uid", "connector_id")[:most]


def connector_name(row: Connector) -> str:
    evse = row.evse
    place = evse.location.name or evse.location.ocpi_id
    return f"{place}: {evse}, connector {row.connector_id} ({evse.status}, {row.power_type})"


def stop_form(session: AdHocSession) -> StopForm:
    return StopForm(initial={"session": session.pk}, auto_id="do-stop-test-run-%s")


def may_stop(charge: Charge) -> bool:
    """Whether a stop makes sense now."""
    return not test_run.is_over(charge) and charge.session.stop_requested_at is None
