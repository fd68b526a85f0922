"""Delivering: at least once, in order for each subject, again for three days, and never faster than an endpoint can.

A worker takes an event under a lease and asks whether one of the same subject stands before it; if so, it is put aside
and made due by whoever brings that one to its end. Both happen under the lock of the earlier row, so that none is
forgotten between the two. A worker that dies leaves its event to the lease: it is sent once more, with the same id,
before any that follows.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from ocpi.client.webhooks import TIMEOUTS, Answered, tell
from partners.ground.deadlines import claim_due, growing_pause, take_lease
from partners.ground.enqueue import enqueue_after_commit
from partners.ground.secrets import UnreadableSecret
from sessions_adhoc.models import WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks import endpoints, events, trouble

PUSH_TASK = "sessions_adhoc.tasks.push_webhook"
QUEUE_LEASE = timedelta(seconds=60)
LEASE = timedelta(seconds=sum(TIMEOUTS) + 30)
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Between tries of one event: three days together, as Standard Webhooks has it."""

LONGEST_SILENCE = timedelta(days=3)
"""After so long without a delivery that was taken an endpoint is paused."""

AT_ONCE = 4
IN_ONE_TASK = 50
DOWN = 5
"""Failures in a row after which one event is tried on behalf of all."""

FIRST_PROBE, LONGEST_PROBE = timedelta(seconds=30), timedelta(minutes=10)
KEPT_ANSWERS = 10
KEPT = timedelta(days=30)
"""Of what ended."""

GONE = 410
State = WebhookDelivery.State
OPEN = (State.WAITING, State.GIVEN_UP)
"""What keeps those that follow waiting."""

OVER = (State.TAKEN, State.LEFT_OUT)


def hand_out_due(now: datetime) -> int:
    """Give workers what is due, a few at a time for each endpoint that is on; return how many."""
    due = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), next_check_at__lte=now)
    ready = WebhookEndpoint.objects.filter(Exists(due), usable()).filter(Q(retry_at=None) | Q(retry_at__lte=now))
    return sum(hand_out(endpoint, now) for endpoint in ready.order_by("pk"))


def usable() -> Q:
    """Endpoints that are sent anything: they are on, and their client's key was not revoked."""
    return Q(state=WebhookEndpoint.State.ON, client__revoked_at=None)


def hand_out(endpoint: WebhookEndpoint, now: datetime) -> int:
    """Give workers what is due there, as many as may be under way; return how many."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint)
    most = AT_ONCE if endpoint.failures < DOWN else 1
    with transaction.atomic():
        free = most - rows.filter(held=True, next_check_at__gt=now).count()
        if free <= 0:
            return 0
        due = claim_due(WebhookDelivery, now=now, lease=QUEUE_LEASE, limit=free, where=Q(endpoint=endpoint))
        rows.filter(pk__in=due).update(held=True)
        for pk in due:
            enqueue_after_commit(PUSH_TASK, pk, (now + QUEUE_LEASE).isoformat())
    return len(due)


def deliver(pk: int, held: datetime | None = None) -> int:
    """Deliver an event that is due, and those that waited for it; return how many were taken.

    `held`: the end of the lease that was taken on behalf of the task.
    """
    taken = 0
    while pk and taken < IN_ONE_TASK:
        until = take_lease(WebhookDelivery.objects.filter(pk=pk, state=State.WAITING), LEASE, held, held=True)
        following = _deliver(pk, until) if until else None
        if following is None:
            break
        taken, pk, held = taken + 1, following, None
    return taken


def _deliver(pk: int, until: datetime) -> int | None:
    """Deliver one under its lease. Return the next one of its subject, 0 where there is none, None if not taken."""
    row = WebhookDelivery.objects.select_related("endpoint__client").get(pk=pk)
    endpoint, mine = row.endpoint, WebhookDelivery.objects.filter(pk=pk, next_check_at=until, state=State.WAITING)
    if endpoint.state != WebhookEndpoint.State.ON or endpoint.client.revoked_at is not None:
        mine.update(next_check_at=timezone.now(), held=False)
        return None
    if _put_aside(row, mine):
        return None
    began = timezone.now()
    try:
        answer = tell(endpoint.url, endpoints.secrets_of(endpoint, began), row.message_id, row.body.encode())
    except UnreadableSecret:
        answer = Answered(0, "our copy of its secret cannot be read: replace it")
    return _note(row, mine, began, answer)


def _put_aside(row: WebhookDelivery, mine: QuerySet[WebhookDelivery]) -> bool:
    """Whether an earlier event of the same subject has to go first. It makes this one due when it comes to its end."""
    with transaction.atomic():
        while (earlier := open_before(row).order_by("pk").first()) is not None:
            locked = WebhookDelivery.objects.select_for_update().get(pk=earlier.pk)
            if locked.state in OPEN:
                mine.update(next_check_at=None, held=False)
                return True
    return False


def open_before(row: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    """What stands before an event of the same subject and is not over."""
    same = WebhookDelivery.objects.filter(endpoint=row.endpoint_id, subject=row.subject, state__in=OPEN)
    return same.filter(pk__lt=row.pk)


def wake_next(row: WebhookDelivery) -> int:
    """Make the next event of a subject due, whose earlier one is over; return its key, or 0. In the transaction that
    ends the earlier one, after it was written: whoever puts something aside behind it is seen."""
    same = WebhookDelivery.objects.filter(endpoint=row.endpoint_id, subject=row.subject, state=State.WAITING)
    following = same.filter(pk__gt=row.pk).order_by("pk").values_list("pk", flat=True).first()
    if following is None:
        return 0
    same.filter(pk=following, next_check_at=None).update(next_check_at=timezone.now())
    return following


def _note(row: WebhookDelivery, mine: QuerySet[WebhookDelivery], began: datetime, answer: Answered) -> int | None:
    """Write down what came of a try, unless somebody else has the event by now."""
    now = timezone.now()
    told = {"at": began.isoformat(timespec="milliseconds"), "status": answer.status, "text": answer.text}
    told["ms"] = round((now - began).total_seconds() * 1000)
    changed: dict[str, Any] = {"held": False, "tries": row.tries + 1, "answers": [*row.answers, told][-KEPT_ANSWERS:]}
    with transaction.atomic():
        if mine.select_for_update().first() is None:
            return None
        if answer.is_taken:
            mine.update(**changed, state=State.TAKEN, taken_at=now, next_check_at=None)
            _works(row.endpoint, now)
            trouble.is_over(row)
            return wake_next(row)
        if row.kind == events.TEST:
            mine.update(**changed, state=State.GIVEN_UP, next_check_at=None)
        elif _fails(row, answer, now):
            mine.update(**{**changed, "tries": 0}, next_check_at=now)
        elif row.tries < len(PAUSES):
            mine.update(**changed, next_check_at=now + PAUSES[row.tries])
        else:
            mine.update(**changed, state=State.GIVEN_UP, next_check_at=None)
            trouble.given_up(row, answer)
    return None


def _works(endpoint: WebhookEndpoint, now: datetime) -> None:
    """It took something. What waited because it did not is due."""
    known = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if endpoint.failures >= DOWN:
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=State.WAITING, held=False)
        waiting.filter(next_check_at__gt=now).update(next_check_at=now)
    if endpoint.failures or endpoint.last_taken_at is None or endpoint.last_taken_at < now - timedelta(minutes=1):
        known.update(failures=0, failing_since=None, retry_at=None, last_taken_at=now)


def _fails(row: WebhookDelivery, answer: Answered, now: datetime) -> bool:
    """It did not take something: it is asked less often. Return whether it was paused: after days, or as it is gone."""
    known = WebhookEndpoint.objects.filter(pk=row.endpoint_id)
    known.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", now))
    endpoint = known.get()
    if endpoint.failures >= DOWN:
        known.update(retry_at=now + growing_pause(endpoint.failures - DOWN + 1, FIRST_PROBE, LONGEST_PROBE))
    silent = endpoint.failing_since is not None and now - endpoint.failing_since >= LONGEST_SILENCE
    if answer.status != GONE and not silent:
        return False
    why = "It answered HTTP 410." if answer.status == GONE else "Nothing was taken for three days."
    if endpoints.pause(endpoint.pk, f"{why} {said(answer)}"):
        trouble.paused(row, answer)
    return True


def said(answer: Answered) -> str:
    """What an endpoint answered, in words."""
    return f"HTTP {answer.status}: {answer.text}" if answer.status else answer.text


def send_again(pk: int) -> bool:
    """Have an event sent now, also one that was taken or given up; False while a worker holds it."""
    now = timezone.now()
    with transaction.atomic():
        row = WebhookDelivery.objects.select_for_update().get(pk=pk)
        if row.held and row.next_check_at is not None and row.next_check_at > now:
            return False
        row.state, row.next_check_at, row.held, row.tries, row.taken_at = State.WAITING, now, False, 0, None
        row.save(update_fields=["state", "next_check_at", "held", "tries", "taken_at"])
    return True


def send_all_again(endpoint_id: int, since: datetime) -> int:
    """Have all that was written since then sent once more, in order; return how many."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint_id, written_at__gte=since).exclude(state=State.WAITING)
    return rows.update(state=State.WAITING, next_check_at=timezone.now(), held=False, tries=0, taken_at=None)


def leave_out(pk: int) -> bool:
    """Send an event no more, and let those that follow pass; False while a worker holds it, or it is over."""
    now = timezone.now()
    with transaction.atomic():
        row = WebhookDelivery.objects.select_for_update().get(pk=pk)
        busy = row.held and row.next_check_at is not None and row.next_check_at > now
        if busy or row.state not in OPEN:
            return False
        row.state, row.next_check_at, row.held = State.LEFT_OUT, None, False
        row.save(update_fields=["state", "next_check_at", "held"])
        trouble.is_over(row)
        wake_next(row)
    return True


def delete_old(now: datetime) -> int:
    """Delete what ended long ago; return how many rows."""
    old = WebhookDelivery.objects.filter(state__in=OVER, written_at__lt=now - KEPT).order_by("written_at")
    return int(WebhookDelivery.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:5000])).delete()[0])
