"""Signatures of Standard Webhooks, version 1 (https://www.standardwebhooks.com): id, time and content, HMAC-SHA256.

Pure. Several secrets may be in use at once, while one is replaced: what we send is signed with each of them, and what
arrives may be signed with any.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX, VERSION = "whsec_", "v1,"
SHORTEST, LONGEST = 24, 64
"""Of a secret, in bytes."""
LONGEST_ID = 255
MOST_SIGNATURES = 10
TOLERANCE = timedelta(minutes=5)
"""How far a signature's time may be from ours, either way."""


class NotSigned(Exception):
    """It is not signed with one of our secrets, or not now. The text may be told to whoever sent it."""

    def __init__(self) -> None:
        super().__init__("The signature is missing, wrong, or too old.")


def key_of(secret: str) -> bytes:
    """Return the key that a secret, `whsec_` and base64 of 24 to 64 bytes, stands for. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret is {PREFIX} and base64 of {SHORTEST} to {LONGEST} bytes")
    return key


def sign(secrets: Iterable[str], identifier: str, at: datetime, content: bytes) -> dict[str, str]:
    """Return the three headers. `identifier` has no dot in it. Raises ValueError for a secret that is none."""
    stamp = str(int(at.timestamp()))
    signatures = [_signature(key_of(secret), identifier, stamp, content) for secret in secrets]
    return {ID: identifier, TIMESTAMP: stamp, SIGNATURE: " ".join(signatures)}


def verify(secrets: Iterable[str], headers: Mapping[str, str], content: bytes, now: datetime) -> str:
    """Return the id of what was signed. `headers` by their names in small letters, or in any if they compare so.

    Raises:
        NotSigned, ValueError for a secret of ours that is none
    """
    identifier, stamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "").split()[:MOST_SIGNATURES]
    right = [_signature(key_of(secret), identifier, stamp, content) for secret in secrets]
    # Each is compared: how long it takes tells nothing of which one was nearly right.
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in right for other in given]
    if not 0 < len(identifier) <= LONGEST_ID or not _is_recent(stamp, now) or not any(fits):
        raise NotSigned
    return identifier


def _is_recent(stamp: str, now: datetime) -> bool:
    known = stamp.isascii() and stamp.isdigit() and len(stamp) <= len("9999999999")
    return known and abs(now.timestamp() - int(stamp)) <= TOLERANCE.total_seconds()


def _signature(key: bytes, identifier: str, stamp: str, content: bytes) -> str:
    signed = b".".join((identifier.encode(), stamp.encode(), content))
    return VERSION + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
