"""Policies: the numbers of the session rules, per platform, partner, location and EVSE."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from partners.admin.kit.pages import SupportAdmin
from partners.agreed.policies import DEFAULTS
from partners.models import Policy


def _problem_of_amounts(amounts: Any) -> str:
    """What is wrong with the amounts per currency, in words."""
    if amounts in (None, ""):
        return ""
    whole = isinstance(amounts, dict) and all(isinstance(one, int) and one > 0 for one in amounts.values())
    if not whole or not all(len(name) == 3 and name.isalpha() and name.isupper() for name in amounts):
        return 'Currencies and whole minor units, for example {"CZK": 100000}.'
    return ""


def _problem_of_limits(limits: Any) -> str:
    """What is wrong with the limits to choose from, in words."""
    if limits in (None, ""):
        return ""
    whole = isinstance(limits, list) and limits and all(isinstance(one, int) and one > 0 for one in limits)
    if not whole or limits != sorted(set(limits)):
        return "Whole minor units, smallest first, for example [2000, 4000, 8000]."
    return ""


class PolicyForm(forms.ModelForm):
    """Scope and values. An empty value is decided by the next wider scope."""

    class Meta:
        model = Policy
        fields = ["partner", "location_id", "evse_uid", *DEFAULTS]
        labels = {"cdr_timeout": "CDR timeout", "cdr_deadline": "CDR deadline"}
        help_texts = {
            "partner": "Empty: the platform's default, for everybody.",
            "location_id": "Their location ID. Empty: all their locations.",
            "evse_uid": "Their EVSE UID at that location. Empty: all its EVSEs.",
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("partner") and (cleaned.get("location_id") or cleaned.get("evse_uid")):
            self.add_error("partner", "Name the partner whose location or EVSE this is.")
        if cleaned.get("evse_uid") and not cleaned.get("location_id"):
            self.add_error("location_id", "Name the location that the EVSE belongs to.")
        if problem := _problem_of_amounts(cleaned.get("reservation_amounts")):
            self.add_error("reservation_amounts", problem)
        if problem := _problem_of_limits(cleaned.get("limit_choices")):
            self.add_error("limit_choices", problem)
        return cleaned


@admin.register(Policy)
class PolicyAdmin(SupportAdmin):
    """What was agreed with a partner beyond OCPI. Sessions keep the values that they began with."""

    form = PolicyForm
    list_display = ("scope", "partner", "start_strategy", "auto_retry", "values_set", "updated_at")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("partner__name", "location_id", "evse_uid")
    search_help_text = "Partner, location ID or EVSE UID"
    empty_title = "No policy yet: the rules' own numbers apply everywhere"
    empty_text = (
        "Add one for the platform, a partner, a location or an EVSE. What it leaves empty, the wider scope decides."
    )
    fieldsets = (
        ("Where it applies", {"fields": ("partner", ("location_id", "evse_uid"))}),
        (
            "Start",
            {
                "fields": (
                    "start_strategy",
                    "push_ad_hoc_tokens",
                    "connector_timeout",
                    "session_timeout",
                    "energy_timeout",
                )
            },
        ),
        ("Charging", {"fields": ("meter_interval", "silence_timeout", "pull_retry", "flap_delay", "stop_timeout")}),
        (
            "Trying again",
            {
                "fields": (
                    "auto_retry",
                    "retry_delay",
                    "retry_window",
                    "max_attempts",
                    "hold_for_retry",
                    "hold_for_retry_terminal",
                )
            },
        ),
        (
            "Money",
            {
                "fields": (
                    "reservation_amount",
                    "reservation_currency",
                    "reservation_minimum",
                    "reservation_amounts",
                    "limit_choices",
                    "at_limit",
                    "totals_include_vat",
                    "created_timeout",
                    "authorizing_timeout",
                    "cdr_timeout",
                    "cdr_deadline",
                    "own_calculation_after",
                )
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Each field says what applies where nobody set it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and DEFAULTS.get(db_field.name):
            default = f"By the rules: {DEFAULTS[db_field.name]}."
            field.help_text = f"{field.help_text} {default}".strip()
        if isinstance(field, forms.NullBooleanField):
            field.widget.choices = [("unknown", "Not set here"), *field.widget.choices[1:]]
        return field

    @admin.display(description="applies to")
    def scope(self, row: Policy) -> str:
        return str(row)

    @admin.display(description="values set")
    def values_set(self, row: Policy) -> int:
        return sum(getattr(row, name) not in (None, "") for name in DEFAULTS)
