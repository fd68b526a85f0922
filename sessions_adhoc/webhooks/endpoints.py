"""Endpoints: made, tested, turned on and off, their secrets replaced without a moment in which nothing fits."""

import base64
import secrets as random
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ocpi.client.addresses import AddressError
from ocpi.client.transport import UrlError, check_url
from partners.ground import secrets, signing
from partners.incidents.reporting import close_everywhere
from sessions_adhoc.models import ClientKey, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.models.webhook import LONGEST_URL
from sessions_adhoc.webhooks import events

State = WebhookEndpoint.State
KEY_BYTES = 32
MOST_PER_CLIENT = 5
OLD_SECRET_LIFE = timedelta(hours=24)
"""How long both secrets sign, after one was replaced."""


class NoSuchAddress(ValueError):
    """The URL cannot be one of an endpoint. The text says why."""


def check_address(url: str) -> None:
    """Raise NoSuchAddress for what no event may be sent to. Where its name leads is looked at with each delivery."""
    try:
        check_url(url)
    except (UrlError, AddressError) as error:
        raise NoSuchAddress(str(error)) from error
    if settings.PRODUCTION and not url.lower().startswith("https:"):
        raise NoSuchAddress(f"{url} is not https")
    if "#" in url or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise NoSuchAddress("A URL has no spaces and no fragment.")


def create(client: ClientKey, url: str) -> tuple[WebhookEndpoint, str]:
    """Return (row, secret). The secret's text exists in this answer, and encrypted.

    Raises:
        NoSuchAddress: also where the client has that many already.
    """
    check_address(url)
    if WebhookEndpoint.objects.filter(client=client).count() >= MOST_PER_CLIENT:
        raise NoSuchAddress(f"A client has at most {MOST_PER_CLIENT} webhooks.")
    secret = new_secret()
    return WebhookEndpoint.objects.create(client=client, url=url, secret=secrets.encrypt(secret)), secret


def new_secret() -> str:
    return signing.PREFIX + base64.b64encode(random.token_bytes(KEY_BYTES)).decode()


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """What an event is signed with now: the secret, and while it is being replaced the one before. Raises
    UnreadableSecret."""
    found = [secrets.decrypt(endpoint.secret)]
    if endpoint.old_secret is not None and endpoint.old_until is not None and now < endpoint.old_until:
        found.append(secrets.decrypt(endpoint.old_secret))
    return tuple(found)


def rotate(endpoint_id: int) -> str:
    """Replace the secret, and return the new one. For a day events are signed with both, if we can read the old one."""
    secret = new_secret()
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
        known = secrets.read(row.secret) is not None
        row.old_secret, row.old_until = (row.secret, timezone.now() + OLD_SECRET_LIFE) if known else (None, None)
        row.secret = secrets.encrypt(secret)
        row.save(update_fields=["secret", "old_secret", "old_until"])
    return secret


def forget_old_secret(endpoint_id: int) -> bool:
    """Sign with the newest secret alone from now on; False where there is no older one."""
    known = WebhookEndpoint.objects.filter(pk=endpoint_id).exclude(old_secret=None)
    return bool(known.update(old_secret=None, old_until=None))


def turn_off(endpoint_id: int, why: str) -> bool:
    """Send nothing more; what happens meanwhile is kept, and goes out when it is turned on."""
    return _switch(endpoint_id, State.OFF, why)


def pause(endpoint_id: int, why: str) -> bool:
    """The same, by ourselves."""
    return _switch(endpoint_id, State.PAUSED, why)


def _switch(endpoint_id: int, state: str, why: str) -> bool:
    others = WebhookEndpoint.objects.filter(pk=endpoint_id).exclude(state=State.OFF).exclude(state=state)
    return bool(others.update(state=state, state_since=timezone.now(), why=why[:300]))


def turn_on(endpoint_id: int) -> bool:
    """Send again, what waits first; False where it is on."""
    now = timezone.now()
    with transaction.atomic():
        off = WebhookEndpoint.objects.filter(pk=endpoint_id).exclude(state=State.ON)
        fresh = {
            "state": State.ON,
            "state_since": now,
            "why": "",
            "failures": 0,
            "failing_since": None,
            "retry_at": None,
        }
        if not off.update(**fresh):
            return False
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint_id, state=WebhookDelivery.State.WAITING, held=False)
        waiting.filter(next_check_at__gt=now).update(next_check_at=now, tries=0)
        close_everywhere(incident_key(endpoint_id), "It was turned on.")
    return True


def incident_key(endpoint_id: int) -> str:
    return f"webhook:{endpoint_id}"


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Write a test event; it is sent as any other, and opens no incident."""
    now = timezone.now()
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        kind=events.TEST,
        subject=f"test:{endpoint.pk}",
        body=events.body_of(events.TEST, now, {"endpoint": endpoint.pk}),
        written_at=now,
        next_check_at=now,
    )
