"""Every mail is a row: written in the transaction that causes it, sent after its commit, tried again, kept to be seen.

A worker that dies while it sends leaves the row to its lease: the mail goes out again under the same Message-ID. It may
arrive twice, and is never lost. What cannot be sent for three days is given up, with an incident.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from partners.ground.deadlines import claim_due
from partners.models import Document, Incident, Mail, Partner
from partners.models.mail import new_message_id

log = structlog.get_logger(__name__)
TASK = "partners.tasks.mail_send"
LEASE = timedelta(minutes=5)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 14, 60, 240, 720, 1440, 1840))
"""Between tries: three days together."""
BATCH = 20
LONGEST_SUBJECT = 300
State = Mail.State
ENDED = (State.SENT, State.GIVEN_UP, State.WITHDRAWN)


@dataclass(frozen=True)
class Letter:
    """What to send to whom.

    Args:
        html: the same as a web page, or "".
        document: attached.
        calendar: an event (iCalendar) that is attached, or "".
        incident: what it tells of; one that is closed before it is told is not told any more.
    """

    subject: str
    body: str
    to: Sequence[str]
    cc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    html: str = ""
    document: Document | None = None
    incident: Incident | None = None
    calendar: str = ""


@dataclass
class _Listeners:
    """What is told that a mail went out, in the transaction that notes it."""

    sent: list[Callable[[Mail], None]] = field(default_factory=list)
    given_up: list[Callable[[Mail], None]] = field(default_factory=list)


listeners = _Listeners()


def write(partner: Partner, letter: Letter, user: Any = None) -> Mail:
    """Put a mail into the outbox, inside the caller's transaction; a worker sends it after the commit."""
    [mail] = write_all([(partner, letter)], user)
    return mail


def write_all(letters: Iterable[tuple[Partner, Letter]], user: Any = None) -> list[Mail]:
    """The same for several, in one statement."""
    now = timezone.now()
    mails = Mail.objects.bulk_create([_row(partner, letter, user, now) for partner, letter in letters])
    transaction.on_commit(partial(_queue, [mail.pk for mail in mails]))
    return mails


def _row(partner: Partner, letter: Letter, user: Any, now: datetime) -> Mail:
    return Mail(
        partner=partner,
        incident=letter.incident,
        document=letter.document,
        subject=" ".join(letter.subject.split())[:LONGEST_SUBJECT],
        body=letter.body,
        html=letter.html,
        calendar=letter.calendar,
        to=list(dict.fromkeys(letter.to)),
        cc=list(letter.cc),
        reply_to=list(letter.reply_to),
        asked_by=user,
        written_at=now,
        next_check_at=now,
    )


def _queue(keys: Iterable[int]) -> None:
    try:
        for pk in keys:
            current_app.send_task(TASK, [pk])
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=TASK, error=str(error))


def send(pk: int, now: datetime | None = None) -> bool:
    """Send one mail that is due; False where it is not, or the mail server does not take it."""
    now = now or timezone.now()
    free = Mail.objects.filter(pk=pk, next_check_at__lte=now)
    return bool(free.update(next_check_at=now + LEASE)) and _deliver(pk, now, now + LEASE)


def send_due(now: datetime) -> int:
    """Send what is due; return how many went out."""
    return sum(_deliver(pk, now, now + LEASE) for pk in claim_due(Mail, now=now, lease=LEASE, limit=BATCH))


def _deliver(pk: int, now: datetime, until: datetime) -> bool:
    """Send a mail whose lease this worker has, which ends at `until`."""
    mine = Mail.objects.filter(pk=pk, next_check_at=until)
    mail = Mail.objects.select_related("incident", "document", "partner").get(pk=pk)
    if mail.incident and mail.incident.closed_at and not mail.tries:
        mine.update(state=State.WITHDRAWN, next_check_at=None, error="The incident was closed before.")
        return False
    if not mine.update(state=State.SENDING, tries=mail.tries + 1):
        return False
    try:
        _message(mail).send()
    except Exception as error:  # noqa: BLE001  (a mail that nothing can send is given up in the end, and seen)
        log.warning("mail_not_sent", mail=pk, error=type(error).__name__)
        _put_off(mail, mine, now, f"{type(error).__name__}: {error}"[:300])
        return False
    with transaction.atomic():
        ended = {"state": State.SENT, "sent_at": timezone.now(), "next_check_at": None, "error": ""}
        if Mail.objects.filter(pk=pk).exclude(state=State.SENT).update(**ended):
            mail.refresh_from_db()
            for told in listeners.sent:
                told(mail)
    return True


def _put_off(mail: Mail, mine: Any, now: datetime, error: str) -> None:
    last = mail.tries >= len(PAUSES)
    again: dict[str, Any] = {"state": State.GIVEN_UP, "next_check_at": None}
    if not last:
        again = {"state": State.WAITING, "next_check_at": now + PAUSES[mail.tries]}
    with transaction.atomic():
        if mine.update(**again, error=error) and last:
            mail.refresh_from_db()
            for told in listeners.given_up:
                told(mail)


def _message(mail: Mail) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.body,
        to=mail.to,
        cc=mail.cc,
        reply_to=mail.reply_to or None,
        headers={"Message-ID": mail.message_id},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    if mail.calendar:
        message.attach("integration-window.ics", mail.calendar, "text/calendar")
    if mail.document:
        message.attach(mail.document.name, bytes(mail.document.content), "application/pdf")
    return message


def send_again(pk: int) -> bool:
    """Have a mail sent now, also one that was sent or given up; False while a worker holds it."""
    now = timezone.now()
    with transaction.atomic():
        mail = Mail.objects.select_for_update().get(pk=pk)
        if is_held(mail):
            return False
        if mail.state == State.SENT:  # it arrived under the old one, and would be taken for the same
            mail.message_id = new_message_id()
        mail.state, mail.next_check_at, mail.sent_at, mail.tries, mail.error = State.WAITING, now, None, 0, ""
        mail.save()
        transaction.on_commit(partial(_queue, [pk]))
    return True


def is_held(mail: Mail) -> bool:
    """Whether a worker is sending it at this moment."""
    return mail.state == State.SENDING and mail.next_check_at is not None and mail.next_check_at > timezone.now()


def delete_old(now: datetime) -> int:
    """Delete what ended `MAIL_DAYS` ago; return how many rows. Mails with a document stay with it."""
    before = now - timedelta(days=settings.MAIL_DAYS)
    old = Mail.objects.filter(state__in=ENDED, written_at__lt=before, document=None).values("pk")[:1000]
    return int(Mail.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0])
