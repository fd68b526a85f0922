"""Generates a network (locations and tariffs) from the party id and a seed: the same every time."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from cpo_simulator.network.sites import MODELS, SITES, Model, Plug, Site
from cpo_simulator.settings.config import Config
from cpo_simulator.wire.shapes import Object

VAT = Decimal(23)
_CAPABILITIES = ("REMOTE_START_STOP_CAPABLE", "RFID_READER", "UNLOCK_CAPABLE", "RESERVABLE")
_DC_CAPABILITIES = ("CHARGING_PROFILE_CAPABLE", "CHARGING_PREFERENCES_CAPABLE", "CONTACTLESS_CARD_SUPPORT")


def locations(config: Config, moment: datetime) -> list[Object]:
    """All Locations (OCPI 2.2.1 §8.3.1), eight sites with AC 22 kW and DC 50, 150 and 300 kW."""
    return [_location(config, number, site, moment) for number, site in enumerate(SITES, 1)]


def tariffs(config: Config, moment: datetime) -> list[Object]:
    """All Tariffs (OCPI 2.2.1 §11.3.1); prices in EUR without VAT, per kWh, per hour, or once."""
    energy, flat, parking = _component("ENERGY"), _component("FLAT"), _component("PARKING_TIME", step_size=60)
    day = {"restrictions": {"start_time": "07:00", "end_time": "22:00"}}
    elements: dict[str, list[Object]] = {
        "AC": [{"price_components": [energy("0.39")]}],
        "DC": [{"price_components": [energy("0.49"), flat("1.00")]}],
        "HPC": [
            {"price_components": [energy("0.65"), parking("6.00")], **day},
            {"price_components": [energy("0.52"), parking("3.00")]},
        ],
    }
    texts = {
        "AC": "0.39 EUR per kWh, without VAT",
        "DC": "0.49 EUR per kWh and 1.00 EUR per session, without VAT",
        "HPC": "0.65 EUR per kWh from 7 to 22 h, else 0.52; idle 6.00 EUR per hour, else 3.00; without VAT",
    }
    return [_tariff(config, family, elements[family], texts[family], moment) for family in elements]


def tariff_id(config: Config, family: str) -> str:
    """Id of the tariff of a charger family: AC, DC or HPC."""
    return f"{config.party}-{family}"


def _component(dimension: str, step_size: int = 1) -> Callable[[str], Object]:
    def priced(price: str) -> Object:
        return {"type": dimension, "price": Decimal(price), "vat": VAT, "step_size": step_size}

    return priced


def _tariff(config: Config, family: str, elements: list[Object], text: str, moment: datetime) -> Object:
    return {
        "country_code": config.country,
        "party_id": config.party,
        "id": tariff_id(config, family),
        "currency": "EUR",
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": text}],
        "elements": elements,
        "last_updated": moment,
    }


def _location(config: Config, number: int, site: Site, moment: datetime) -> Object:
    return {
        "country_code": config.country,
        "party_id": config.party,
        "id": f"{config.party}-{site.key}",
        "publish": True,
        "name": site.name,
        "address": site.address,
        "city": site.city,
        "postal_code": site.postal_code,
        "state": site.state,
        "country": site.country,
        "coordinates": _coordinates(config, site, 0),
        "parking_type": site.parking_type,
        "evses": _evses(config, number, site, moment),
        "operator": {"name": config.name, "website": config.website},
        "facilities": list(site.facilities),
        "time_zone": site.time_zone,
        "opening_times": _hours(site),
        "charging_when_closed": not site.hours,
        "help_phone": "+421 800 123 456",
        "last_updated": moment,
    }


def _hours(site: Site) -> Object:
    if not site.hours:
        return {"twentyfourseven": True}
    begin, end = site.hours
    days = [{"weekday": day, "period_begin": begin, "period_end": end} for day in range(1, 8)]
    return {"twentyfourseven": False, "regular_hours": days}


def _coordinates(config: Config, site: Site, step: int) -> Object:
    """Six decimals (every version takes them); each network stands a few metres elsewhere."""
    latitude = site.latitude + _jitter(config, site.key, "lat") + step * 0.00004
    longitude = site.longitude + _jitter(config, site.key, "lon")
    return {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"}


def _jitter(config: Config, *words: str) -> float:
    digest = sha256("/".join((config.party, str(config.seed), *words)).encode()).digest()
    return (int.from_bytes(digest[:2]) / 65535 - 0.5) * 0.002


def _evses(config: Config, number: int, site: Site, moment: datetime) -> list[Object]:
    places = [(MODELS[key], plugs) for key in site.chargers for plugs in MODELS[key].evses]
    return [_evse(config, number, site, place, model, plugs, moment) for place, (model, plugs) in enumerate(places, 1)]


def _evse(
    config: Config,
    number: int,
    site: Site,
    place: int,
    model: Model,
    plugs: tuple[Plug, ...],
    moment: datetime,
) -> Object:
    is_dc = plugs[0].power_type == "DC"
    return {
        "uid": f"{config.party}-{site.key}-{place}",
        "evse_id": f"{config.country}*{config.party}*E{number:02d}{place:02d}",
        "status": "AVAILABLE",
        "capabilities": [*_CAPABILITIES, *(_DC_CAPABILITIES if is_dc else ())],
        "connectors": [_connector(config, model, str(n), plug, moment) for n, plug in enumerate(plugs, 1)],
        "coordinates": _coordinates(config, site, place),
        "physical_reference": f"{number}{chr(64 + place)}",
        "last_updated": moment,
    }


def _connector(config: Config, model: Model, name: str, plug: Plug, moment: datetime) -> Object:
    return {
        "id": name,
        "standard": plug.standard,
        "format": plug.format,
        "power_type": plug.power_type,
        "max_voltage": plug.volts,
        "max_amperage": plug.amperes,
        "max_electric_power": plug.kw * 1000,
        "tariff_ids": [tariff_id(config, model.family)],
        "capabilities": ["ISO_15118_2_PLUG_AND_CHARGE"] if plug.kw >= 150 else None,
        "last_updated": moment,
    }
