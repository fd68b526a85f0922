"""The second factor of staff: set up, checked, reset. One app per person, and ten recovery codes for a lost phone.

Tries are slowed down by django-otp: after each wrong code the next is looked at later (1, 2, 4, 8 ... seconds).
"""

import secrets as random
from base64 import b32encode
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from partners import history
from partners.ground import secrets
from partners.models import AuthenticatorApp, RecoveryCodes

KEY_BYTES = 20  # RFC 4226 §4 R6 recommends 160 bits
CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else
CODE_LENGTH = 12
DIGITS = 6


@dataclass(frozen=True)
class Checked:
    """What became of a code: the device that knew it, or how long to wait before the next try counts; or none of the
    configured keys reads what the app shares with us."""

    device: AuthenticatorApp | RecoveryCodes | None = None
    wait: int = 0
    unreadable: bool = False


def has_app(user: Any) -> bool:
    """Whether somebody set up a second factor."""
    return bool(AuthenticatorApp.objects.filter(user_id=user.pk, confirmed=True).exists())


def is_missing(user: Any) -> bool:
    """Whether a logged-in user still owes the second factor: it is set up, or has to be, and was not given."""
    if getattr(user, "otp_device", None) is not None:
        return False
    known = getattr(user, "second_factor_missing", None)
    if known is None:
        known = bool(settings.ADMIN_SECOND_FACTOR_REQUIRED) or has_app(user)
        user.second_factor_missing = known
    return bool(known)


def new_key() -> bytes:
    return random.token_bytes(KEY_BYTES)


def address_of(user: Any, key: bytes) -> str:
    """The otpauth:// address that the app reads from the QR code."""
    app = AuthenticatorApp(user=user)
    app.put_key(key)
    return str(app.config_url)


def in_words(key: bytes) -> str:
    """The key for typing in: base32 in groups of four."""
    text = b32encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def set_up(user: Any, key: bytes, code: str) -> AuthenticatorApp | None:
    """Make the app that shows `code` the user's only one; None, and nothing changed, where the code is wrong."""
    with transaction.atomic():
        app = AuthenticatorApp(user=user, name="Authenticator app")
        app.put_key(key)
        app.save()
        if not app.verify_token(code):
            transaction.set_rollback(True)
            return None
        TOTPDevice.objects.filter(user=user).exclude(pk=app.pk).delete()
        history.note(user, "Second factor set up", user=user)
    return app


def make_recovery_codes(user: Any) -> list[str]:
    """Make new recovery codes and return them, this once; the earlier ones stop working."""
    codes = ["".join(random.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        box = RecoveryCodes.objects.create(user=user, name="Recovery codes")
        StaticToken.objects.bulk_create(StaticToken(device=box, token=box.digest(code)) for code in codes)
        history.note(user, "Recovery codes made", user=user)
    return [as_shown(code) for code in codes]


def as_shown(code: str) -> str:
    """`abcd-efgh-jkmn`."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def recovery_codes_left(user: Any) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def check(user: Any, code: str) -> Checked:
    """Look a code up: six digits belong to the app, anything else to the recovery codes."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    model = AuthenticatorApp if len(plain) == DIGITS and plain.isdigit() else RecoveryCodes
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None:
            return Checked()
        try:
            fits = device.verify_token(plain)
        except secrets.UnreadableSecret:
            return Checked(unreadable=True)
        if fits:
            if isinstance(device, RecoveryCodes):
                history.note(user, "Recovery code used", f"{recovery_codes_left(user)} left.", user=user)
            return Checked(device)
        return Checked(wait=seconds_to_wait(device))


def seconds_to_wait(device: AuthenticatorApp | RecoveryCodes) -> int:
    """Seconds until the next try is looked at."""
    allowed, why = device.verify_is_allowed()
    if allowed or not why:
        return 0
    return max(1, int((why["locked_until"] - timezone.now()).total_seconds()))


def reset(user: Any) -> bool:
    """Take app and recovery codes away; sessions that used them need a new one. False where there were none."""
    with transaction.atomic():
        apps, _ = TOTPDevice.objects.filter(user=user).delete()
        codes, _ = StaticDevice.objects.filter(user=user).delete()
    return bool(apps or codes)
