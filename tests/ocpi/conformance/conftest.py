"""What the conformance tests share."""

from collections.abc import Callable
from typing import Any

import pytest

from partners.models import IssuedToken, Partner
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token
from tests.ocpi.conformance.wire import Wire


@pytest.fixture
def connected(live_server: Any, settings: Any) -> Callable[..., Wire]:
    """`connected("2.2.1")` is a registered CPO, SK*ION, that speaks this version over HTTP."""
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url

    def connected(version: str, **changes: Any) -> Wire:
        partner = PartnerFactory.create(
            code="ion",
            country_code="SK",
            party_id="ION",
            version=version,
            agreed_version=version,
            **{"enabled_versions": ["2.3.0"] if version == "2.3.0" else [], **changes},
        )
        PartnerRoleFactory.create(partner=partner)
        return Wire(live_server.url, version, issue_token(partner))

    return connected


def registration_token() -> str:
    """A token that is only good for registering, for the one partner there is."""
    return issue_token(Partner.objects.get(), purpose=IssuedToken.Purpose.REGISTRATION)
