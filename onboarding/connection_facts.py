"""What the CPO's page learns from OCPI: our URLs, what was seen to work, the newest connection check."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocpi.handshake.discovery import Offer
from ocpi.models import HandshakeRun, HandshakeStep
from ocpi.routing import base_url, versions_url
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from onboarding.moments import clock
from partners.ground.ocpi_versions import NEEDED_MODULES
from partners.ground.persons import advice_to_you, to_you
from partners.models import IssuedToken, Partner, RemoteEndpoint

Step = HandshakeRun.Step
# Before OCPI 2.2 endpoints have no role.
NO_ROLE = ""
MOST_FINDINGS = 12


@dataclass(frozen=True)
class CheckCase:
    """One case of a connection check.

    Attributes:
        outcome: "pass", "warn", "fail"; anything else: not applicable.
        text: what was seen; `advice` what to change; `findings` single faults, by path.
        reference: where the specification or the guide says so.
        group: what it is about, with its neighbours.
    """

    title: str
    outcome: str
    text: str = ""
    advice: str = ""
    reference: str = ""
    group: str = ""
    findings: Sequence[str] = ()


@dataclass(frozen=True)
class CheckReport:
    """A connection check as it is told to a CPO. `number` names it."""

    number: int
    at: datetime
    version: str
    armed: bool
    cases: Sequence[CheckCase]


@dataclass(frozen=True)
class PortalFacts:
    """What the platform knows about one partner.

    Attributes:
        endpoint: the base URL made for the partner; `versions_url` the one it registers with (guide 6).
        seen: checklist item → the sentence that says what was seen to work.
        token_made: whether a token was ever issued to them.
    """

    endpoint: str
    versions_url: str
    seen: Mapping[str, str] = field(default_factory=dict)
    token_made: bool = False


def facts_of(partner: Partner) -> PortalFacts:
    """Where the partner finds us, and what was seen to work. Three queries."""
    seen, holders = _look([partner])
    return PortalFacts(base_url(partner), versions_url(partner), seen[partner.pk], token_made=partner.pk in holders)


def seen_of(
    partners: Sequence[Partner], offers: Mapping[int, Sequence[Offer]] | None = None
) -> dict[int, dict[str, str]]:
    """What was seen to work, for each of the partners. Three queries at most, however many they are.

    `offers`: what they offer, by partner, where the caller has just read it (`offers_of`).
    """
    return _look(partners, offers)[0]


def offers_of(partners: Iterable[Partner]) -> dict[int, list[Offer]]:
    """Which endpoints each of the partners offers, as stored at the handshake. One query; none without partners."""
    offers: dict[int, list[Offer]] = {partner.pk: [] for partner in partners}
    for row in RemoteEndpoint.objects.filter(partner__in=list(offers)) if offers else ():
        offers[row.partner_id].append(Offer(row.module, row.role, row.url))
    return offers


def _look(
    partners: Sequence[Partner], offers: Mapping[int, Sequence[Offer]] | None = None
) -> tuple[dict[int, dict[str, str]], set[int]]:
    """(what was seen to work, who was ever issued a token)."""
    ids = [partner.pk for partner in partners]
    offered = offers_of(partners) if offers is None else offers
    steps, used = _answered_steps(ids), _last_uses(ids)
    holders = set(used)
    seen = {
        partner.pk: {
            **_read_reach(partner, steps[partner.pk]),
            **_modules(offered[partner.pk]),
            **_tokens_used(used[partner.pk]),
        }
        for partner in partners
    }
    return seen, holders


def _answered_steps(ids: Sequence[int]) -> dict[int, dict[str, datetime | None]]:
    """When each step of a handshake last went well."""
    rows = HandshakeStep.objects.filter(run__partner__in=ids, ok=True).order_by("id")
    found: dict[int, dict[str, datetime | None]] = defaultdict(dict)
    for partner_id, step, ended_at in rows.values_list("run__partner_id", "step", "ended_at"):
        found[partner_id][step] = ended_at
    return found


def _last_uses(ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """When tokens of ours were last used, by purpose; who only holds some is in it without any."""
    rows = IssuedToken.objects.filter(partner__in=ids).order_by("last_used_at")
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for partner_id, purpose, at in rows.values_list("partner_id", "purpose", "last_used_at"):
        uses = found[partner_id]
        if at is not None:
            uses[purpose] = at
    return found


def _read_reach(partner: Partner, steps: Mapping[str, datetime | None]) -> dict[str, str]:
    answered, connected = steps.get(Step.VERSIONS), partner.connected_at
    seen = {}
    if reached := answered or connected:
        seen["reachable"] = f"Your server answered us, {clock(reached)}."
        seen["firewall"] = seen["got_addresses"] = f"We reached your server from them, {clock(reached)}."
    if answered:
        seen["token_accepted"] = f"Your server accepted it, {clock(answered)}."
    if connected:
        seen["got_party"] = f"Exchanged in the handshake, {clock(connected)}."
    return seen


def _modules(offers: Sequence[Offer]) -> dict[str, str]:
    offered = {(offer.module, offer.role) for offer in offers}
    return {
        one.identifier: "Your version details offer it."
        for one in NEEDED_MODULES
        if offered & {(one.identifier, one.side), (one.identifier, NO_ROLE)}
    }


def _tokens_used(last: Mapping[str, datetime]) -> dict[str, str]:
    seen = {}
    if at := last.get(IssuedToken.Purpose.REGISTRATION):
        seen["got_token_b"] = f"You called us with it, {clock(at)}."
    if at := last.get(IssuedToken.Purpose.CONNECTION):
        seen["stores_credentials"] = f"You call us with the token of the handshake, last {clock(at)}."
    if last:
        seen["got_versions_url"] = f"You called our endpoint, {clock(max(last.values()))}."
    return seen


def newest_check(partner: Partner) -> CheckReport | None:
    """The newest connection check that came to its end. Two queries."""
    finished = ConnectionCheck.objects.filter(partner=partner, state=ConnectionCheck.State.FINISHED)
    run = finished.order_by("-id").first()
    return report_of(run) if run else None


def report_of(run: ConnectionCheck) -> CheckReport:
    """One connection check, as it is told to the CPO."""
    return CheckReport(
        number=run.pk,
        at=run.ended_at or run.created_at,
        version=run.version,
        armed=run.armed,
        cases=[_case(case) for case in run.cases.all()],
    )


def _case(case: ConnectionCheckCase) -> CheckCase:
    tells = case.verdict in (ConnectionCheckCase.Verdict.FAILED, ConnectionCheckCase.Verdict.WARNING)
    return CheckCase(
        title=advice_to_you(case.title),
        outcome=case.verdict,
        text=to_you(case.seen),
        advice=advice_to_you(case.change) if tells else "",
        reference=case.section,
        group=advice_to_you(case.theme),
        findings=[_finding(detail) for detail in case.details[:MOST_FINDINGS]] if tells else (),
    )


def _finding(detail: dict[str, Any]) -> str:
    where = " ".join(filter(None, (str(detail.get("object") or ""), str(detail.get("path") or ""))))
    return ": ".join(filter(None, (where, str(detail.get("text") or ""))))
