"""The one-time password in the link that a charger's display shows. Pure.

OCPP 2.1, part 2, use case C25 (ad hoc payment via a QR code), "TOTP algorithm, version 1". It is not RFC 6238: HMAC
with SHA-256 over the number of the interval since 1970, 8 bytes, the higher first; the key is the secret's text in
UTF-8; the low four bits of the last byte say at which byte to begin, and each byte modulo 62 is a character. The names
are those of its component `WebPaymentsCtrlr`: `SharedSecret`, `ValidityTime` (6 to 3600 seconds), `Length` (6 or more),
`TOTPVersion`.

C25.FR.07 has a password compared with those of this, the last and the next interval. That it was used before is no
reason to refuse it: within these intervals it is good for everybody who stands at the display.

Read from the reference implementations of OpenChargingCloud/DynamicQRCodes and citrineos/citrineos-core, and from the
white paper "Secure Dynamic QR-Codes for OCPP" of OpenChargingTechnology; the standard itself is not public text.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

VERSION = "v1"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHORTEST_VALIDITY, LONGEST_VALIDITY = 6, 3600
SHORTEST, LONGEST = 6, 64
NEAR = (-1, 0, 1)
"""Intervals from now that are taken: clocks differ, and a driver takes some seconds to scan (C25.FR.07)."""


@dataclass(frozen=True)
class Maker:
    """What codes are made with. `validity`: seconds for which a display shows one; `length`: characters."""

    secret: str
    validity: int
    length: int


def code_at(maker: Maker, interval: int) -> str:
    """The code of an interval."""
    made = hmac.digest(maker.secret.encode(), interval.to_bytes(8, "big"), "sha256")
    begin = made[-1] & 0x0F
    return "".join(ALPHABET[made[(begin + place) % len(made)] % len(ALPHABET)] for place in range(maker.length))


def interval_at(maker: Maker, moment: datetime) -> int:
    """The number of the interval that a moment is in."""
    return int(moment.timestamp()) // maker.validity


def is_valid(maker: Maker, code: str, moment: datetime) -> bool:
    """Whether a display showed it about now. Takes as long for a wrong one as for a right one."""
    return bool(_matches(maker, code, interval_at(maker, moment), NEAR))


def seconds_from(maker: Maker, code: str, moment: datetime, reach: int) -> int | None:
    """How far from now the display showed it, below 0 for the past; None where it did not within `reach` seconds."""
    now, most = interval_at(maker, moment), reach // maker.validity
    found = _matches(maker, code, now, range(-most, most + 1))
    return min(found, key=abs) * maker.validity if found else None


def _matches(maker: Maker, code: str, now: int, places: "range | tuple[int, ...]") -> list[int]:
    given = code.encode()
    intervals = [place for place in places if now + place >= 0]
    return [one for one in intervals if hmac.compare_digest(code_at(maker, now + one).encode(), given)]
