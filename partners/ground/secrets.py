"""Making, hashing, encrypting and masking tokens. Nothing else in the project touches a token's text."""

import base64
import hashlib
import secrets
import uuid
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class UnreadableSecret(Exception):
    """No configured key decrypts the stored token: a key was dropped from `FIELD_ENCRYPTION_KEYS` too early."""


def new_token() -> str:
    """Return a fresh token: a random UUID, the form the guide promises (guide 6)."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def digest(token: str) -> str:
    """Return the SHA-256 of `token` in hex, as stored for tokens and keys that we issue."""
    return hashlib.sha256(token.encode()).hexdigest()


def last4(token: str) -> str:
    """Return the part of a token that people may see; nothing of one too short to keep a secret."""
    return token[-4:] if len(token) >= 12 else ""


def ends_as(tail: str, shown: str) -> bool:
    """Whether what the log shows of an Authorization header may be of the token with this `last4`.

    As it is, or in base64: our tokens are UUIDs, 36 characters, so that the last four characters of their base64 stand
    for their last three.
    """
    return bool(tail) and shown.endswith((tail, base64.b64encode(tail[1:].encode()).decode()))


def mask(token: str) -> str:
    """Return how a token appears in logs and pages: `…1234`."""
    return f"…{last4(token)}" if token else ""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(token: str) -> bytes:
    """Return `token` encrypted with the first of `FIELD_ENCRYPTION_KEYS`."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(token.encode())


def decrypt(ciphertext: bytes | memoryview) -> str:
    """Return the token in `ciphertext`; any configured key may have written it.

    Raises:
        UnreadableSecret: none of the keys fits.
    """
    try:
        return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(bytes(ciphertext)).decode()
    except InvalidToken as error:
        raise UnreadableSecret("the stored token cannot be decrypted with FIELD_ENCRYPTION_KEYS") from error


def read(ciphertext: bytes | memoryview) -> str | None:
    """Return the token in `ciphertext`; None where no configured key fits."""
    try:
        return decrypt(ciphertext)
    except UnreadableSecret:
        return None


def key_names() -> list[str]:
    """What the configured keys are called where people read of them, the one that writes first: a part of a digest."""
    return [_name(key) for key in settings.FIELD_ENCRYPTION_KEYS]


@lru_cache(maxsize=8)
def _name(key: str) -> str:
    return hashlib.sha256(b"name:" + key.encode()).hexdigest()[:8]


def key_of(ciphertext: bytes | memoryview) -> str:
    """Return the name of the configured key that `encrypt` wrote this with; "" where none fits."""
    for key in settings.FIELD_ENCRYPTION_KEYS:
        try:
            _fernet((key,)).decrypt(bytes(ciphertext))
        except InvalidToken:
            continue
        return _name(key)
    return ""


def key_of_sealed(sealed: bytes) -> str:
    """The same for what `seal` wrote."""
    for key in settings.FIELD_ENCRYPTION_KEYS:
        try:
            _siv(key).decrypt(sealed, None)
        except InvalidTag:
            continue
        return _name(key)
    return ""


@lru_cache(maxsize=8)
def _siv(key: str) -> AESSIV:
    return AESSIV(HKDF(SHA256(), length=64, salt=None, info=b"short secrets").derive(key.encode()))


def seal(secret: bytes) -> bytes:
    """Return random `secret` encrypted with the first of `FIELD_ENCRYPTION_KEYS`, 16 bytes longer than it was.

    For columns that are too short for `encrypt`. The same secret always gives the same bytes.
    """
    return _siv(settings.FIELD_ENCRYPTION_KEYS[0]).encrypt(secret, None)


def unseal(sealed: bytes) -> bytes:
    """Return the secret in `sealed`; any configured key may have written it.

    Raises:
        UnreadableSecret: none of the keys fits.
    """
    for key in settings.FIELD_ENCRYPTION_KEYS:
        try:
            return _siv(key).decrypt(sealed, None)
        except InvalidTag:
            continue
    raise UnreadableSecret("the stored secret cannot be decrypted with FIELD_ENCRYPTION_KEYS")
