"""A production that is only rehearsed: no real money, no mail, and every page says so."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings
from django.core import checks
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest

log = structlog.get_logger(__name__)

BANNER = "Staging: no real money is taken, and no mail is sent."
NO_MAIL = f"{__name__}.NoMail"
NOT_SENDING = ("console", "dummy", "filebased", "locmem")


class NoMail(BaseEmailBackend):
    """Takes every mail as sent and lets none leave. Its subject is logged."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            log.info("mail not sent: this is staging", subject=str(message.subject))
        return len(email_messages)


def banner(_request: HttpRequest) -> dict[str, Any]:
    """Return what the templates show on top of each page: `staging`, empty where everything is meant."""
    return {"staging": BANNER if settings.STAGING else ""}


@checks.register(deploy=True)
def mail_is_sent(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Production sends mail (platform.E001), staging none (platform.E002)."""
    backend = settings.EMAIL_BACKEND
    sends = backend != NO_MAIL and not any(f".{name}." in backend for name in NOT_SENDING)
    if settings.STAGING and backend != NO_MAIL:
        hint = "Leave EMAIL_BACKEND to the settings."
        return [checks.Error(f"STAGING is on and mail would be sent by {backend}.", hint=hint, id="platform.E002")]
    if settings.PRODUCTION and not settings.STAGING and not sends:
        hint = "Set EMAIL_URL, for example smtp+tls://user:password@host:587, or STAGING=on where no mail is meant."
        return [checks.Error(f"Mail is not sent in production: {backend}.", hint=hint, id="platform.E001")]
    return []
