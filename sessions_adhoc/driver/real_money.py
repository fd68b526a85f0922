"""Where money is real, no driver's meets a charger that is there for tests."""

from django.conf import settings

from ocpi.models import Evse
from partners.models import Partner
from sessions_adhoc.models import ClientKey


def money_is_real() -> bool:
    """Whether drivers pay with real money here."""
    return bool(settings.PRODUCTION and not settings.STAGING)


def is_tested(evse: Evse) -> bool:
    """Whether the charger is a test partner's."""
    return evse.partner.environment == Partner.Environment.TEST


def is_for_tests(evse: Evse) -> bool:
    """Whether the charger is a test partner's, and no driver's money must meet it."""
    return money_is_real() and is_tested(evse)


def sees(client: ClientKey | None, evse: Evse) -> bool:
    """Whether a client may know of this charger: a key for tests of test partners' alone, others of real ones, and of
    test partners' too where no money is real."""
    if client is not None and client.is_test:
        return is_tested(evse)
    return not is_for_tests(evse)
