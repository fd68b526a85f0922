"""Standard Webhooks as its text has it, written without ours: what one side signs the other has to find right."""

import base64
import hashlib
import hmac

TOLERANCE_SECONDS = 300


def signature(secret: str, identifier: str, stamp: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identifier}.{stamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(secret: str, identifier: str, now: int, content: bytes) -> dict[str, str]:
    """What an answer or an event is sent with."""
    stamp = str(now)
    made = signature(secret, identifier, stamp, content)
    return {"webhook-id": identifier, "webhook-timestamp": stamp, "webhook-signature": made}


def is_right(secret: str, given: dict[str, str], now: int, content: bytes) -> bool:
    identifier, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not identifier or not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return False
    return signature(secret, identifier, stamp, content) in given.get("webhook-signature", "").split(" ")
