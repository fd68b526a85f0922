"""Requests that were refused at the door: by source address, by token, in both directions (guide 8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from ocpi.client.failures import SERVER_REFUSES
from ocpi.detectors.grouping import Group, findings, went_well_since
from ocpi.detectors.traffic import INBOUND, OUTBOUND, Failures, Traffic, messages, traffic
from ocpi.handshake.advance import TOKEN_REFUSED
from ocpi.log.message_log import header_in
from ocpi.models import Message
from partners.ground.networks import covers
from partners.ground.persons import to_you
from partners.ground.secrets import ends_as
from partners.incidents.detecting import Detector, Finding, Key, Window, moment
from partners.incidents.reporting import Report
from partners.models import AllowedNetwork, Incident, IssuedToken, Partner, ReceivedToken

CONNECTION = IssuedToken.Purpose.CONNECTION.value
URGENT = Incident.Severity.URGENT
SOURCE, THEY_BAR_US, THEIR_TOKEN = "source-address", "they-bar-us", "their-token"
LEAST_WRONG_TOKENS = 3  # one or two may be somebody who tries out
SYMPTOM_401 = "HTTP 401 on all requests after handshake"
RESOLUTION_401 = "Verify the tokens exchanged during handshake. Contact us to re-check."

Networks = dict[int, list[str]]


def networks_of(partner_ids: Iterable[int]) -> Networks:
    """The allowlists of these partners. One statement."""
    found: Networks = {}
    for partner_id, network in AllowedNetwork.objects.filter(partner__in=set(partner_ids)).values_list(
        "partner_id", "network"
    ):
        found.setdefault(partner_id, []).append(network)
    return found


# 403 from us


def refused_sources(window: Window) -> list[Finding]:
    """Right token, wrong address. Once per address: each may be added by itself."""
    barred = [one for one in window.share(traffic).failed(INBOUND, 403) if one.source]
    return findings(barred, lambda one: f"{SOURCE}:{one.source}", _tell_source)


def source_of(incident: Incident) -> str:
    """The address that an incident of this kind is about; empty for others."""
    name, _, address = incident.key.partition(":")
    return address if name == SOURCE else ""


def _tell_source(key: str, group: Group) -> Report:
    address = key.partition(":")[2]
    return Report(
        key=key,
        symptom="HTTP 403 when calling SFP endpoints",
        cause=f"Your IP is not in our firewall allowlist: requests came from {address}.",
        resolution="Confirm your outbound IP with us — we will add it to Cloudflare WAF.",
        place=address,
        to_do=f"Ask their contact whether {address} is theirs. If it is, an integrator presses “Add this "
        "address to the allowlist” on the incident's page.",
        severity=URGENT,
        evidence=group.evidence(),
        letter=f"Your server called our endpoints from {address} ({group.span}). This address is not among the "
        "outbound IP addresses that you gave us, so we answered HTTP 403. Please confirm that it is yours and we will "
        "add it to our allowlist; otherwise send these requests from one of the addresses that you gave us.",
    )


def allowed_by_now(window: Window, rows: Sequence[Incident]) -> dict[Key, str]:
    """The address is on the list now, or there is no list any more."""
    known = networks_of(row.partner_id for row in rows)
    over = {}
    for row in rows:
        networks, address = known.get(row.partner_id, []), source_of(row)
        if not networks or covers(networks, address):
            over[row.partner_id, row.key] = f"{address} is allowed now."
    return over


# 403 from them


def barred_by_them(window: Window) -> list[Finding]:
    """Their firewall or WAF keeps us out."""
    return findings(window.share(traffic).failed(OUTBOUND, 403), lambda _: THEY_BAR_US, _tell_barred)


def _tell_barred(key: str, group: Group) -> Report:
    if SERVER_REFUSES in (group.newest.error if group.newest else ""):
        return _tell_server_refuses(key, group)
    addresses = ", ".join(settings.OCPI_OUTBOUND_IPS) or "those in the data sheet that we sent you"
    return Report(
        key=key,
        symptom="HTTP 403 when SFP calls your endpoints",
        cause="Our IP is not allowlisted on your side.",
        resolution="Add the SFP outbound IP addresses we provided to your firewall / WAF.",
        place=group.host,
        to_do="Send them our outbound addresses, from the data sheet. It closes when a call of ours goes through.",
        severity=URGENT,
        evidence=group.evidence(),
        letter=f"Your endpoints answered our requests with HTTP 403 ({group.span}). Please add the SFP outbound IP "
        f"addresses to your firewall / WAF: {addresses}.",
    )


def _tell_server_refuses(key: str, group: Group) -> Report:
    """Their OCPI server was reached and answered: no firewall keeps us out."""
    return Report(
        key=key,
        symptom="HTTP 403 when SFP calls your endpoints",
        cause="Token mismatch: your OCPI server itself refuses our token.",
        resolution="Verify the tokens exchanged; answer a wrong token with HTTP 401 (OCPI 2.2.1 §4.1.2).",
        place=group.host,
        to_do="Their firewall is open: compare tokens, not addresses. If theirs was replaced, start a new handshake.",
        severity=URGENT,
        evidence=group.evidence(),
        letter=f"Your OCPI server answered our requests with HTTP 403 ({group.span}), so our requests reach it, and "
        "it does not accept our token. Please check which one it expects from us; if it was replaced, we register "
        "again.",
    )


def they_let_us_in(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    return went_well_since(
        rows, window.share(traffic).newest_good(OUTBOUND), "A later request of ours was answered well."
    )


# 401 in either direction


def wrong_tokens_of_theirs(window: Window) -> list[Finding]:
    """They call with a token that is not theirs (any more)."""
    wrong = _attribute(window.share(traffic))
    found = findings(wrong, lambda _: THEIR_TOKEN, _tell_their_token, least=LEAST_WRONG_TOKENS)
    return since_connected(window, found)


def _attribute(seen: Traffic) -> list[Failures]:
    """HTTP 401s with the partner: by the host called, or by the address where it can be only one partner's.

    A call at a partner's host from an address that is none of its own is a stranger's, and nobody's fault.
    """
    wrong = [one for one in seen.failures if one.direction == INBOUND and one.http_status == 401]
    if all(one.partner_id is not None for one in wrong):
        return wrong
    networks: Networks = {}
    for partner_id, network in AllowedNetwork.objects.values_list("partner_id", "network"):
        networks.setdefault(partner_id, []).append(network)
    whose = [(one, one.partner_id or _whose(one, networks)) for one in wrong]
    return [replace(one, partner_id=partner_id) for one, partner_id in whose if partner_id is not None]


def _whose(one: Failures, networks: Networks) -> int | None:
    """The partner that a call without a right token can only be of."""
    if one.entrance_id is not None:
        known = networks.get(one.entrance_id, [])
        return one.entrance_id if not known or covers(known, one.source) else None
    owners = [partner_id for partner_id, known in networks.items() if covers(known, one.source)]
    return owners[0] if len(owners) == 1 else None


def since_connected(window: Window, found: list[Finding]) -> list[Finding]:
    """Without what belongs to a handshake that is not over: there a token may still be wrong."""
    connected = _connected_at(window)
    return [one for one in found if one.newest_at > (connected.get(one.partner_id) or one.newest_at)]


def _connected_at(window: Window) -> dict[int, datetime | None]:
    return window.share(_connections)


def _connections(_window: Window) -> dict[int, datetime | None]:
    """When the handshake with each connected partner was."""
    connected = Partner.objects.filter(connection=Partner.Connection.CONNECTED)
    return dict(connected.values_list("pk", "connected_at"))


def _tell_their_token(key: str, group: Group) -> Report:
    shown = _presented(group.newest)
    return Report(
        key=key,
        symptom=SYMPTOM_401,
        cause=f"Token mismatch — wrong authorization Token in the CPO's requests ({shown}).",
        resolution=RESOLUTION_401,
        place=f"their token, {shown}",
        to_do="Compare the last four characters under Credentials with theirs; if they differ, start a new handshake.",
        severity=URGENT,
        evidence=group.evidence(),
        letter=f"Your requests to our endpoints were answered with HTTP 401 ({group.span}): the token that you sent "
        f"({shown}) is not the one that we gave you in the handshake. Please use the token from our Credentials; if "
        "you no longer have it, write to us and we will re-check and issue a new one.",
    )


def _presented(message: Message | None) -> str:
    tail = _tail(message)
    return f"as sent, it ends in …{tail}" if tail else "no token at all"


def _tail(message: Message | None) -> str:
    """The last four characters of what was sent, as the log keeps them."""
    value = header_in(message.request_headers, "Authorization") if message is not None else ""
    return value.rpartition("…")[2] if "…" in value else ""


def refusals_of_our_token(window: Window) -> list[Finding]:
    """They do not know the token that they gave us."""
    refused = window.share(traffic).failed(OUTBOUND, 401)
    found = findings(refused, lambda _: TOKEN_REFUSED, _tell_our_token)
    return since_connected(window, found)


def _tell_our_token(key: str, group: Group) -> Report:
    return Report(
        key=key,
        symptom=SYMPTOM_401,
        cause="Token mismatch — wrong authorization Token: the CPO's server does not accept the one that it gave us.",
        resolution=RESOLUTION_401,
        place=f"our token, at {group.host}",
        to_do="Ask whether they replaced the token that we send (Credentials has its end); then start a new handshake.",
        severity=URGENT,
        evidence=group.evidence(),
        letter=f"Your endpoints answered our requests with HTTP 401 ({group.span}), although we send the token from "
        "your Credentials. Please verify the tokens exchanged during handshake and write to us, so that we can "
        "re-check or repeat the handshake.",
    )


def find_their_token(window: Window) -> list[Finding]:
    """With the token that would be right, and the one that they use, where it was ours. Two statements more."""
    found = wrong_tokens_of_theirs(window)
    if not found:
        return []
    rows = IssuedToken.objects.filter(partner__in={one.partner_id for one in found}, purpose=CONNECTION)
    shown = messages({pk for one in found if (pk := one.report.evidence[-1].get("message"))})
    tails = {one.partner_id: _tail(shown.get(one.report.evidence[-1].get("message", 0))) for one in found}
    return [
        _naming(one, _right_and_used([row for row in rows if row.partner_id == one.partner_id], tails[one.partner_id]))
        for one in found
    ]


def _right_and_used(rows: list[IssuedToken], tail: str) -> str:
    texts = []
    used = next((row for row in rows if row.revoked_at and ends_as(row.last4, tail)), None)
    if used is not None and used.revoked_at is not None:
        texts.append(f"The one that was sent was replaced on {moment(used.revoked_at)}.")
    right = next((row for row in rows if row.state == IssuedToken.State.ACTIVE), None)
    if right is not None:
        texts.append(_in_force("The token that we gave them", right))
    return " ".join(texts)


def find_our_token(window: Window) -> list[Finding]:
    """With the token that we send. One statement more."""
    found = refusals_of_our_token(window)
    if not found:
        return []
    rows = ReceivedToken.objects.filter(
        partner__in={one.partner_id for one in found}, purpose=CONNECTION, state=ReceivedToken.State.ACTIVE
    )
    sent = {row.partner_id: _in_force("The token that we send", row) for row in rows}
    return [_naming(one, sent.get(one.partner_id, "")) for one in found]


def _in_force(which: str, token: IssuedToken | ReceivedToken) -> str:
    return f"{which} ends in …{token.last4} and is in force since {moment(token.created_at)}."


def _naming(one: Finding, text: str) -> Finding:
    if not text:
        return one
    report = replace(one.report, cause=f"{one.report.cause} {text}", letter=f"{one.report.letter} {to_you(text)}")
    return replace(one, report=report)


def they_came_in(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    return went_well_since(
        rows, window.share(traffic).newest_good(INBOUND), "A later request of theirs came with the right token."
    )


def replaced(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """Their answers are good again, or the handshake was made anew since."""
    connected = {pk: at for pk, at in _connected_at(window).items() if at is not None}
    return {
        **went_well_since(rows, connected, "A later handshake succeeded."),
        **they_let_us_in(window, rows),
    }


DETECTORS = (
    Detector(SOURCE, refused_sources, allowed_by_now),
    Detector(THEY_BAR_US, barred_by_them, they_let_us_in),
    Detector(THEIR_TOKEN, find_their_token, they_came_in),
    Detector(TOKEN_REFUSED, find_our_token, replaced),
)
