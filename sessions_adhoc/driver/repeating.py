"""A request about a session that is sent again with its Idempotency-Key does nothing more."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from partners.ground.deadlines import claim_due
from sessions_adhoc.driver.refusals import IdempotencyConflict
from sessions_adhoc.models import AdHocSession, ClientKey, RepeatableRequest

LEASE = timedelta(minutes=5)
BATCH = 1000


def once(client: ClientKey, key: str, path: str, body: Any, do: Callable[[], AdHocSession], pk: UUID) -> AdHocSession:
    """Do it and remember the key in one transaction; with a key that is remembered, return the session as it is.

    Of two at the same time the second waits for the first. What was refused is not remembered.

    Raises:
        IdempotencyConflict: the key came with another request.
        AdHocSession.DoesNotExist: the session is none of this client's.
    """
    if not key:
        return do()
    said = json.dumps([path, body], sort_keys=True, default=str)
    digest = hashlib.sha256(said.encode()).hexdigest()
    if not _is_known(client, key, digest):
        if AdHocSession.objects.filter(client=client, idempotency_key=key).exists():
            raise _conflict()  # it started a session
        try:
            with transaction.atomic():
                RepeatableRequest.objects.create(client=client, key=key, digest=digest)
                return do()
        except IntegrityError:
            if not _is_known(client, key, digest):
                raise
    return AdHocSession.objects.get(pk=pk, client=client)


def _is_known(client: ClientKey, key: str, digest: str) -> bool:
    known = RepeatableRequest.objects.filter(client=client, key=key).first()
    if known is not None and known.digest != digest:
        raise _conflict()
    return known is not None


def check_unused(client: ClientKey, key: str) -> None:
    """Raise `IdempotencyConflict` where a key came with a request about a session: it is none of a START."""
    if RepeatableRequest.objects.filter(client=client, key=key).exists():
        raise _conflict()


def _conflict() -> IdempotencyConflict:
    return IdempotencyConflict(gettext("This Idempotency-Key was used for another request."))


def forget() -> int:
    """Forget the keys whose time is over; return how many."""
    due = claim_due(RepeatableRequest, now=timezone.now(), lease=LEASE, limit=BATCH)
    RepeatableRequest.objects.filter(pk__in=due).delete()
    return len(due)
