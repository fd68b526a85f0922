"""What a charge would cost by a tariff: so many kWh in so many minutes, begun at a time of day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from billing import pricing
from billing.stored import tariff_of
from ocpi.models import Location, Tariff

INPUT = {"class": "sfp-input"}
YEARS = range(2000, 2100)
MOMENT = "%Y-%m-%d %H:%M"


class CalculatorForm(forms.Form):
    """What is charged."""

    kwh = forms.DecimalField(
        label="kWh", min_value=0, max_value=1000, initial=20, widget=forms.NumberInput({**INPUT, "step": "any"})
    )
    minutes = forms.IntegerField(
        label="Minutes charging", min_value=0, max_value=2880, initial=30, widget=forms.NumberInput(INPUT)
    )
    parked = forms.IntegerField(
        label="Minutes parked after", min_value=0, max_value=2880, initial=0, widget=forms.NumberInput(INPUT)
    )
    begin = forms.DateTimeField(
        label="Begins",
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M"],
        # Not the browser's own picker: many of them show 12 hours.
        widget=forms.DateTimeInput({**INPUT, "placeholder": "YYYY-MM-DD HH:MM"}, format=MOMENT),
    )

    def clean_begin(self) -> datetime:
        """A year in which the charge also ends, in every zone."""
        begin: datetime = self.cleaned_data["begin"]
        if begin.year not in YEARS:
            raise forms.ValidationError(f"A year from {YEARS[0]} to {YEARS[-1]}.")
        return begin


@dataclass(frozen=True)
class Calculated:
    """The total, and how it comes about."""

    total: str
    net: str
    lines: tuple[str, ...]
    limited: str


def calculator(tariff: Tariff, query: Any) -> dict[str, Any]:
    """`form` and `result` for the tariff's page; the question is in the URL, so that it can be sent to somebody."""
    start = {name: field.initial for name, field in CalculatorForm.base_fields.items() if field.initial is not None}
    start["begin"] = timezone.localtime().strftime(MOMENT)
    asked = {name: query[name] for name in CalculatorForm.base_fields if name in query}
    form = CalculatorForm({**start, **asked}, label_suffix="")
    if not form.is_valid():
        return {"form": form, "result": None}
    read = tariff_of(tariff)
    if read is None or read.unreadable:
        return {"form": form, "result": None}
    return {"form": form, "result": _calculate(read, form.cleaned_data, tariff)}


def _calculate(tariff: pricing.Tariff, asked: dict[str, Any], row: Tariff) -> Calculated:
    """Two periods: charging, then parking, each priced by what holds where it begins."""
    begin, hours = asked["begin"], Decimal(asked["minutes"]) / 60
    periods = [pricing.ChargingPeriod(begin, {"ENERGY": asked["kwh"], "TIME": hours})]
    if asked["parked"]:
        after = begin + timedelta(minutes=asked["minutes"])
        periods.append(pricing.ChargingPeriod(after, {"PARKING_TIME": Decimal(asked["parked"]) / 60}))
    cost = pricing.price(tariff, periods, zone=pricing.time_zone(_zone(row)))
    lines = tuple(f"{line.text}" for line in cost.lines)
    limited = {"min_price": "raised to the lowest price", "max_price": "cut to the highest price"}
    total = cost.incl if cost.incl is not None else cost.excl
    net = "" if cost.excl is None or cost.incl is None else f"{pricing.money(cost.excl, cost.currency)} without VAT"
    said = "" if cost.incl is not None else " without VAT"
    shown = f"{pricing.money(total or Decimal(0), cost.currency)}{said}"
    return Calculated(shown, net, lines, limited.get(cost.limited_by, ""))


def _zone(row: Tariff) -> str | None:
    """Where the chargers that name it are, else the partner's: its times of day are local (OCPI 2.2.1 §11.4.6)."""
    places = Location.objects.filter(partner=row.partner_id).order_by("pk")
    named = places.filter(evses__connectors__tariff_ids__icontains=row.ocpi_id)
    return (named.first() or places.first() or Location()).time_zone or None
