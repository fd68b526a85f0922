"""What staff can do about functional tests, test runs and the actions of going live."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ocpi.client.failures import sentence
from ocpi.models import Connector
from onboarding.admin.partner.stage_actions import ONBOARD, ask, in_stage
from onboarding.guide import FAILED, GO_LIVE_ACTIONS, PASSED, TEST, TESTS, Side, Stage
from onboarding.stages import golive, moving
from onboarding.testing import functional_tests, test_run
from partners.admin.kit.actions import DANGER, PRIMARY, PageAction
from partners.models import Partner

SIDES = [(side.value, side.value) for side in Side]
SAID_BY = "Of the CPO: who said so, and how, for example “Jana Nova, by telephone”."


class JudgeForm(forms.Form):
    """Which test, for which side, and the verdict."""

    test = forms.ChoiceField(choices=[(test.key, test.title) for test in TESTS], widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=SIDES, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        choices=[(PASSED, "Passed"), (FAILED, "Failed"), ("", "Take it back")], required=False, widget=forms.HiddenInput
    )
    said_by = forms.CharField(
        label="Who of the CPO", required=False, max_length=150, widget=UnfoldAdminTextInputWidget, help_text=SAID_BY
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="What the verdict rests on. Needed for a failure, and to pass what the platform has not seen.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("side") == Side.CPO and cleaned.get("verdict") and not cleaned.get("said_by", "").strip():
            self.add_error("said_by", "Name the person whose word this is.")
        if cleaned.get("verdict") == FAILED and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Say what went wrong: the CPO has to mend it.")
        return cleaned


def judge(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    side, user = Side(data["side"]), request.user.get_username()
    by = user if side == Side.SFP else f"{data['said_by'].strip()}, noted by {user}"
    row = ask(functional_tests.judge, partner, data["test"], side, data["verdict"], by[:150], data["reason"])
    return f"{TEST[row.key].title}: {row.state.label.lower()}."


def pass_seen(request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    rows = ask(functional_tests.pass_seen, partner, request.user.get_username())
    return f"Passed for Smart Fuel Pass: {', '.join(TEST[row.key].title for row in rows)}."


def what_is_passed(partner: Partner) -> str:
    titles = ", ".join(f"“{TEST[row.key].title}”" for row in functional_tests.passable(moving.of(partner)))
    return f"Passed, for Smart Fuel Pass: {titles}. It is kept with your name, and both sides see it."


def may_pass(partner: Partner) -> bool:
    onboarding = moving.of(partner)
    return Stage(onboarding.stage) in functional_tests.TESTABLE and bool(functional_tests.passable(onboarding))


class ConfirmForm(forms.Form):
    """Which action, for which side, and who says so."""

    action = forms.ChoiceField(choices=[(one.key, one.title) for one in GO_LIVE_ACTIONS], widget=forms.HiddenInput)
    side = forms.ChoiceField(choices=SIDES, widget=forms.HiddenInput)
    said_by = forms.CharField(
        label="Who of the CPO", required=False, max_length=150, widget=UnfoldAdminTextInputWidget, help_text=SAID_BY
    )
    note = forms.CharField(
        required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text="What it rests on."
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("side") == Side.CPO and not cleaned.get("said_by", "").strip():
            self.add_error("said_by", "Name the person whose word this is.")
        return cleaned


def confirm(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    side, user = Side(data["side"]), request.user.get_username()
    by = user if side == Side.SFP else f"{data['said_by'].strip()}, noted by {user}"
    row, new = ask(golive.confirm, partner, data["action"], side, by[:150], request.user, data["note"])
    return sentence(f"{row.get_action_display()}: confirmed by {row.name}") if new else "This was confirmed before."


# --- a charge for testing
def run_url(partner: Partner, session: Any = "") -> str:
    """The page of test runs; of one, where it is named."""
    address = reverse("admin:partners_partner_test_run", args=[partner.pk])
    return f"{address}?session={session}" if session else address


class StartForm(forms.Form):
    """Where."""

    connector = forms.ModelChoiceField(
        label="Charger", queryset=Connector.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["connector"]
        chosen.queryset = Connector.objects.select_related("evse__location", "evse__partner")


def start_run(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    connector = data["connector"]
    by = request.user.get_username()
    session = ask(test_run.start, partner, connector.evse, connector.connector_id, by)
    return HttpResponseRedirect(run_url(partner, session.pk))


class StopForm(forms.Form):
    """Which charge."""

    session = forms.UUIDField(widget=forms.HiddenInput)


def stop_run(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    ask(test_run.stop, partner, str(data["session"]), request.user.get_username())
    return HttpResponseRedirect(run_url(partner, data["session"]))


def is_connected(partner: Partner) -> bool:
    return bool(partner.connection == Partner.Connection.CONNECTED)


JUDGE = PageAction(
    "judge",
    "Record the verdict",
    ONBOARD,
    "The verdict is kept with your name, and both sides see it.",
    judge,
    icon="gavel",
    form=JudgeForm,
    possible=in_stage(Stage.TESTING, Stage.GO_LIVE),
)
PASS_SEEN = PageAction(
    "pass-seen", "Pass all that are seen", ONBOARD, what_is_passed, pass_seen, icon="done_all", possible=may_pass
)
CONFIRM = PageAction(
    "confirm",
    "Confirm",
    ONBOARD,
    "It is kept with the name of who confirms it, and both sides see it.",
    confirm,
    icon="task_alt",
    form=ConfirmForm,
    possible=in_stage(Stage.GO_LIVE),
)
START_RUN = PageAction(
    "start-test-run",
    "Start a test charge",
    ONBOARD,
    "We reserve a test payment and send START_SESSION to this charger, like for any driver. Somebody has to be there "
    "with a car or a test load.",
    start_run,
    icon="play_arrow",
    tone=PRIMARY,
    form=StartForm,
    possible=is_connected,
)
STOP_RUN = PageAction(
    "stop-test-run",
    "Stop the charge",
    ONBOARD,
    "We send STOP_SESSION. To test a local stop, stop at the charger instead.",
    stop_run,
    icon="stop",
    tone=DANGER,
    form=StopForm,
    possible=is_connected,
    asks=False,
)
TEST_ACTIONS = (JUDGE, PASS_SEEN, CONFIRM, START_RUN, STOP_RUN)
