"""Charges: those whose next START may have gone out unknown to us, and those that only the gateway remembers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing import plans
from billing.gateways import Standing
from billing.models import PaymentAuthorization
from billing.payments.restored import Asked
from billing.pricing import in_words
from billing.restoring.findings import Finding, Kind
from ocpi.calls import outgoing
from ocpi.models import Command, Connector, Evse, Token
from ocpi.store.tokens import new_one_off_token
from partners.agreed.policies import EffectivePolicy, effective_policy
from partners.models import Partner
from sessions_adhoc import timeline
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.offering import freeze, hash_of
from sessions_adhoc.states import BEFORE_START, State

UNSENT = (Command.State.CREATED, Command.State.UNDELIVERED)
MAY_BE_SENT = "The database was put back to an earlier moment: it may have been sent since then."
MAY_START = BEFORE_START | {State.STARTING}
RECREATED = "The database was put back: this charge is made again of what the payment gateway knows of it."
RESTORED = "restore"
"""Where a value of the policy comes from that was set because the price shown is not known any more."""
HAS_MONEY = (PaymentAuthorization.State.RESERVED, PaymentAuthorization.State.CAPTURED)


def doubt_commands(until: datetime) -> int:
    """Take every START_SESSION that was not sent for one that may have been (rules 1, 5); return how many there are.

    `until`: when the restore began to be gone through; what is made later is sent as usual.
    """
    unsent = Command.objects.filter(kind=Command.Kind.START_SESSION, state__in=UNSENT, created_at__lte=until)
    return sum(
        outgoing.record(
            command,
            Command.objects.filter(pk=command.pk, state__in=UNSENT),
            {"state": Command.State.UNANSWERED, "failure": MAY_BE_SENT, "sent_at": command.created_at},
        )
        for command in unsent
    )


def doubt_starts(since: datetime, until: datetime) -> int:
    """Take the sessions of then whose money is held, and that were not started, for started ones; return how many."""
    live = AdHocSession.objects.filter(state__in=MAY_START, created_at__lte=until).values_list("pk", flat=True)
    return sum(lifecycle.start_in_doubt(session_id, since) for session_id in list(live))


def recreate(one: Asked, found: Standing) -> Iterator[Finding]:
    """Make the charge again for which a forgotten payment was made, where it holds or took money.

    One with which a driver paid what was still owed, and that is counted by now, leaves nothing to do.
    """
    row, about = one.row, found.about
    if row.state not in HAS_MONEY or row.collects_id is not None:
        return
    money = f"{in_words(row.captured_amount or row.amount, row.currency)} {row.get_state_display().lower()}"
    what = f"{money} at {row.gateway} ({row.gateway_reference}), which we had forgotten"
    evse = _evse_of(about)
    if row.purpose == row.Purpose.ADDITION and row.main is not None:
        # Its news has made it known to the session, which takes of it what it comes to, or lets go of it.
        text = f"{what}: a further hold of session {about['session']}."
        yield Finding(f"payment:{row.pk}", Kind.PAYMENT, text, ADDED_ADVICE, None, row)
    elif row.main is not None or AdHocSession.objects.filter(pk=about["session"]).exists():
        text = f"{what}: a further payment of session {about['session']}."
        advice = OWED_ADVICE if row.purpose == row.Purpose.COLLECTION else FURTHER_ADVICE
        yield Finding(f"payment:{row.pk}", Kind.PAYMENT, text, advice, None, row)
    elif evse is None:
        text = f"{what}: its charger {about.get('evse', '')} of {about.get('cpo', '')} is not known here."
        yield Finding(f"payment:{row.pk}", Kind.PAYMENT, text, LOST_ADVICE, None, row)
    else:
        begun = found.opened_at or timezone.now()
        session = _made_again(row, about, evse, begun)
        priced = "at the price that its driver was shown" if session.offer_hash else PRICE_UNKNOWN
        text = f"{what}: session {session.pk} at {evse} was made again, {priced}."
        advice = GOES_ON if session.offer_hash else DECIDE_PRICE
        yield Finding(f"charge:{session.pk}", Kind.CHARGE, text, advice, evse.partner, row)


PRICE_UNKNOWN = "without a price: the one that its driver was shown is not that of now"
FURTHER_ADVICE = "Compare with the session's own payment, and let go of one of them at the gateway."
ADDED_ADVICE = (
    "The driver confirmed it for a higher limit. It counts for the charge while that goes on; look at the session's"
    " page whether it was let go of, or taken, afterwards."
)
OWED_ADVICE = (
    "The driver paid what was still owed. It counts as soon as the CDR is here again that asked for it; if it does not"
    " come, give it back at the gateway."
)
LOST_ADVICE = "Find out at the gateway's page whose it is, and let go of it there, or capture it there."
GOES_ON = "It comes to its end by itself: look at its page whether that is true. Its address for a receipt is lost."
DECIDE_PRICE = "Its CDR is held: capture from it on the session's page, with what the driver was shown, or release."


def _evse_of(about: Mapping[str, str]) -> Evse | None:
    found = Evse.objects.filter(code=about.get("charger", ""), partner__code=about.get("cpo", ""))
    return found.select_related("partner", "location").first()


def _made_again(row: PaymentAuthorization, about: Mapping[str, str], evse: Evse, begun: datetime) -> AdHocSession:
    now, connector = timezone.now(), _connector_of(evse, about)
    with transaction.atomic():
        policy = effective_policy(evse.partner_id, evse.location.ocpi_id, evse.uid)
        offer, offer_hash = _offer_of(evse, connector, policy, about.get("offer", ""))
        session = AdHocSession.objects.create(
            id=UUID(about["session"]),
            state_since=now,
            next_check_at=now,
            partner=evse.partner,
            evse=evse,
            occupies_id=None if lifecycle.is_occupied(evse.pk) else evse.pk,
            connector=connector,
            connector_number=connector.connector_id if connector else "",
            is_dc=bool(connector and connector.is_dc),
            token=_token_of(evse.partner, about.get("token", "")),
            authorization=row,
            amount=row.amount,
            currency=row.currency,
            policy=policy.values,
            policy_sources=policy.sources,
            offer={**offer, "limit": row.amount},
            offer_hash=offer_hash,
            funds_reserved_at=begun,
        )
        timeline.write(session, TimelineEvent.Kind.NOTE, RECREATED, at=now)
        lifecycle.start_in_doubt(session.pk, begun)
    return session


def _connector_of(evse: Evse, about: Mapping[str, str]) -> Connector | None:
    return evse.connectors.filter(connector_id=about.get("connector", "")).first()


def _token_of(partner: Partner, uid: str) -> Token:
    """The token that the charge was made with: CPOs name it in its Session and its CDR."""
    known = Token.objects.filter(partner=partner, uid=uid, ad_hoc_session=None).first() if uid else None
    return known or new_one_off_token(partner, uid)


def _offer_of(
    evse: Evse, connector: Connector | None, policy: EffectivePolicy, shown: str
) -> tuple[dict[str, Any], str]:
    """What its driver was shown, where the same is shown today: its hash proves it. Else no price, and no CDR is
    billed by itself."""
    offer = freeze(evse, connector, policy.values)
    if shown and hash_of(offer) == shown:
        return offer, shown
    policy.values["max_price_per_kwh"] = "0"
    policy.sources["max_price_per_kwh"] = RESTORED
    priceless = {**offer["policy"], "max_price_per_kwh": "0"}
    return {**offer, "tariff": None, "plan": plans.as_kept(None), "lines": [], "policy": priceless}, ""
