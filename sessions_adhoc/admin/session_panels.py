"""What the page of an ad-hoc session shows besides its standing, read in a constant number of queries."""

from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.safestring import SafeString

from billing.admin.amounts import amount
from billing.models import PaymentAuthorization, PaymentEvent
from billing.outstanding import open_receivable
from ocpi.admin import statuses
from ocpi.models import Cdr, Command, Message, OcpiSession
from partners.admin.kit.showing import (
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    at,
    badge,
    code,
    in_our_zone,
    link,
    state_badge,
    url_of,
)
from partners.models import Incident
from sessions_adhoc.admin.cdr import total
from sessions_adhoc.admin.charging_chart import chart
from sessions_adhoc.admin.folding import Fold, fold
from sessions_adhoc.admin.foreseen import foreseen
from sessions_adhoc.admin.policy import policy
from sessions_adhoc.admin.story import Line, story, with_messages
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.driver.presenting import held_amount
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample
from sessions_adhoc.money.estimating import estimate
from sessions_adhoc.money.paid import payments_of

MOST_SAMPLES = 500
SHOWN_SAMPLES = 50
SOURCES = (("driver", "Driver"), ("engine", "Engine"), ("ocpi", "OCPI"), ("money", "Money"), ("staff", "Staff"))


def panels(session: AdHocSession) -> dict[str, Any]:
    """Everything for the template."""
    samples = newest_samples(session)
    return {
        "facts": facts(session),
        "money": money(session, samples),
        "incidents": [
            {"row": row, "cause": in_our_zone(row.cause_for_staff), "to_do": in_our_zone(row.for_staff)}
            for row in incidents(session)
        ],
        "lines": merge_timeline(session, samples),
        "sources": SOURCES,
        "foreseen": foreseen(session),
        "chart": chart(samples),
        "attempts": attempts(session),
        "samples": samples[::-1][:SHOWN_SAMPLES],
        "sample_count": len(samples),
        "cdrs": cdrs(session),
        "policy": policy(session),
    }


def incidents(session: AdHocSession) -> list[Incident]:
    """About this session alone, and open ones of the partner of which it is evidence. Newest first; two queries."""
    name = str(session.pk)
    rows = Incident.objects.filter(partner_id=session.partner_id).order_by("-id")
    shared = [row for row in rows.filter(closed_at=None).exclude(reference=name) if _is_evidence(row, name)]
    return sorted([*rows.filter(reference=name), *shared], key=lambda row: row.pk, reverse=True)


def _is_evidence(row: Incident, session_id: str) -> bool:
    return any(item.get("session") == session_id for item in row.evidence)


def newest_samples(session: AdHocSession) -> list[Sample]:
    """The newest readings, oldest first."""
    rows = (
        Sample.objects.filter(attempt__session=session)
        # Not joined: hundreds of readings would each bring the same Session, with all of its JSON.
        .prefetch_related("attempt", "ocpi_session")
        .order_by("-received_at", "-id")
    )
    return list(rows[:MOST_SAMPLES])[::-1]


def merge_timeline(session: AdHocSession, samples: list[Sample]) -> list[Line | Fold]:
    """The merged timeline. Three queries."""
    mine = Q(authorization=session.authorization_id) | Q(authorization__main=session.authorization_id)
    payments = PaymentEvent.objects.filter(mine).order_by("at", "id")
    return fold(with_messages(story(session.timeline.all(), samples, payments, session.currency)))


def facts(session: AdHocSession) -> dict[str, object]:
    evse = session.evse
    connector = f", connector {session.connector_number}" if session.connector_number else ""
    return {
        "ID": code(session.pk),
        "Partner": link(session.partner),
        "EVSE": link(evse, f"{evse}{connector}"),
        "EVSE status": statuses.evse_badge(evse),
        "Location": link(evse.location, evse.location.name or evse.location.ocpi_id),
        "Current": "DC" if session.is_dc else "AC",
        "Channel": session.get_channel_display(),
        "Client": link(session.client) if session.client else "driver's page",
        "Token UID": link(session.token),
        "Created": at(session.created_at),
        "Funds reserved": at(session.funds_reserved_at) if session.funds_reserved_at else "",
        "Stop asked for": at(session.stop_requested_at) if session.stop_requested_at else "",
        "Charging ended": at(session.charging_ended_at) if session.charging_ended_at else "",
        "Ended": at(session.ended_at) if session.ended_at else "",
        "Earlier try": link(session.previous) if session.previous else "",
    }


def money(session: AdHocSession, samples: list[Sample]) -> dict[str, object]:
    """Reserved, captured, released, given back, as the gateway holds it now; what the meter comes to by the tariff."""
    counted = [sample for sample in samples if not sample.ignored and sample.kwh is not None]
    payment = session.authorization
    state = PaymentAuthorization.State
    over = payment.state in (state.CAPTURED, state.REFUNDING, state.RELEASED)
    released = payment.amount - payment.captured_amount if over else 0
    gives_back = payment.refunded_amount or payment.refund_amount
    return {
        "held": amount(held_amount(payment), payment.currency),
        "captured": amount(payment.captured_amount, payment.currency),
        "released": amount(released, payment.currency),
        "refunded": amount(payment.refunded_amount, payment.currency) if gives_back else "",
        "refunding": amount(payment.refund_amount, payment.currency) if payment.refund_amount else "",
        "kept": amount(payment.kept_amount, payment.currency) if gives_back else "",
        "asked": amount(payment.amount, payment.currency),
        "badge": state_badge(payment),
        "link": link(payment, "Payment"),
        "for_retry": at(payment.kept_until) if payment.kept_until else "",
        "expires": at(payment.expires_at) if held_amount(payment) else "",
        "failure": payment.failure_message or payment.failure_code,
        "estimate": amount(estimate(session, counted[-1]), session.currency) if counted else "",
        "further": [further(row) for row in payments_of(session)[1:]],
        "owed": owed(session),
    }


def owed(session: AdHocSession) -> SafeString | str:
    """What is open of what a CDR asks of the driver, with its row."""
    row = open_receivable(session.authorization_id)
    return link(row, amount(row.left, row.currency)) if row else ""


FURTHER: dict[str, str] = {
    PaymentAuthorization.Purpose.RESERVATION: "Replaced",
    PaymentAuthorization.Purpose.ADDITION: "More",
    PaymentAuthorization.Purpose.COLLECTION: "Afterwards",
}
"""What each further payment is, in a word: the column is narrow."""


def further(payment: PaymentAuthorization) -> dict[str, object]:
    """A further payment: what it is for, and how it stands."""
    return {
        "what": FURTHER[payment.purpose],
        "amount": amount(payment.amount, payment.currency),
        "kept": amount(payment.kept_amount, payment.currency) if payment.captured_amount else "",
        "badge": state_badge(payment),
        "link": link(payment, "Payment"),
    }


def attempts(session: AdHocSession) -> list[dict[str, Any]]:
    """Each START_SESSION with its answers and its Sessions. Two queries."""
    links: dict[int, list[AttemptSession]] = {}
    rows = AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session", "stop_command")
    for row in rows:
        links.setdefault(row.attempt_id, []).append(row)
    found = session.attempts.select_related("command", "stop_command").order_by("number")
    return [attempt(row, links.get(row.pk, [])) for row in found]


def attempt(row: ChargingAttempt, links: list[AttemptSession]) -> dict[str, Any]:
    verdict = (
        badge(row.failure.replace("_", " "), WARNING) if row.failure else badge("ended" if row.ended_at else "open")
    )
    return {
        "row": row,
        "said": in_our_zone(row.verdict, row.ended_at or row.created_at),
        "start": command(row.command),
        "stop": command(row.stop_command) if row.stop_command else None,
        "verdict": badge("energy", SUCCESS) if row.energy_at and not row.failure else verdict,
        "sessions": [ocpi_session(tie) for tie in links],
    }


def command(row: Command) -> dict[str, Any]:
    return {
        "link": link(row, row.kind),
        "response": statuses.answer_badge(row.response) if row.response else state_badge(row),
        "result": statuses.answer_badge(row.result),
        "text": " ".join(filter(None, [row.response_text, row.result_text, row.failure])),
        "exchange": anchor(url_of(Message, row.message_id), "exchange") if row.message_id else "",
    }


def ocpi_session(tie: AttemptSession) -> dict[str, Any]:
    row: OcpiSession = tie.ocpi_session
    valid = tie.validity == AttemptSession.Validity.VALID
    return {
        "link": link(row),
        "status": statuses.session_badge(row.status),
        "validity": badge(tie.get_validity_display(), NEUTRAL if valid else WARNING),
        "kwh": f"{row.kwh.quantize(Decimal('0.01'))} kWh",
        "news": ago(row.news_at),
    }


def cdrs(session: AdHocSession) -> list[dict[str, Any]]:
    return [{"link": link(row), "row": row, "total": total(row), "kind": kind(row)} for row in cdrs_of(session)]


def kind(row: Cdr) -> str:
    return f"credit for {row.credit_reference_id}" if row.credit else "CDR"
