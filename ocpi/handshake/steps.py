"""The steps of a registration and of a rotation that we begin (OCPI 2.2.1 §7.1, §7.2.3).

A step reads the run, calls the partner, and returns what came of it; it writes nothing but the message log. What it
found is put into the run by `apply`, in the transaction that records the step.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from ocpi.client import Call, CallFailed, call
from ocpi.handshake.connection import Agreement, connect, request_first_pulls
from ocpi.handshake.courses import START_OVER, Course, course_of
from ocpi.handshake.credentials import Theirs, our_credentials, read_credentials
from ocpi.handshake.discovery import Offer, credentials_url, missing_modules, read_details, read_versions
from ocpi.handshake.failures import StepFailedError
from ocpi.handshake.rotation import activate_beside, reinstate, replaced_since
from ocpi.handshake.runs import CREDENTIALS_READ_TIMEOUT
from ocpi.log import quirks
from ocpi.log.remarks import remark
from ocpi.models import HandshakeRun
from ocpi.versions import VERSIONS, Invalid, Version
from partners import parties, tokens
from partners.ground import secrets
from partners.models import Partner, ReceivedToken

Step = HandshakeRun.Step


@dataclass(frozen=True)
class StepDone:
    """A step that succeeded: its line in the log, the exchange that shows it, and what it changes in the run."""

    text: str
    message_id: int | None = None
    apply: Callable[[HandshakeRun], None] = field(default=lambda run: None)


def _version(run: HandshakeRun) -> Version:
    return VERSIONS[run.version or run.partner.agreed_version]


def _offers(run: HandshakeRun) -> list[Offer]:
    return [Offer(**item) for item in run.endpoints]


def _their_token(run: HandshakeRun) -> str:
    """Token A to register; what they gave us since to rotate."""
    course = course_of(run)
    row = tokens.received_token(run.partner_id, course.purpose)
    if row is None:
        raise StepFailedError(*course.no_token)
    return reveal(row)


def reveal(row: ReceivedToken) -> str:
    """The text of a token of theirs; raises StepFailedError."""
    try:
        return tokens.reveal_received(row)
    except secrets.UnreadableSecret as error:
        raise StepFailedError(
            f"{error}.".capitalize(), "Put the key that encrypted it back, or enter the token again."
        ) from error


def versions(run: HandshakeRun, _token: str) -> StepDone:
    """Read their versions and look for the agreed one."""
    partner, version = run.partner, _version(run)
    found = read_versions(partner, partner.versions_url, _their_token(run), version, course_of(run).first_call)
    offered = ", ".join(sorted(found.value)) or "none"
    details_url = found.value.get(version.number)
    if details_url is None:
        raise StepFailedError(
            f"They do not offer OCPI {version.number}, which was agreed. They offer: {offered}.",
            "Agree on one of the versions they offer and change it on the partner, or ask them to enable "
            f"{version.number} for us.",
            message_id=found.message_id,
        )

    def apply(row: HandshakeRun) -> None:
        row.version, row.details_url = version.number, details_url

    return StepDone(f"They offer {offered}. Agreed: {version.number}.", found.message_id, apply)


def details(run: HandshakeRun, _token: str) -> StepDone:
    """Read the endpoints of the agreed version."""
    found = read_details(run.partner, run.details_url, _their_token(run), _version(run))

    def apply(row: HandshakeRun) -> None:
        row.endpoints = [offer.as_json() for offer in found.value]

    names = sorted({offer.module for offer in found.value})
    text = f"{len(found.value)} endpoints: {', '.join(names) or 'none'}."
    return StepDone(text, found.message_id, apply)


def modules(run: HandshakeRun, _token: str) -> StepDone:
    """Compare the endpoints with what we need (guide 4). With one missing nothing is posted (OCPI 2.2.1 §7.1)."""
    offers, version = _offers(run), _version(run)
    missing = missing_modules(version, offers)
    if missing:
        raise StepFailedError(
            f"Their details of {version.number} lack what we need: {', '.join(missing)}. Nothing was sent to them.",
            "Ask them to list these modules, with these roles, in their version details (guide, section 4).",
        )
    optional = missing_modules(version, offers, required=False)
    return StepDone(
        "Every module that we need is there."
        + (f" Not offered, and optional: {', '.join(optional)}." if optional else "")
    )


def credentials(run: HandshakeRun, token: str) -> StepDone:
    """POST or PUT our credentials with `token` (committed before), and take theirs from the answer."""
    partner, version, course = run.partner, _version(run), course_of(run)
    url = credentials_url(_offers(run))
    if url is None:
        raise StepFailedError("Their details list no credentials endpoint.", "Ask them to list it.")
    reply = call(
        Call(
            partner,
            course.method,
            url,
            _their_token(run),
            module="credentials",
            version=version,
            body=version.dump(our_credentials(partner, token)),
            kind="credentials",
            read_timeout=CREDENTIALS_READ_TIMEOUT,
            learn_encoding=True,
        )
    )
    try:
        theirs = read_credentials(partner, version, reply.data)
    except Invalid as error:
        raise StepFailedError(
            f"They accepted our credentials, but their answer has no token that we could use: {error}.",
            f"Ask them to answer with complete credentials (OCPI 2.2.1 §7.3.1). {START_OVER}",
            message_id=reply.message_id,
            registered=True,
        ) from error
    quirks.note(partner, version.number, "credentials", theirs.leniences, reply.message_id)
    remark(reply.message_id, faults=theirs.faults)
    agreement = Agreement(version, theirs, tuple(_offers(run)))
    registers = run.kind == HandshakeRun.Kind.REGISTER

    def apply(row: HandshakeRun) -> None:
        locked = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        switched = _connect_without_others(locked, agreement, reply.message_id)
        if row.issued_token:
            (tokens.activate if registers else activate_beside)(row.issued_token)
        if switched and not registers:
            request_first_pulls(locked, again=True)

    return StepDone(_accepted_text(partner, theirs, registers), reply.message_id, apply)


def _connect_without_others(partner: Partner, agreement: Agreement, message_id: int | None) -> bool:
    """Connect. Parties of others in their answer are left out, with an incident: they have registered us by now."""
    try:
        with transaction.atomic():
            return connect(partner, agreement)
    except parties.PartyTaken as error:
        parties.report_taken(partner, error, "The answer to our credentials", message_id)
        theirs = agreement.theirs
        own = tuple(role for role in theirs.roles if role.party not in error.taken)
        hub = theirs.hub_party_id
        hub = "" if parties.pair_in(hub) in error.taken else hub
        return _connect_without_others(
            partner, replace(agreement, theirs=replace(theirs, roles=own, hub_party_id=hub)), message_id
        )


def _accepted_text(partner: Partner, theirs: Theirs, registers: bool) -> str:
    parties = {(role.country_code, role.party_id) for role in theirs.roles}
    text = "They registered us and gave us their token." if registers else "Both sides have new tokens."
    if parties:
        text += f" They speak for {', '.join(f'{country}*{party}' for country, party in sorted(parties))}."
        if (partner.country_code, partner.party_id) not in parties:
            text += f" Agreed was {partner.country_code}*{partner.party_id}: ask them which is right."
    if theirs.faults:
        text += f" Their credentials have faults: {'; '.join(str(fault) for fault in theirs.faults[:5])}."
    return text


def finish(run: HandshakeRun, _token: str) -> StepDone:
    """Use the new token once: a token that does not work is found out now, not by a driver."""
    partner = run.partner
    row = tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION)
    if row is None:
        raise StepFailedError("The token that they gave us is gone.", START_OVER)
    try:
        found = read_versions(partner, partner.versions_url, reveal(row), _version(run))
    except StepFailedError as failure:
        kept = replaced_since(run) if failure.http_status == 401 else None
        if kept is None:
            raise
        return _with_the_one_before(run, kept, failure)
    return StepDone("Their server accepts the new token. Both sides are connected.", found.message_id)


def _with_the_one_before(run: HandshakeRun, kept: ReceivedToken, refused: StepFailedError) -> StepDone:
    """They gave us a token and do not take it, as a server does that fails before it keeps it: is the old one good?"""
    try:
        found = read_versions(run.partner, run.partner.versions_url, reveal(kept), _version(run))
    except StepFailedError:
        raise refused from None
    text = "They refuse the token of their own answer, and still take the one before it: that one is kept."
    return StepDone(text, found.message_id, lambda _row: reinstate(kept))


def begin_exchange(run: HandshakeRun) -> str:
    """Make a fresh Token B and note that it is about to be sent; return its text. Inside `holding`.

    It is committed before the POST: the partner calls us back with it while the POST is open.
    """
    run.issued_token, token = tokens.issue(run.partner)
    run.credentials_sent_at = timezone.now()
    return token


def refused_exchange(course: Course, failure: CallFailed, in_doubt: bool) -> StepFailedError:
    """A POST or PUT of credentials that failed. `in_doubt`: an earlier one of this run may have been carried out."""
    status = failure.http_status or 0
    if in_doubt and status in (401, 405):
        return StepFailedError(course.lost, START_OVER, message_id=failure.message_id, http_status=status)
    if status in course.refused:
        return StepFailedError(course.refused[status], START_OVER, message_id=failure.message_id, http_status=status)
    advice = course.advice.get(failure.meant_status(status) or 0) or _CODE_ADVICE.get(failure.status_code or 0, "")
    step_failure = StepFailedError.of(failure, f"{course.method} credentials", advice)
    if not step_failure.heals and not settles_doubt(failure):
        step_failure.text += f" {course.perhaps} all the same."
        step_failure.advice += f" {START_OVER}"
    return step_failure


_CODE_ADVICE: dict[int, Any] = {
    3001: "They cannot use our API: ask whether they reach our versions URL from their server. Their outbound IP "
    "addresses must be on our allowlist.",
    3002: "They do not find a version of ours that they support. Compare the agreed version on both sides.",
    3003: "They miss modules on our side. Ask which ones they expect, and compare with the guide, section 4.",
}


def settles_doubt(failure: CallFailed) -> bool:
    """Whether the answer shows that they did not do it: it came from their OCPI server and says no."""
    if failure.kind == "http_error":
        return (failure.http_status or 0) < 500
    return failure.kind == "ocpi_error" or not failure.might_have_arrived
