"""Price plans: staff make them, drivers' first charge closes a version, and a change is a new one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from billing import plans, pricing
from billing.models import PricePlan
from billing.plans.retail import VERSION, prices_by_time, tariff_json
from billing.stored import tariff_in
from partners.admin.kit.actions import PageAction
from partners.admin.kit.pages import Standing, SupportAdmin
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, badge

Kind = PricePlan.Kind
OF_MARGIN = ("margin_percent", "margin_per_kwh")
OF_RETAIL = ("per_kwh", "per_minute", "per_session", "idle_per_minute", "idle_after", "by_time")
ALWAYS_OPEN = ("valid_until", "note")


class PricePlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where, when, and what it costs; what belongs to another kind of plan stays empty."""

    class Meta:
        model = PricePlan
        fields = [
            "name",
            "kind",
            "partner",
            "location_id",
            "power_type",
            "min_kw",
            "max_kw",
            "valid_from",
            "valid_until",
            "currency",
            *OF_MARGIN,
            *OF_RETAIL,
            "note",
        ]
        help_texts = {
            "partner": "Empty: at all partners.",
            "location_id": "Their location ID. Empty: at all their locations.",
            "currency": "Of the prices here; a margin per kWh applies to tariffs in this currency only.",
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        told = {**cleaned, "valid_from": self.instance.valid_from} if self.instance.used_at else cleaned
        for name, problem in problems_of(told):
            if name in self.fields:
                self.add_error(name, problem)
        return cleaned


def problems_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a plan's values together: (field, words)."""
    kind = told.get("kind")
    found = [(name, "This belongs to another kind of plan.") for name in _foreign(kind) if told.get(name)]
    if told.get("location_id") and not told.get("partner"):
        found.append(("partner", "Name the partner whose location this is."))
    if kind == Kind.RETAIL and told.get("per_kwh") is None:
        found.append(("per_kwh", "A price of our own says what a kWh costs; it may be 0."))
    if not told.get("currency") and (kind == Kind.RETAIL or told.get("margin_per_kwh")):
        found.append(("currency", "Say in which currency."))
    if kind == Kind.MARGIN and not told.get("margin_percent") and not told.get("margin_per_kwh"):
        found.append(("margin_percent", "Say how much: in percent, per kWh, or both."))
    if told.get("idle_after") and not told.get("idle_per_minute"):
        found.append(("idle_per_minute", "Say how much the occupancy fee is."))
    found += [(high, "This is not after where it begins.") for low, high in _ranges() if _is_empty(told, low, high)]
    try:
        prices_by_time(told.get("by_time") or "")
    except ValueError as error:
        found.append(("by_time", str(error)))
    return found


def _foreign(kind: str | None) -> tuple[str, ...]:
    return {Kind.MARGIN.value: OF_RETAIL, Kind.RETAIL.value: OF_MARGIN}.get(str(kind), (*OF_MARGIN, *OF_RETAIL))


def _ranges() -> tuple[tuple[str, str], ...]:
    return ("min_kw", "max_kw"), ("valid_from", "valid_until")


def _is_empty(told: dict[str, Any], low: str, high: str) -> bool:
    return told.get(low) is not None and told.get(high) is not None and told[high] <= told[low]


def in_words(plan: PricePlan) -> str:
    """What a plan makes of the price, in one sentence."""
    if plan.kind == Kind.RETAIL:
        tariff = tariff_in(tariff_json(plan), VERSION, ("SK", "SFP"))
        return pricing.describe(tariff) if tariff else pricing.NOT_READABLE
    if plan.kind == Kind.PASS_THROUGH:
        return "the operator's tariff, as it is"
    parts = [
        f"{plan.margin_percent.normalize():f} %" if plan.margin_percent else "",
        f"{plan.margin_per_kwh.normalize():f} {plan.currency}/kWh" if plan.margin_per_kwh else "",
    ]
    return f"the operator's tariff and {' and '.join(part for part in parts if part)} on top, gross"


def scope(plan: PricePlan) -> str:
    """Where it applies, in words."""
    low, high = (None if bound is None else f"{bound.normalize():f} kW" for bound in (plan.min_kw, plan.max_kw))
    kw = [f"from {low}" if low else "", f"below {high}" if high else ""]
    place = [plan.partner.name if plan.partner else "all partners", plan.location_id, plan.power_type, *kw]
    return ", ".join(part for part in place if part)


def make_new_version(_request: HttpRequest, plan: PricePlan, _data: dict[str, Any]) -> HttpResponse | str:
    made = plans.new_version(plan)
    return redirect(reverse("admin:billing_priceplan_change", args=[made.pk]))


@admin.register(PricePlan)
class PricePlanAdmin(SupportAdmin):
    """What drivers pay beyond, or in place of, the operators' tariffs."""

    form = PricePlanForm
    list_display = ("__str__", "shown_scope", "sentence", "valid_from", "valid_until", "shown_state")
    list_filter = (("kind", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("name", "location_id", "partner__name")
    search_help_text = "Name, partner or location ID"
    empty_title = "No price plans: drivers pay what the operators' tariffs say"
    empty_text = (
        "Add one for everybody, a partner, a location, AC or DC, or a range of power. The most specific counts."
    )
    fieldsets = (
        ("What", {"fields": (("name", "kind"), "note")}),
        ("Where", {"fields": (("partner", "location_id"), ("power_type", "min_kw", "max_kw"))}),
        ("When", {"fields": (("valid_from", "valid_until"),)}),
        ("Margin on the operator's tariff", {"fields": (("margin_percent", "margin_per_kwh"),)}),
        (
            "Our own price, VAT included",
            {
                "fields": (
                    ("currency", "per_kwh"),
                    ("per_minute", "per_session"),
                    ("idle_per_minute", "idle_after"),
                    "by_time",
                )
            },
        ),
    )
    page_actions = (
        PageAction(
            "new-version",
            "New version",
            "billing.change_priceplan",
            "A copy is made, to be changed before it becomes valid tomorrow. From then on it replaces this version.",
            make_new_version,
            icon="content_copy",
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: PricePlan | None = None) -> tuple[str, ...]:
        if obj is None or obj.used_at is None:
            return ()
        return tuple(name for name in PricePlanForm.Meta.fields if name not in ALWAYS_OPEN)

    def standing(self, row: PricePlan) -> Standing:
        now, words = timezone.now(), f"{scope(row)}: {in_words(row)}."
        words = words[0].upper() + words[1:]
        if row.valid_until and row.valid_until <= now:
            return Standing("Ended", words, NEUTRAL, since=row.valid_until)
        if row.valid_from > now:
            advice = "Change it until then; from then on it replaces earlier versions of this name."
            return Standing("To come", words, WARNING, advice, next_at=row.valid_from, next_text="It becomes valid")
        if row.used_at:
            advice = "Drivers have taken it, so it stays as it is. Make a new version to change the price."
            return Standing("In use", words, SUCCESS, advice, since=row.used_at)
        return Standing("Valid", words, SUCCESS, "Nobody has taken it yet: it may still be changed.")

    @admin.display(description="applies to")
    def shown_scope(self, row: PricePlan) -> str:
        return scope(row)

    @admin.display(description="price")
    def sentence(self, row: PricePlan) -> str:
        return in_words(row)

    @admin.display(description="state")
    def shown_state(self, row: PricePlan) -> SafeString:
        standing = self.standing(row)
        return badge(standing.label.lower(), standing.tone)
