"""What a driver asks for when a session is started."""

import hashlib
import json
from dataclasses import asdict, dataclass

from sessions_adhoc.models import AdHocSession

YOUNGER = frozenset(
    {"return_url", "locale", "email", "payment_reference", "offer", "expects_hold", "is_only_try", "contract_token"}
)
"""Not part of what a request says while they are empty: a key that was sent before they existed is the same."""

PROOFS = frozenset({"totp", "totp_version", "scan"})
"""Not part of what a request asks for: that it may."""


@dataclass(frozen=True)
class StartRequest:
    """What a driver asks for. `amount` in minor units of `currency`; both default to the charger's policy.

    `return_url`: where the driver goes after the gateway's page, by default to the session's own. `locale`, `email`:
    for that page. `payment_reference`: the gateway's name of what a payment terminal holds already. `offer`: the hash
    of the price that the driver saw; it holds, or nothing is started. `expects_hold`: it was said that no more
    is reserved than what the `previous` try left held. `is_only_try`: nobody tries again, so nothing is kept for it.
    `contract_token`: the key of our token of the driver's contract. `totp`, `totp_version`: what the charger's display
    showed; `scan`: our proof that it was valid.
    """

    evse: str
    connector: str = ""
    amount: int | None = None
    currency: str = ""
    payment_method: str = ""
    channel: str = AdHocSession.Channel.QR.value
    previous: str = ""
    return_url: str = ""
    locale: str = ""
    email: str = ""
    payment_reference: str = ""
    offer: str = ""
    expects_hold: bool = False
    is_only_try: bool = False
    contract_token: int | None = None
    totp: str = ""
    totp_version: str = ""
    scan: str = ""

    def digest(self) -> str:
        asked = {name: value for name, value in asdict(self).items() if name not in PROOFS}
        said = {name: value for name, value in asked.items() if value or name not in YOUNGER}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
