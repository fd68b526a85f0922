"""What CPOs share of their displays: secrets are entered, and never shown again; scans that were refused, and why."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from ocpi.models import Evse
from partners.admin.kit.actions import DANGER as DANGEROUS
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, at, badge, code, link
from partners.ground.secrets import UnreadableSecret
from sessions_adhoc.driver.displays import keeping, scanning
from sessions_adhoc.models import DisplaySecret

MANAGE = "sessions_adhoc.change_displaysecret"
LINK_OF_AN_EVSE = "/c/{code}?totp={{totp}}&v={{version}}"
AT_FIRST = "WebPaymentsCtrlr.SharedSecret, as the CPO gave it to you. It is kept encrypted and not shown."
LINK_OF_A_STATION = "/c/{roamingEVSEId}?totp={totp}&v={version}"


class DisplayForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whose displays, and what their codes are made with."""

    new_secret = forms.CharField(
        label="Shared secret",
        required=False,
        strip=True,
        max_length=keeping.LONGEST_SECRET,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        error_messages={"required": "Enter what the CPO gave you."},
        help_text="WebPaymentsCtrlr.SharedSecret. It is kept encrypted and not shown. Empty: as it is. A new one "
        "counts at once; for 24 hours codes of the old one are taken too.",
    )

    class Meta:
        model = DisplaySecret
        fields = ["partner", "location_id", "evse_uid", "validity", "length", "only_dynamic", "active"]
        help_texts = {
            "location_id": "Their location ID. Empty: all their locations.",
            "evse_uid": "Their EVSE UID at that location. Empty: all its EVSEs.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.secret and "new_secret" in self.fields:
            self.fields["new_secret"].required = True
            self.fields["new_secret"].help_text = AT_FIRST

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        secret = cleaned.get("new_secret") or ""
        if cleaned.get("evse_uid") and not cleaned.get("location_id"):
            self.add_error("location_id", "Name the location that the EVSE belongs to.")
        if secret and (problem := keeping.problem_of(secret)):
            self.add_error("new_secret", problem)
        return cleaned


class LinkForm(forms.Form):
    """What a display shows."""

    url = forms.CharField(
        label="Link on the display",
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="As it is in the QR code now, or the code alone.",
    )


def try_link(_request: HttpRequest, row: DisplaySecret, data: dict[str, Any]) -> str:
    asked = parse_qs(urlsplit(data["url"].strip()).query)
    given = (asked.get("totp") or [""])[0] if "?" in data["url"] else data["url"].strip()
    scan = scanning.Scan(given[:255], (asked.get("v") or [""])[0][:20])
    if why := scanning.why_not(row, scan, timezone.now()):
        raise Refused(why)
    return "A driver who scans this now can start."


def forget(_request: HttpRequest, row: DisplaySecret, _data: dict[str, Any]) -> str:
    if not keeping.forget_old(row):
        raise Refused("There is no older secret.")
    return "Codes of the newest secret alone are taken from now on."


def remove(request: HttpRequest, row: DisplaySecret, _data: dict[str, Any]) -> HttpResponse:
    row.delete()
    messages.success(request, "The secret is deleted: codes of these displays are not looked at any more.")
    return redirect("admin:sessions_adhoc_displaysecret_changelist")


def has_old(row: DisplaySecret) -> bool:
    return row.old_secret is not None and row.old_until is not None and row.old_until > timezone.now()


def display_words(evse: Evse) -> SafeString | str:
    """Whether the codes of an EVSE's display are checked, and whether it starts by no other."""
    row = keeping.of(evse)
    if row is None:
        return "not checked: no secret is shared"
    return link(row, "the only ones that start here" if row.only_dynamic else "checked; the sticker starts too")


@admin.register(DisplaySecret)
class DisplaySecretAdmin(SupportAdmin):
    """Where dynamic QR codes are checked."""

    form = DisplayForm
    list_display = ("scope", "partner", "shown_validity", "length", "only_dynamic", "state", "valid", "refused")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("partner__name", "location_id", "evse_uid")
    search_help_text = "Partner, location ID or EVSE UID"
    empty_title = "No secrets of displays yet"
    empty_text = (
        "Where a CPO's chargers show QR codes that change (OCPP 2.1), add the secret that it shares: a code is then "
        "checked before anything is reserved."
    )
    fields: tuple[str, ...] = (
        *("partner", "location_id", "evse_uid", "new_secret", "validity", "length", "only_dynamic", "active"),
    )
    readonly_fields = ("link_for_displays", "shown_valid", "shown_old", "shown_refusals")
    page_actions = (
        PageAction(
            "try",
            "Check a code",
            MANAGE,
            "Whether a driver who scans it now could start, and if not, why. Nothing is started.",
            try_link,
            icon="qr_code_scanner",
            form=LinkForm,
        ),
        PageAction(
            "forget",
            "Forget the old secret",
            MANAGE,
            "Codes of the newest secret alone are taken. A charger that has the older one starts nothing any more.",
            forget,
            icon="key_off",
            tone=DANGEROUS,
            possible=has_old,
        ),
        PageAction(
            "remove",
            "Delete",
            MANAGE,
            "For a CPO that does not share it any more. Codes of these displays are not looked at then: every link "
            "starts, the sticker's too. It cannot be brought back.",
            remove,
            icon="delete",
            tone=DANGEROUS,
            form=ReasonForm,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        entered = self.fields if may else tuple(name for name in self.fields if name != "new_secret")
        return (*entered, *self.readonly_fields) if obj else entered

    def save_model(self, request: HttpRequest, obj: DisplaySecret, form: Any, change: bool) -> None:
        if secret := form.cleaned_data["new_secret"]:
            keeping.put(obj, secret)
        super().save_model(request, obj, form, change)

    def standing(self, row: DisplaySecret) -> Standing:
        if not row.active:
            return Standing("Off", "Codes are not looked at: every link starts.", NEUTRAL)
        try:
            keeping.makers_of(row, timezone.now())
        except UnreadableSecret:
            text = "The secret cannot be decrypted: FIELD_ENCRYPTION_KEYS lacks its key. Scans are refused."
            return Standing("Not readable", text, WARNING, "Give the key back, or enter the secret again.")
        newest = row.refusals[0] if row.refusals else None
        if newest and (row.valid_at is None or datetime.fromisoformat(newest["at"]) > row.valid_at):
            advice = "Ask the CPO for the display's clock and for the values that are set there, and check a code."
            return Standing("Refusing", newest["why"], WARNING, advice, datetime.fromisoformat(newest["at"]))
        if row.valid_at is None:
            return Standing("Not scanned yet", "No driver has come with a code.", NEUTRAL, "Check a code.")
        return Standing("On", "Drivers come with valid codes.", SUCCESS, since=row.valid_at)

    @admin.display(description="applies to")
    def scope(self, row: DisplaySecret) -> str:
        return str(row)

    @admin.display(description="validity time", ordering="validity")
    def shown_validity(self, row: DisplaySecret) -> str:
        return f"{row.validity} s"

    @admin.display(description="state")
    def state(self, row: DisplaySecret) -> SafeString:
        standing = self.standing(row)
        return badge(standing.label, standing.tone)

    @admin.display(description="last valid scan", ordering="valid_at")
    def valid(self, row: DisplaySecret) -> SafeString | str:
        return ago(row.valid_at)

    @admin.display(description="link for the displays")
    def link_for_displays(self, row: DisplaySecret) -> SafeString:
        """What the CPO sets as WebPaymentsCtrlr.URLTemplate."""
        base, evse = settings.PUBLIC_BASE_URL.rstrip("/"), self._only_evse(row)
        path = LINK_OF_AN_EVSE.format(code=evse.code) if evse else LINK_OF_A_STATION
        return format_html("{} as WebPaymentsCtrlr.URLTemplate; TOTPVersion v1.", code(base + path))

    @admin.display(description="last valid scan")
    def shown_valid(self, row: DisplaySecret) -> SafeString | str:
        return ago(row.valid_at)

    @admin.display(description="old secret")
    def shown_old(self, row: DisplaySecret) -> SafeString | str:
        return format_html("its codes are taken until {}", at(row.old_until)) if has_old(row) else "none"

    @admin.display(description="refused scans")
    def shown_refusals(self, row: DisplaySecret) -> SafeString | str:
        if not row.refusals:
            return "none"
        told = ((at(datetime.fromisoformat(one["at"])), one["evse"], one["why"]) for one in row.refusals)
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", told)
        head = "<thead><tr><th>When</th><th>EVSE</th><th>Why</th></tr></thead>"
        count = f"{row.refused} in all; the newest {len(row.refusals)}:"
        return format_html('{}<table class="sfp-table">{}<tbody>{}</tbody></table>', count, SafeString(head), rows)

    @staticmethod
    def _only_evse(row: DisplaySecret) -> Evse | None:
        if not row.evse_uid:
            return None
        place = {"location__ocpi_id__iexact": row.location_id, "uid__iexact": row.evse_uid}
        return Evse.objects.filter(partner=row.partner_id, **place).first()
