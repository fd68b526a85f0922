"""The CPO's page: what can be entered, ticked, revealed and signed over the link."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from onboarding.checklist import set_ticks
from onboarding.guide import FAILED, PASSED, TEST, Side
from onboarding.intake import entering
from onboarding.intake.checks import CHECKS, check_field
from onboarding.models import LinkEvent
from onboarding.portal import limits
from onboarding.portal import token_b as tokens_b
from onboarding.portal.forms import IntakeForm, SignOffForm, WindowForm
from onboarding.portal.guard import Visit, answer_closed, by_link
from onboarding.portal.page import confirmations, page_context, unproven_to_you
from onboarding.portal.partner_place import place_of
from onboarding.portal.telling import is_lacking
from onboarding.stages import golive
from onboarding.stages import sign_off as signing
from onboarding.stages.refusals import NotPossible, Unproven
from onboarding.testing import functional_tests

Kind = LinkEvent.Kind
UNPROCESSABLE = 422
UNSEEN = "This did not happen yet: nobody can say that it works. It is seen here as soon as it does."


def show(request: HttpRequest, visit: Visit, status: int = 200, **changes: Any) -> HttpResponse:
    """The page, with what `changes` says instead of the usual."""
    context = {**page_context(visit, request.GET.get("done", "")), **changes}
    return render(request, "portal/page.html", context, status=status)


def back(visit: Visit, done: str, place: str) -> HttpResponse:
    """To the page, at the part that was used, with a word that it worked."""
    return redirect(f"{reverse('portal:page', args=[visit.token])}?done={done}#{place}")


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """GET shows everything; POST stores what was entered."""
    if request.method != "POST":
        return show(request, visit)
    if not place_of(visit.partner).may_enter:
        return show(request, visit, 409, problem="The handshake has begun, so this cannot be changed here any more.")
    form = IntakeForm(visit.partner, request.POST)
    form.is_valid()
    was_lacking = is_lacking(visit.partner)
    try:
        said = entering.record_intake(visit.partner, form.valid_fields(), visit.who)
    except ValidationError as error:
        form.refuse(error)
        said = _store_the_rest(visit, form)
    if said:
        visit.record(Kind.INTAKE, "; ".join(said), tell=was_lacking and not is_lacking(visit.partner))
    if not form.errors:
        return back(visit, "saved" if said else "nothing", "information")
    visit.record(
        Kind.REFUSED, "; ".join(f"{form[name].label}: {' '.join(map(str, form.errors[name]))}" for name in form.errors)
    )
    visit.partner.refresh_from_db()
    form.look_at_token_a()
    return show(request, visit, UNPROCESSABLE, form=form, stored=bool(said))


def _store_the_rest(visit: Visit, form: IntakeForm) -> list[str]:
    """Store what is valid beside what only the database could refuse."""
    rest = form.valid_fields()
    pair = {"country_code", "party_id"}
    return entering.record_intake(visit.partner, {name: rest[name] for name in rest.keys() - pair}, visit.who)


@by_link
@require_POST
def check(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Whether one field would be accepted, asked while the CPO types. Nothing is stored."""
    if limits.too_many_checks(visit.link):
        return JsonResponse({"error": ""}, status=429)
    name, value = request.POST.get("name", ""), request.POST.get("value", "")
    error = ""
    if value.strip() and (name in CHECKS or name == "agreed_version"):
        try:
            check_field(visit.partner, name, value)
        except ValidationError as fault:
            error = " ".join(fault.messages)
    return JsonResponse({"error": error})


@by_link
@require_POST
def window(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Keep when the CPO's team could do the handshake."""
    form = WindowForm(request.POST, auto_id="w-%s", label_suffix="")
    if not form.is_valid():
        return show(request, visit, UNPROCESSABLE, window_form=form)
    visit.record(Kind.WINDOW, form.cleaned_data["suggestion"], tell=True)
    return back(visit, "window", "window")


@by_link
@require_POST
def checklist(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Store the ticks. Items that were not on the page stay as they are."""
    offered, wanted = request.POST.getlist("offered"), request.POST.getlist("tick")
    was_lacking = is_lacking(visit.partner)
    said = set_ticks(visit.partner, wanted, visit.who, among=offered)
    if said:
        visit.record(Kind.CHECKLIST, "; ".join(said), tell=was_lacking and not is_lacking(visit.partner))
    return back(visit, "ticked", "checklist")


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def token_b(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Reveal Token B, once; say who to ask the second time. Looking needs a POST: no preview of the link does it."""
    if request.method != "POST":
        return redirect(f"{reverse('portal:page', args=[visit.token])}#token-b")
    if not visit.link.token_b_revealed_at and not (visit.link.reveals_token_b and place_of(visit.partner).may_reveal):
        return show(request, visit, 409, problem="Token B cannot be revealed now.")
    revealed = tokens_b.reveal(visit.link)
    if revealed.at is None:
        return answer_closed(request, visit.token, visit.address)
    if revealed.token:
        visit.record(Kind.TOKEN_B, f"Token B revealed, ends in {revealed.last4}")
    else:
        visit.record(Kind.TOKEN_B_AGAIN, f"Asked again for Token B, ends in {revealed.last4}: not shown")
        visit.link.refresh_from_db()
    return show(request, visit, revealed=revealed)


@by_link
@require_POST
def judge(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The CPO's verdict on one of the tests that both sides validate (guide 7.4)."""
    key, verdict, reason = (request.POST.get(name, "") for name in ("test", "verdict", "reason"))
    if verdict == PASSED and not _was_seen(visit, key):
        return show(request, visit, 409, problem=UNSEEN, problem_test=key, problem_reason=reason)
    try:
        test = functional_tests.judge(visit.partner, key, Side.CPO, verdict, visit.link.given_to, reason)
    except NotPossible as refused:
        return show(request, visit, 409, problem=str(refused), problem_test=key, problem_reason=reason)
    told = f"{test.get_key_display()}: {verdict or 'verdict taken back'}. {reason}".strip()
    visit.record(Kind.JUDGED, told, tell=verdict == FAILED)
    return back(visit, "judged", "tests")


def _was_seen(visit: Visit, key: str) -> bool:
    """Whether the test happened. What is no test of theirs, or not now, is refused by who judges."""
    place = place_of(visit.partner)
    if not place.may_judge or key not in TEST or Side.CPO not in TEST[key].validators:
        return True
    return bool(place.onboarding.tests.filter(key=key, seen_at__isnull=False).exists())


@by_link
@require_POST
def confirm(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The CPO did its part of an action of going live (guide 7.5)."""
    try:
        row, new = golive.confirm(visit.partner, request.POST.get("action", ""), Side.CPO, visit.link.given_to)
    except Unproven as refused:
        return show(request, visit, 409, problem=unproven_to_you(refused))
    except NotPossible as refused:
        return show(request, visit, 409, problem=str(refused))
    if new:
        visit.record(Kind.CONFIRMED, row.get_action_display())
    return back(visit, "confirmed", "sign-off")


@by_link
@require_POST
def sign_off(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The CPO's signature under the integration (guide 7.5)."""
    form = SignOffForm(request.POST)
    if not form.is_valid():
        return show(request, visit, UNPROCESSABLE, sign_form=form)
    if not place_of(visit.partner).signing or not all(row for _action, row in confirmations(place_of(visit.partner))):
        return show(request, visit, 409, sign_form=form, problem="Give the confirmations first, then sign.")
    name, role, signed_on = (form.cleaned_data[field] for field in ("name", "role", "signed_on"))
    try:
        signing.sign(visit.partner, Side.CPO, name, role, signed_on, source_address=visit.address)
    except NotPossible as refused:
        return show(request, visit, 409, sign_form=form, problem=str(refused))
    visit.record(Kind.SIGNED, f"Signed off by {name}, {role}", tell=True)
    return back(visit, "signed", "sign-off")
