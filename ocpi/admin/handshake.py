"""Handshake runs: what was tried, what came of it, what to do next."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from ocpi import handshake
from ocpi.models import HandshakeRun, HandshakeStep, Message
from partners.admin.kit.actions import DANGER as PRESS_WITH_CARE
from partners.admin.kit.actions import PRIMARY, PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    at,
    clock_time,
    duration,
    link,
    partner_link,
    state_badge,
    url_of,
)
from partners.models import Partner

State = HandshakeRun.State
LIVE = (State.SCHEDULED, State.RUNNING)


def cancel(request: HttpRequest, run: HandshakeRun, _data: dict[str, Any]) -> str:
    try:
        handshake.cancel(run.pk, user=request.user)
    except handshake.HandshakeRefusedError as refused:
        raise Refused(str(refused)) from refused
    return "The handshake was called off. Partner and tokens are as before it."


def retry(request: HttpRequest, run: HandshakeRun, _data: dict[str, Any]) -> HttpResponse:
    try:
        new = handshake.again(run, user=request.user)
    except handshake.HandshakeRefusedError as refused:
        raise Refused(str(refused)) from refused
    return HttpResponseRedirect(url_of(HandshakeRun, new.pk))


def may_retry(run: HandshakeRun) -> bool:
    if run.state not in (State.FAILED, State.CANCELLED):
        return False
    return not HandshakeRun.objects.filter(partner_id=run.partner_id, state__in=LIVE).exists()


class HandshakeRunAdmin(ReadOnlyAdmin):
    """Registrations with partners, step by step. It is registered where the stages are known."""

    change_form_template = "admin/ocpi/handshakerun/page.html"
    list_display = ("run", "shown_partner", "shown_state", "step", "started", "ended", "cause")
    list_filter = (("partner", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("partner__name", "cause")
    search_help_text = "Partner or cause"
    empty_title = "No handshakes yet"
    empty_text = "Start one on a partner's page."
    page_actions = (
        PageAction(
            "retry",
            "Try again",
            "partners.onboard_partner",
            "A new run starts now and is tried for 30 minutes, with the Token A that is stored. For another window or "
            "another Token A start it on the partner's page.",
            retry,
            icon="refresh",
            tone=PRIMARY,
            possible=may_retry,
        ),
        PageAction(
            "cancel",
            "Cancel handshake",
            "partners.onboard_partner",
            "No further try is made. Partner and tokens are then as before this run.",
            cancel,
            icon="cancel",
            tone=PRESS_WITH_CARE,
            possible=lambda run: run.state in LIVE,
        ),
    )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With `steps_before`: its steps are read first. A step is written with what follows from it: one that failed
        and a run that still goes on are then never seen together, unless there is another try."""
        known = object_id.isascii() and object_id.isdigit()
        steps = list(HandshakeStep.objects.filter(run=int(object_id))) if known else []
        row: Any = super().get_object(request, object_id, from_field)
        if row is not None:
            row.steps_before = steps
        return row

    def refresh(self, row: HandshakeRun) -> int:
        return 2 if row.state in LIVE else 0

    def standing(self, row: HandshakeRun) -> Standing:
        if row.state == State.RUNNING:
            return self.running(row)
        if row.state == State.SCHEDULED:
            text = f"Waiting for the window, which opens {clock_time(row.window_starts_at)}."
            return Standing("Scheduled", text, INFO, next_at=row.next_check_at, next_text="the first try")
        if row.state == State.SUCCEEDED:
            text = f"{row.partner.name} and we hold each other's tokens (OCPI {row.version})."
            return Standing("Succeeded", text, SUCCESS, since=row.ended_at)
        if row.state == State.FAILED:
            return Standing("Failed", row.cause, DANGER, row.advice, since=row.ended_at)
        return Standing(
            "Cancelled", row.cause, NEUTRAL, "Start a new one when both sides are ready.", since=row.ended_at
        )

    def running(self, row: Any) -> Standing:
        last = row.steps_before[-1] if row.steps_before else None
        if last is None or last.ok is not False:
            return Standing("Running", f"{row.get_step_display()}. Waiting for the CPO's answer.", INFO)
        until = f"We try again until {clock_time(row.window_ends_at)}."
        if row.step == HandshakeRun.Step.FINISH:
            until = "Both sides are registered; we try some more times to confirm it."
        return Standing(
            "Running", f"{last.text} {until}", WARNING, last.advice, next_at=row.next_check_at, next_text="the next try"
        )

    def panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        token = row.issued_token
        return {
            "shortcuts": [(f"Stages of {row.partner.name}", url_of(Partner, row.partner_id))],
            "steps": [shown_step(step) for step in row.steps_before],
            "facts": {
                "Partner": link(row.partner),
                "Their versions URL": row.partner.versions_url,
                "OCPI version": row.version or f"{row.partner.agreed_version} (agreed)",
                "Window": window(row),
                "Started by": row.started_by or "the platform",
                "Token that we gave": link(token, f"…{token.last4}, {token.state}") if token else "none yet",
                "Credentials sent": at(row.credentials_sent_at) if row.credentials_sent_at else "not yet",
            },
            "offers": row.endpoints,
        }

    @admin.display(description="run", ordering="id")
    def run(self, row: HandshakeRun) -> str:
        return f"Run {row.pk}"

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: HandshakeRun) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: HandshakeRun) -> SafeString:
        return state_badge(row)

    @admin.display(description="starts", ordering="window_starts_at")
    def started(self, row: HandshakeRun) -> SafeString | str:
        return ago(row.window_starts_at)

    @admin.display(description="ended", ordering="ended_at")
    def ended(self, row: HandshakeRun) -> SafeString | str:
        return ago(row.ended_at)


def window(run: HandshakeRun) -> str:
    """`23 Nov 2026, 03:02:57 to 03:32:57`; the second date where it is another."""
    begins, ends = clock_time(run.window_starts_at), clock_time(run.window_ends_at)
    day, _, time = ends.partition(", ")
    return f"{begins} to {time if begins.startswith(day) else ends}"


def shown_step(step: HandshakeStep) -> dict[str, Any]:
    """One line of the log."""
    if step.ended_at is None:
        tone, took = INFO, f"running for {duration((timezone.now() - step.started_at).total_seconds())}"
    else:
        tone = SUCCESS if step.ok else DANGER if step.ok is False else WARNING
        took = f"{round((step.ended_at - step.started_at).total_seconds() * 1000)} ms"
    message = url_of(Message, step.message_id) if step.message_id else ""
    return {"row": step, "tone": tone, "took": took, "message": message}
