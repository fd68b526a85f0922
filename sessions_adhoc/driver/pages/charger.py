"""What the page of a charger shows: where it is, whether it is free, its connectors and prices."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing import plans
from ocpi.models import Connector, Evse
from partners.agreed.policies import effective_policy
from sessions_adhoc.driver import driver_words, nearby, presenting, price_lines
from sessions_adhoc.driver.price_lines import PriceLine
from sessions_adhoc.driver.real_money import is_for_tests, is_tested, money_is_real
from sessions_adhoc.driver.refusals import OUT_OF_SERVICE, is_connected
from sessions_adhoc.driver.reserving import billing_currency, reservable
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.money.offering import Offer, current_offer, freeze, hash_of, read

NO_PRICE = gettext_noop("The operator has not published a price.")
UNREADABLE_PRICE = gettext_noop("Price not readable: the operator published one that we do not understand.")

MOST_BESIDE = 4


@dataclass(frozen=True)
class Availability:
    """Whether one can charge here now. `tone` picks colour and sign; `usable`: a start makes sense."""

    tone: str
    word: str
    hint: str
    usable: bool = True

    def as_spoken(self) -> "Availability":
        """The same in the language that is spoken."""
        return replace(self, word=gettext(self.word), hint=gettext(self.hint))


STATUSES = {
    "AVAILABLE": Availability("free", gettext_noop("Available"), gettext_noop("Plug in your car, then pay.")),
    "BLOCKED": Availability(
        "ready", gettext_noop("Plugged in"), gettext_noop("A cable is connected. If it is yours, go on and pay.")
    ),
    "CHARGING": Availability(
        "busy",
        gettext_noop("Occupied"),
        gettext_noop("A car is charging here. Pay only if you are sure that the charger is free."),
    ),
    "RESERVED": Availability("busy", gettext_noop("Reserved"), gettext_noop("Somebody has reserved this charger.")),
}
BROKEN = Availability("out", gettext_noop("Out of service"), gettext_noop("Please use another charger."), usable=False)
UNREACHABLE = Availability(
    "out",
    gettext_noop("Cannot be used now"),
    gettext_noop("We cannot reach this charger's operator at the moment."),
    usable=False,
)
FOR_TESTS = Availability(
    "out",
    gettext_noop("Test charger"),
    gettext_noop("This charger is for tests only: nobody can pay here."),
    usable=False,
)
IN_USE = Availability(
    "busy",
    gettext_noop("Occupied"),
    gettext_noop("Somebody is charging here. Please use another charger, or wait."),
    usable=False,
)
FOREIGN_MONEY = Availability(
    "out",
    gettext_noop("Cannot be paid here"),
    gettext_noop("This charger bills in a currency in which we cannot take payments."),
    usable=False,
)
UNKNOWN = Availability(
    "unknown", gettext_noop("State unknown"), gettext_noop("The charger does not tell its state. You can try.")
)


def availability(evse: Evse) -> Availability:
    """The charger's state in words. OCPI tells one state for all connectors of an EVSE."""
    return _availability(evse).as_spoken()


def _availability(evse: Evse) -> Availability:
    if is_for_tests(evse):
        return FOR_TESTS
    if not is_connected(evse):
        return UNREACHABLE
    if evse.status in OUT_OF_SERVICE or evse.location.missing_since:
        return BROKEN
    if lifecycle.is_occupied(evse.pk):
        return IN_USE
    return STATUSES.get(evse.status, UNKNOWN) if reservation(evse).minor else FOREIGN_MONEY


@dataclass(frozen=True)
class Plug:
    """A connector to choose. `offer`: the hash of its price, which the form sends back."""

    id: str
    name: str
    power: str
    cable: str
    price: str
    offer: str
    lines: tuple[PriceLine, ...] = ()
    vat: str = ""
    example: str = ""
    said: str = ""

    @property
    def shown(self) -> tuple[object, ...]:
        """All that is said of the price: two connectors for which it is the same share it."""
        return self.price, self.lines, self.vat, self.example, self.said


def plugs(evse: Evse, language: str = "") -> list[Plug]:
    """The connectors to choose from, with their prices now; the operator's own words in the driver's language."""
    policy = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid).values
    return [_plug(connector, evse, policy, language) for connector in evse.connectors.all()]


def _plug(connector: Connector, evse: Evse, policy: dict[str, Any], language: str) -> Plug:
    connector.evse = evse
    kept, now = freeze(evse, connector, policy), timezone.now()
    offer = read(kept)
    return Plug(
        id=connector.connector_id,
        name=driver_words.plug(connector.standard),
        power=driver_words.power(connector),
        cable=driver_words.cable(connector),
        price=_price(offer),
        offer=hash_of(kept),
        lines=tuple(price_lines.lines_of(offer, now)),
        vat=price_lines.vat_words(offer),
        example=price_lines.example_of(offer, connector, now),
        said=operators_words(kept, language),
    )


def operators_words(kept: dict[str, Any], language: str) -> str:
    """The operator's own words about its tariff, in the driver's language if there are, else in English, else as is.

    At a price of our own they are of another one, and not shown.
    """
    if plans.is_retail(kept):
        return ""
    told = [one for one in (kept["tariff"] or {}).get("tariff_alt_text") or [] if isinstance(one, dict)]
    by_language = {str(one.get("language")).lower()[:2]: str(one.get("text") or "") for one in reversed(told)}
    wanted = (language.lower()[:2], "en", *by_language)
    return next((by_language[one] for one in wanted if by_language.get(one)), "")


def price_of(connector: Connector) -> str:
    """The tariff of this connector in one sentence."""
    evse = connector.evse
    policy = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid).values
    return _price(current_offer(evse, connector, policy))


def _price(offer: Offer) -> str:
    if offer.unreadable:
        return gettext(UNREADABLE_PRICE)
    return _in_words(offer) if offer.tariff else gettext(NO_PRICE)


def _in_words(offer: Offer) -> str:
    assert offer.tariff is not None
    return driver_words.with_symbol(presenting.price_words(offer) or "", offer.tariff.currency)


def common_price(choices: list[Plug]) -> str:
    """The price of all connectors, or nothing where they differ."""
    if len({choice.shown for choice in choices}) > 1:
        return ""
    return choices[0].price if choices else gettext(NO_PRICE)


@dataclass(frozen=True)
class Reservation:
    """What is reserved before charging, by the policy of this charger: by default, and what the driver may choose."""

    minor: int
    currency: str
    choices: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        return driver_words.amount(self.minor, self.currency)

    @property
    def options(self) -> list[tuple[int, str]]:
        """The limits to choose from, with their words."""
        return [(minor, driver_words.amount(minor, self.currency)) for minor in self.choices]


def reservation(evse: Evse) -> Reservation:
    """In the currency that the first connector with a price is billed in; nothing where we take no payments in it."""
    values = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid).values
    tariffs = [current_offer(evse, connector, values).tariff for connector in evse.connectors.all()]
    tariff = next((one for one in tariffs if one), None)
    found = reservable(tariff, values)
    currency = billing_currency(tariff, values)
    return Reservation(found.minor, currency, found.choices) if found else Reservation(0, currency)


def is_rehearsed(evse: Evse) -> bool:
    """Whether the charger is a test partner's where nothing is real anyway: the page says so."""
    return not money_is_real() and is_tested(evse)


def beside(evse: Evse) -> list[dict[str, str]]:
    """The other chargers of the site that are free now, each with its plugs."""
    found = nearby.free_beside(evse, MOST_BESIDE)
    return [{"code": one.code, "name": str(one), "plugs": _plugs_in_words(one)} for one in found]


def _plugs_in_words(evse: Evse) -> str:
    told = (f"{driver_words.plug(one.standard)} {driver_words.power(one)}".strip() for one in evse.connectors.all())
    return ", ".join(dict.fromkeys(told))


def surroundings(evse: Evse) -> str:
    """Where to look for other stations: the point of this one, for the address; "" where it is not known."""
    place = evse.location
    return f"{place.latitude},{place.longitude}" if place.latitude is not None else ""


def address(evse: Evse) -> str:
    return ", ".join(part for part in (evse.location.address, evse.location.city) if part)


def position(evse: Evse) -> str:
    """What helps to find the charger on the site: what is written on it, and the floor."""
    reference, floor = (str(evse.raw.get(name) or "") for name in ("physical_reference", "floor_level"))
    return ", ".join(
        part for part in (reference, gettext("level {floor}").format(floor=floor) if floor else "") if part
    )


def public_url(evse: Evse) -> str:
    """The address in the charger's QR code."""
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}/c/{evse.code}"
