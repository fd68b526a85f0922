"""Keys of API clients: make, find, revoke. Keys are shown once and kept as digests."""

import secrets as random

from django.utils import timezone

from partners.ground import secrets
from sessions_adhoc.models import ClientKey

PREFIX = "sfp_"


def create_client_key(
    name: str, *, brings_holds: bool = False, is_test: bool = False, is_back_office: bool = False
) -> tuple[ClientKey, str]:
    """Return (row, key). The key's text exists only in this answer.

    `brings_holds`: a payment terminal's, which may name what it has reserved at the gateway. `is_test`: it sees test
    partners' chargers only. `is_back_office`: our own, which is handed the charges of our contracts.
    """
    key = PREFIX + random.token_urlsafe(32)
    shown = {"digest": secrets.digest(key), "last4": secrets.last4(key)}
    rights = {"brings_holds": brings_holds, "is_test": is_test, "is_back_office": is_back_office}
    return ClientKey.objects.create(name=name, **rights, **shown), key


def find_client(key: str) -> ClientKey | None:
    """Return the client of a usable key, or None."""
    return ClientKey.objects.filter(digest=secrets.digest(key), revoked_at=None).first()


def revoke_client_key(client: ClientKey) -> bool:
    """Make the key useless from the next request on; False when it was already."""
    return bool(ClientKey.objects.filter(pk=client.pk, revoked_at=None).update(revoked_at=timezone.now()))
