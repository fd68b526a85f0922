"""Asking the gateways for everything that was forgotten (rule 24: nothing held without a charge or an incident)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from billing.gateways import Gateway, GatewayUnreachable, Standing, gateway_named
from billing.models import PaymentAuthorization
from billing.models.payment_states import State
from billing.payments.restored import Asked, ask, captured_in_doubt, in_doubt, recover
from billing.pricing import in_words
from billing.restoring.findings import Finding, Kind

MARGIN = timedelta(minutes=5)
"""Clocks differ, and a backup is taken of a moment that only its server knows exactly."""

ASK_AGAIN = "Run the command again when the gateway answers: until then nothing that it did is known."


@dataclass
class Told:
    """What the gateways know. `forgotten`: payments that only they knew, with what they were opened with."""

    asked: list[Asked] = field(default_factory=list)
    forgotten: list[tuple[Asked, Standing]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def ask_all(since: datetime, say: Callable[[str], None]) -> Told:
    """Ask every gateway about everything that may have moved since then."""
    told = Told()
    for name in names():
        try:
            _ask_one(name, gateway_named(name), since - MARGIN, told)
        except LookupError:
            told.findings.append(_unasked(name, "It is not installed any more."))
        except GatewayUnreachable as silence:
            told.findings.append(_unasked(name, str(silence)))
        say(f"{name}: {len(told.asked)} payments asked about, {len(told.forgotten)} of them were forgotten.")
    told.findings += [finding for one in told.asked if (finding := finding_about(one))]
    return told


def names() -> list[str]:
    """The gateways that may hold something: those that have payments, and those that new ones go to."""
    known = PaymentAuthorization.objects.order_by("gateway").values_list("gateway", flat=True).distinct()
    routed = [route.rpartition(":")[2] for route in settings.PAYMENT_ROUTES]
    return sorted({*known, settings.PAYMENT_GATEWAY, *routed})


def _ask_one(name: str, gateway: Gateway, since: datetime, told: Told) -> None:
    listed = _listed(gateway, since)
    moved = gateway.moved_since(since)
    touched = set(moved) if moved is not None else None
    if listed is None:
        told.findings.append(_unlisted(name))
    for payment_id in list(in_doubt(name).values_list("pk", flat=True)):
        known = (listed or {}).pop(payment_id, None)
        told.asked.append(ask(payment_id, known.reference if known else ""))
    for payment_id in list(captured_in_doubt(name, since, touched).values_list("pk", flat=True)):
        told.asked.append(ask(payment_id))
    for payment_id, found in (listed or {}).items():
        told.asked += _unknown(name, payment_id, found, told)


def _listed(gateway: Gateway, since: datetime) -> dict[UUID, Standing] | None:
    """What the gateway has of ours, by our own id; of one that it tells twice, the later."""
    rows = gateway.list_since(since)
    return None if rows is None else {UUID(one.payment): one for one in rows if _is_ours(one)}


def _is_ours(one: Standing) -> bool:
    """Whether it was opened by us: others may use the same account, and what is theirs is not touched."""
    try:
        return bool(UUID(one.payment) and UUID(one.about.get("session", "")))
    except ValueError:
        return False


def _unknown(name: str, payment_id: UUID, found: Standing, told: Told) -> Iterator[Asked]:
    """A payment that no state made us ask about: one that ended, one not begun yet, or one that we have forgotten."""
    row = PaymentAuthorization.objects.filter(pk=payment_id).first()
    if row is None:
        one = recover(name, found)
        told.forgotten.append((one, found))
        yield one
    elif row.state == State.CREATED:
        yield ask(payment_id, found.reference)


def finding_about(one: Asked) -> Finding | None:
    """What a person has to look at, of one payment."""
    row = one.row
    what = f"Payment {row.pk} ({row.reference})"
    if one.silent:
        return Finding(f"silent:{row.pk}", Kind.PAYMENT, f"{what}: {row.gateway} did not answer.", ASK_AGAIN, None, row)
    if row.kept_until is not None:
        until = f"{row.kept_until:%Y-%m-%d %H:%M} UTC"
        text = f"{what}: {in_words(row.amount, row.currency)} are kept for another try until {until}."
        advice = (
            "Another try may have gone on with it, and be forgotten: look for a Session at its charger on this list."
            " If nobody decides, it is released by itself then."
        )
        return Finding(f"kept:{row.pk}", Kind.PAYMENT, text, advice, None, row)
    return None


def _unasked(name: str, why: str) -> Finding:
    return Finding(f"gateway:{name}", Kind.PAYMENT, f"Gateway {name} could not be asked: {why}", ASK_AGAIN)


def _unlisted(name: str) -> Finding:
    text = f"Gateway {name} cannot list its payments: holds that were made after the backup are not known here."
    advice = "Compare with its own list. What is held there and unknown here is let go of there, or ends by itself."
    return Finding(f"unlisted:{name}", Kind.PAYMENT, text, advice)
