"""The books against what each gateway itself has, where it can list it."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from billing.books.verifying.biting import bites
from billing.gateways import GatewayUnreachable, Standing, gateway_named
from billing.models import PaymentAuthorization
from billing.payments.history import standing_of
from billing.pricing import in_words

State = PaymentAuthorization.State
BITE = 200
RESTING = (State.RESERVED, State.CAPTURED, State.RELEASED, State.EXPIRED)
"""States in which nothing is under way, so that both have to say the same, unless it moved while the list was read."""


def gateways_told_otherwise(since: datetime | None) -> Iterator[str]:
    """What a gateway has and we do not, what we have and it does not, and every sum that differs."""
    for name in PaymentAuthorization.objects.order_by("gateway").values_list("gateway", flat=True).distinct():
        try:
            yield from _compare(name, since)
        except LookupError:
            yield f"Gateway {name} is not installed any more: what it holds cannot be compared."
        except GatewayUnreachable as silence:
            yield f"Gateway {name} could not be asked: {silence}"


def _compare(name: str, since: datetime | None) -> Iterator[str]:
    began, listed = timezone.now(), gateway_named(name).list_since(since)
    if listed is None:
        return
    seen = set[str]()
    for bite in bites(listed, BITE):
        seen.update(one.reference for one in bite)
        yield from _bite(name, bite, began)
    taken = PaymentAuthorization.objects.filter(gateway=name, state__in=RESTING).exclude(gateway_reference="")
    taken = taken.filter(updated_at__lt=began)
    mine = taken.filter(created_at__gte=since) if since else taken
    for row in mine.filter(Q(captured_amount__gt=0) | Q(state=State.RESERVED)).iterator(chunk_size=BITE):
        if row.gateway_reference not in seen:
            yield f"Payment {row.pk} ({row.reference}): {name} has no {row.gateway_reference}."


def _bite(name: str, listed: list[Standing], began: datetime) -> Iterator[str]:
    rows = PaymentAuthorization.objects.filter(
        gateway=name, gateway_reference__in=[one.reference for one in listed]
    ).order_by("created_at")
    # Of several for one charge, a hold that was taken over, the last one has it.
    ours = {row.gateway_reference: row for row in rows}
    for one in listed:
        row = ours.get(one.reference)
        if row is None:
            yield from _unknown(name, one)
        elif row.state in RESTING and row.told_at is None and row.updated_at < began:
            yield from _differences(name, one, row)


def _unknown(name: str, one: Standing) -> Iterator[str]:
    """Money of a payment that says it is ours, or of a gateway that is ours alone and does not say."""
    has_money = one.held or one.captured - one.refunded
    if has_money and (one.payment or name == "simulated"):
        words = in_words(one.held or one.captured - one.refunded, one.currency)
        yield f"{name} has {words} in {one.reference}, which no payment of ours names."


def _differences(name: str, one: Standing, row: PaymentAuthorization) -> Iterator[str]:
    ours = standing_of(row)
    lost = ours["disputed_after"] + ours["lost_after"]
    pairs = [
        # A terminal may hold more than we took over of it.
        ("held", ours["held_after"], min(one.held, ours["held_after"]) if row.adopted else one.held),
        ("captured", ours["captured_after"], one.captured),
        ("given back", ours["refunded_after"], one.refunded),
        ("in dispute or lost", lost, lost if one.disputed is None else one.disputed),
    ]
    for word, here, there in pairs:
        if here != there:
            said = f"{in_words(here, row.currency)} {word}, {name} says {in_words(there, one.currency)}"
            yield f"Payment {row.pk} ({row.reference}), {one.reference}: {said}."
