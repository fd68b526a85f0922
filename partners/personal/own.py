"""The kinds of this app: mails, contacts' copies, and staff."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings

from partners import outbox
from partners.ground.personal import CPOS, STAFF, WITH_CPO, Kind, keep_personal

BITE = 1000


def register() -> None:
    keep_personal(
        Kind(
            "mails",
            "Mails that were sent",
            "drivers, people at CPOs, staff",
            frozenset({"partners.mail.*"}),
            "To see what was sent to whom, and to send it again. Those with a document stay with it.",
            days=lambda: (settings.MAIL_DAYS, "MAIL_DAYS"),
            forget=outbox.delete_old,
        )
    )
    keep_personal(
        Kind(
            "documents",
            "Papers of an integration",
            CPOS,
            frozenset({"partners.document.content", "partners.document.made_by", "partners.document.name"}),
            "Sign-off forms and dossiers: what both sides agreed, signed by name.",
            until=WITH_CPO,
        )
    )
    keep_personal(
        Kind(
            "history",
            "History of the configuration",
            "staff, people at CPOs",
            frozenset({"partners.historyentry.*"}),
            "Who changed or pressed what, when and why; a contact's changes among it.",
            until="as long as the platform",
        )
    )
    keep_personal(
        Kind(
            "notes",
            "Notes of staff, and why things were put off",
            "whoever they are about",
            frozenset({"partners.note.text", "partners.ticket.why"}),
            "To go on where a colleague stopped. Write nothing about drivers there.",
            until="as long as the platform",
        )
    )
    keep_personal(
        Kind(
            "failed-logins",
            "Failed logins",
            STAFF,
            frozenset({"axes.accessattempt.*", "axes.accessfailurelog.*", "axes.accesslog.*"}),
            "To lock out whoever guesses passwords.",
            days=lambda: (settings.FAILED_LOGIN_DAYS, "FAILED_LOGIN_DAYS"),
            forget=forget_failed_logins,
        )
    )
    keep_personal(
        Kind(
            "staff",
            "Accounts of staff",
            STAFF,
            frozenset({"auth.user.*", "sessions.session.*", "otp_totp.totpdevice.*", "otp_static.staticdevice.*"})
            | {"otp_static.statictoken.*", "admin.logentry.*", "partners.incident.close_reason"},
            "To log in, and to say who decided.",
            until="as long as somebody works here; an account that is not used any more is made inactive by an admin",
        )
    )


def forget_failed_logins(now: datetime) -> int:
    old = AccessAttempt.objects.filter(attempt_time__lt=now - timedelta(days=settings.FAILED_LOGIN_DAYS))
    return int(AccessAttempt.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BITE])).delete()[0])
