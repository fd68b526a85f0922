"""Tariffs module (OCPI 2.1.1 mod_tariffs.md)."""

from ocpi.versions.types import Several
from ocpi.versions.v2_1_1.locations import EnergyMix
from ocpi.versions.v2_1_1.types import Owned
from ocpi.versions.v2_2_1 import tariffs


class PriceComponent(tariffs.PriceComponent):
    """PriceComponent: says nothing of VAT."""

    off_wire = frozenset({"vat"})


class TariffRestrictions(tariffs.TariffRestrictions):
    """TariffRestrictions."""

    off_wire = frozenset({"min_current", "max_current", "reservation"})


class TariffElement(tariffs.TariffElement):
    """TariffElement: the first one that matches applies."""

    price_components: Several[PriceComponent]
    restrictions: TariffRestrictions | None = None


class Tariff(Owned, tariffs.Tariff):
    """Tariff: prices without VAT."""

    off_wire = frozenset({"type", "min_price", "max_price", "start_date_time", "end_date_time"})

    elements: Several[TariffElement]
    energy_mix: EnergyMix | None = None
