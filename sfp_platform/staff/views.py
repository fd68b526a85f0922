"""The pages of the second factor: enter a code, set an app up, see one's own, new recovery codes."""

from contextlib import suppress
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login
from unfold.widgets import UnfoldAdminTextInputWidget

from partners.ground import secrets
from partners.people import second_factor

KEY = "second_factor_key"
UNREADABLE = "What your app shares with us cannot be read any more: enter a recovery code, or have it reset."
FEW_CODES = 3


class CodeInput(UnfoldAdminTextInputWidget):
    """Empty after a wrong code: it is typed anew anyway."""

    def format_value(self, value: Any) -> None:
        return None


class CodeForm(forms.Form):
    """The six digits that the app shows, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=CodeInput(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "inputmode": "text", "spellcheck": "false"}
        ),
    )


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def enter(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password. Who has no app yet sets one up first."""
    if not admin.site.has_password(request):  # type: ignore[attr-defined]
        return redirect_to_login(goal(request), reverse("admin:login"))
    if not second_factor.is_missing(request.user):
        return HttpResponseRedirect(goal(request))
    if not second_factor.has_app(request.user):
        return HttpResponseRedirect(reverse("admin:second_factor_set_up"))
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        checked = second_factor.check(request.user, form.cleaned_data["code"])
        if checked.device:
            return let_in(request, checked.device)
        form.add_error(None, UNREADABLE if checked.unreadable else wrong(checked.wait))
    return page(request, "admin/second_factor/enter.html", "Second factor", form=form, next=goal(request), site_url="")


def let_in(request: HttpRequest, device: Any) -> HttpResponse:
    """Go on with a session that knows the second factor."""
    request.session.cycle_key()
    login(request, device)
    left = second_factor.recovery_codes_left(request.user)
    if left < FEW_CODES:
        messages.warning(request, f"Recovery codes left: {left}. Make new ones under “Second factor”.")
    return HttpResponseRedirect(goal(request))


def wrong(wait: int) -> str:
    text = "This code is wrong or was used already."
    return f"{text} The next try counts in {wait} s." if wait else text


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def set_up(request: HttpRequest) -> HttpResponse:
    """Show a new key as a QR code until the app's code proves that it was read; then the recovery codes, once."""
    if not admin.site.has_password(request):  # type: ignore[attr-defined]
        return redirect_to_login(reverse("admin:index"), reverse("admin:login"))
    if getattr(request.user, "otp_device", None) is None and second_factor.has_app(request.user):
        return HttpResponseRedirect(reverse("admin:second_factor"))
    key = pending_key(request)
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        app = second_factor.set_up(request.user, key, form.cleaned_data["code"].replace(" ", ""))
        if app:
            del request.session[KEY]
            request.session.cycle_key()
            login(request, app)
            return show_codes(request, "Second factor is set up")
        form.add_error(None, "This code is wrong. Check the clock of your phone, and enter the code that is shown now.")
    import segno

    qr = segno.make(second_factor.address_of(request.user, key), error="m")
    return page(
        request,
        "admin/second_factor/set_up.html",
        "Set up the second factor",
        form=form,
        qr=qr.svg_data_uri(scale=5, border=3),
        key=second_factor.in_words(key),
        required=settings.ADMIN_SECOND_FACTOR_REQUIRED,
        site_url="",
    )


def pending_key(request: HttpRequest) -> bytes:
    """The key that is being set up; encrypted, because sessions are stored."""
    if KEY in request.session:
        with suppress(secrets.UnreadableSecret):
            return secrets.unseal(bytes.fromhex(request.session[KEY]))
    key = second_factor.new_key()
    request.session[KEY] = secrets.seal(key).hex()
    return key


def own(request: HttpRequest) -> HttpResponse:
    """One's own second factor: whether there is one, and what to do with it."""
    return page(
        request,
        "admin/second_factor/own.html",
        "Second factor",
        has_app=second_factor.has_app(request.user),
        left=second_factor.recovery_codes_left(request.user),
        few=FEW_CODES,
    )


def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them, this once."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not second_factor.has_app(request.user):
        return HttpResponseRedirect(reverse("admin:second_factor_set_up"))
    return show_codes(request, "New recovery codes")


def show_codes(request: HttpRequest, title: str) -> HttpResponse:
    codes = second_factor.make_recovery_codes(request.user)
    response = page(request, "admin/second_factor/codes.html", title, codes=codes)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def page(request: HttpRequest, template: str, title: str, **values: Any) -> TemplateResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **values})


def goal(request: HttpRequest) -> str:
    """Where somebody wanted to go: a page of ours, or the first one."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and safe else reverse("admin:index")
