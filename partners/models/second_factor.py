"""How staff get in: the app that shows codes, recovery codes, failed logins. What the database holds opens nothing.

django-otp's own devices, with the app's key encrypted and the recovery codes hashed.
"""

from axes.models import AccessAttempt
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from partners.ground import secrets


class AuthenticatorApp(TOTPDevice):
    """An app on somebody's phone. `key` holds the key that both know, encrypted, in hex."""

    class Meta:
        proxy = True
        verbose_name = "authenticator app"

    def __str__(self) -> str:
        return str(self.name)

    @property
    def bin_key(self) -> bytes:
        return secrets.unseal(bytes.fromhex(self.key))

    def put_key(self, key: bytes) -> None:
        """Keep a fresh key, encrypted."""
        self.key = secrets.seal(key).hex()


class RecoveryCodes(StaticDevice):
    """Codes for the day when the phone is lost, each good for one login. Only their digests are kept."""

    class Meta:
        proxy = True
        verbose_name = "recovery codes"
        verbose_name_plural = "recovery codes"

    def __str__(self) -> str:
        return str(self.name)

    @staticmethod
    def digest(code: str) -> str:
        """As much of the SHA-256 as the column holds: 64 bits of a code of 60."""
        return secrets.digest(code)[:16]

    def verify_token(self, token: str) -> bool:
        return bool(super().verify_token(self.digest(token)))


class FailedLogin(AccessAttempt):
    """Wrong passwords for one user name from one address."""

    class Meta:
        proxy = True
        verbose_name = "failed login"

    def __str__(self) -> str:
        return f"{self.username} from {self.ip_address}"
