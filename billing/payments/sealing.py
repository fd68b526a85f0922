"""What the driver has to do, as it is kept: encrypted, for whoever has it can pay and see what is paid for."""

import json
from datetime import datetime

from billing.gateways import DriverAction
from billing.models import PaymentAuthorization
from partners.ground import secrets

State = PaymentAuthorization.State


def sealed(action: DriverAction) -> bytes:
    """Return the action as it is stored."""
    return secrets.encrypt(json.dumps({"url": action.url, "client_secret": action.client_secret}))


def action_of(row: PaymentAuthorization, now: datetime) -> DriverAction | None:
    """Return what the driver has to do now; None where there is nothing to do, or it cannot be read any more."""
    if row.action is None or row.state != State.RESERVING or (row.action_until and row.action_until <= now):
        return None
    try:
        kept = json.loads(secrets.decrypt(row.action))
    except secrets.UnreadableSecret:
        return None
    return DriverAction(kept["url"], kept["client_secret"], row.action_until)
