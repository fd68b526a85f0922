"""Whether a driver stands at the charger: the code in the scanned link is one that its display shows now.

A code is good for a minute or two, and reading a price and paying takes longer. So who came with a valid one is given a
proof of it, signed by us, and pays with that. Nothing is reserved without (C25.FR.08).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from ocpi.models import Evse
from partners.ground import limiting
from partners.ground.secrets import UnreadableSecret
from sessions_adhoc import totp
from sessions_adhoc.driver.displays import keeping
from sessions_adhoc.driver.refusals import CannotStart
from sessions_adhoc.models import DisplaySecret

PROOF_LIFE = timedelta(minutes=30)
"""How long a driver may take to read, pay and try again without going back to the display."""

REACH = 2 * 3600
"""Seconds in which staff are told how far off a code was: clocks that go wrong go wrong by minutes, or by an hour."""

MOST_REFUSALS = 20
NOTED_EVERY = timedelta(minutes=1)
SCANS = limiting.Limit("scans", "LIMIT_STRANGERS")
SIGNER = signing.TimestampSigner(salt="a-scan-at-a-display")
EXPIRED, NEEDED = "scan_expired", "scan_needed"


@dataclass(frozen=True)
class Scan:
    """What a driver came with. `code` and `version`: what the link says of the display; `proof`: ours, of before."""

    code: str = ""
    version: str = ""
    proof: str = ""


def check(evse: Evse, scan: Scan, *, looks: bool = False) -> bool:
    """Let through who may start at this charger, by what its CPO shares with us: everybody, where it shares nothing.

    Args:
        looks: nothing is started yet. Who came without a code is told that it takes one, and is no refused scan.

    Returns:
        Whether a code was checked, and is valid.

    Raises:
        CannotStart: a code that is not shown there now, or none where only dynamic ones start. It is noted for staff.
    """
    row = keeping.of(evse)
    if row is None or is_proof(scan.proof, evse):
        return False
    why = why_not(row, scan, timezone.now())
    if not why:
        _note_valid(row, timezone.now())
    elif scan.code or row.only_dynamic:
        if scan.code or not looks:
            _note_refusal(row, evse, why)
        raise _refusal(scan)
    return not why


def needs_scan(evse: Evse) -> bool:
    """Whether a link without a code starts nothing here."""
    row = keeping.of(evse)
    return row is not None and row.only_dynamic


def prove(evse: Evse) -> str:
    """A proof that a code of this charger was valid now."""
    return SIGNER.sign(evse.code)


def is_proof(proof: str, evse: Evse) -> bool:
    """Whether it is a proof of ours, of this charger, and not too old."""
    try:
        return bool(SIGNER.unsign(proof, max_age=PROOF_LIFE) == evse.code)
    except signing.BadSignature:
        return False


def why_not(row: DisplaySecret, scan: Scan, now: datetime) -> str:
    """Why a scan proves nothing, in words for staff; "" where it is valid. The code itself is not repeated."""
    if not scan.code:
        return "The link has no code, as on a sticker."
    if scan.version.lower() not in ("", totp.VERSION):
        return f"The link is of version {scan.version[:20]!a} of the TOTP algorithm; we know {totp.VERSION}."
    try:
        makers = keeping.makers_of(row, now)
    except UnreadableSecret:
        return "The shared secret cannot be decrypted: FIELD_ENCRYPTION_KEYS lacks its key."
    if True in [totp.is_valid(maker, scan.code, now) for maker in makers]:
        return ""
    return _how_far_off(makers, scan.code, now)


def _how_far_off(makers: list[totp.Maker], code: str, now: datetime) -> str:
    found = [far for maker in makers if (far := totp.seconds_from(maker, code, now, REACH)) is not None]
    if not found:
        return _no_code_of(makers[0], code)
    far = min(found, key=abs)
    if far < 0:
        return f"Too old: shown about {-far} s before. The link was kept, or the display's clock is behind."
    return f"Too early: shown about {far} s later. The display's clock is ahead."


def _no_code_of(maker: totp.Maker, code: str) -> str:
    if len(code) != maker.length:
        return f"The code has {min(len(code), 999)} characters instead of {maker.length}: another Length, or no code."
    return (
        f"Not a code of this secret within {REACH // 3600} hours: another SharedSecret or ValidityTime, another "
        "charger's, or much older."
    )


def _refusal(scan: Scan) -> CannotStart:
    if scan.code:
        text = gettext(
            "This code is not valid any more. Please scan the code on the charger's display again. "
            "Nothing was reserved with it."
        )
        return CannotStart("totp", text, EXPIRED)
    text = gettext("To start here, please scan the code on the charger's display. It changes all the time.")
    return CannotStart("totp", text, NEEDED)


def _note_valid(row: DisplaySecret, now: datetime) -> None:
    if row.valid_at is None or now - row.valid_at > NOTED_EVERY:
        DisplaySecret.objects.filter(pk=row.pk).update(valid_at=now)


def _note_refusal(row: DisplaySecret, evse: Evse, why: str) -> None:
    """Never waits for who notes one at the same moment, nor for who sends very many."""
    if limiting.hit(SCANS, evse.code):
        return
    told = {"at": timezone.now().isoformat(), "evse": str(evse)[:60], "why": why}
    with transaction.atomic():
        kept = DisplaySecret.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=row.pk).first()
        if kept is not None:
            kept.refusals, kept.refused = [told, *kept.refusals][:MOST_REFUSALS], kept.refused + 1
            kept.save(update_fields=["refusals", "refused"])
