"""What the rest of the platform asks of an object, whatever version it came in."""

from collections.abc import Iterator
from decimal import Decimal

from ocpi.versions.enums import DimensionType
from ocpi.versions.v2_2_1.common import Price
from ocpi.versions.v2_2_1.sessions import ChargingPeriod, Session


def gross(price: Price | None) -> Decimal | None:
    """What the customer pays, in the currency beside the price; None where the wire states no tax, never the net.

    2.1.1: never told. 2.2 and 2.2.1: with VAT where told. 2.3.0: before taxes plus all taxes, where any is listed.
    Nothing with VAT beside something without it is a field that nobody filled in.
    """
    if price is None or (price.before_taxes and not price.after_taxes):
        return None
    return price.after_taxes


def power_kw(session: Session) -> Decimal | None:
    """Average power of the newest charging period in kW, negative when feeding the grid.

    None when not told.
    """
    return _newest_volume(session, DimensionType.POWER)


def state_of_charge(session: Session) -> Decimal | None:
    """State of charge of the newest charging period in percent; None when not told or out of 0 to 100."""
    volume = _newest_volume(session, DimensionType.STATE_OF_CHARGE)
    return volume if volume is not None and 0 <= volume <= 100 else None


def _newest_volume(session: Session, dimension: DimensionType) -> Decimal | None:
    return next(_volumes(session, dimension), None)


def _volumes(session: Session, dimension: DimensionType) -> Iterator[Decimal]:
    newest: ChargingPeriod | None = max(
        session.charging_periods, key=lambda period: period.start_date_time, default=None
    )
    for item in newest.dimensions if newest else ():
        if item.type == dimension:
            yield item.volume
