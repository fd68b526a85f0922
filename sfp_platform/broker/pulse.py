"""Signs of life of beat, of workers, and of each queue from end to end (`Heartbeat`).

A worker's process says itself that it is there and which queues it serves. That a queue is served is said by a task
that beat sends through it: so it is known whether a message arrives, and not only whether a process runs. What no
process of ours would notice is looked at on the way: the task on `mail` greets the mail server.
"""

import smtplib
import socket
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from sfp_platform.models import Heartbeat

KEPT = timedelta(days=1)
"""Of a process that is no more."""
GREETING_SECONDS = 5.0
What = Heartbeat.What


def sign(what: str, name: str, *, serves: str = "", fault: str = "") -> None:
    """Note that it lives, in one statement."""
    row = Heartbeat(what=what, name=name[:255], serves=serves[:255], fault=fault[:300], seen_at=Now())
    Heartbeat.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["what", "name"], update_fields=["serves", "fault", "seen_at"]
    )


def forget_the_dead() -> None:
    """Delete what gave its last sign a day ago."""
    Heartbeat.objects.filter(seen_at__lt=Now() - KEPT).delete()


def beat_name() -> str:
    return socket.gethostname()


def greet_mail_server() -> str:
    """What is wrong with the mail server, "" where it answers or mails go nowhere (staging, development).

    It is greeted and left, without logging in: providers count logins.
    """
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return ""
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(
            settings.EMAIL_HOST, settings.EMAIL_PORT, local_hostname="localhost", timeout=GREETING_SECONDS
        ) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return f"{type(error).__name__}: {error}"
    return ""
