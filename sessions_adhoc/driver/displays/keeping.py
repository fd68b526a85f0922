"""Display secrets: entered, replaced without a moment in which no code fits, found for a charger."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from ocpi.models import Evse
from partners.ground import secrets
from sessions_adhoc.models import DisplaySecret
from sessions_adhoc.totp import Maker

SHORTEST_SECRET, LONGEST_SECRET = 16, 255
OLD_LIFE = timedelta(hours=24)
"""How long codes of both secrets are taken after one was replaced: a CPO sets its chargers one after the other."""


def problem_of(secret: str) -> str:
    """Why this cannot be a shared secret, in words; "" where it can. As the reference implementation has it."""
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        return f"It has {SHORTEST_SECRET} to {LONGEST_SECRET} characters."
    return "It has no spaces in it." if any(letter.isspace() for letter in secret) else ""


def put(row: DisplaySecret, secret: str) -> None:
    """Take it for codes from now on; the one before for a day more, if we can read it. The row is not saved."""
    if row.secret and (before := secrets.read(row.secret)) != secret:
        known = before is not None
        row.old_secret, row.old_until = (row.secret, timezone.now() + OLD_LIFE) if known else (None, None)
    row.secret = secrets.encrypt(secret)


def forget_old(row: DisplaySecret) -> bool:
    """Take codes of the newest secret alone; False where there is no older one."""
    known = DisplaySecret.objects.filter(pk=row.pk).exclude(old_secret=None)
    return bool(known.update(old_secret=None, old_until=None))


def of(evse: Evse) -> DisplaySecret | None:
    """The secret that applies to a charger: the EVSE's, else the location's, else the partner's."""
    if not getattr(evse, "shares_displays", True):  # as `driver.finding` has seen
        return None
    place = Q(location_id="") | Q(location_id__iexact=evse.location.ocpi_id)
    rows = DisplaySecret.objects.filter(place, Q(evse_uid="") | Q(evse_uid__iexact=evse.uid))
    found = list(rows.filter(partner=evse.partner_id, active=True))
    return max(found, key=lambda row: (bool(row.evse_uid), bool(row.location_id)), default=None)


def makers_of(row: DisplaySecret, now: datetime) -> list[Maker]:
    """What codes may be made with now, the newest first.

    Raises:
        UnreadableSecret: none of our keys fits.
    """
    kept = [row.secret]
    if row.old_secret is not None and row.old_until is not None and now < row.old_until:
        kept.append(row.old_secret)
    return [Maker(secrets.decrypt(one), row.validity, row.length) for one in kept]
