"""The steps of a handshake (OCPI 2.2.1 §7.1, with us as the one who registers).

A step reads the run, calls the partner, and returns what came of it; it writes nothing but the message log. What it
found is put into the run by `apply`, in the transaction that records the step.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from ocpi.client import Call, CallFailed, call
from ocpi.handshake.connection import Agreement, connect
from ocpi.handshake.credentials import Theirs, our_credentials, read_credentials
from ocpi.handshake.discovery import Offer, credentials_url, missing_modules, read_details, read_versions
from ocpi.handshake.failures import StepFailedError
from ocpi.handshake.runs import CREDENTIALS_READ_TIMEOUT
from ocpi.models import HandshakeRun
from ocpi.versions import VERSIONS, Invalid, Version
from partners import secrets, tokens
from partners.models import Partner, ReceivedToken

Step = HandshakeRun.Step
LOST_ANSWER = "They have registered us, but their answer was lost."
START_OVER = "Ask them to remove our registration and give a new Token A, or use Method B (manual credentials)."


NOT_GOOD_FOR_REGISTERING = (
    "Token A reads their versions but does not register us: ask them whether it was used up, and for a new one."
)
# Where a wrong URL or Token A shows (guide 8: handshake times out).
FIRST_CALL = {
    401: "Token A is wrong, or used up by an earlier registration. Ask for the Token A that they generated for us, "
    "compare it character by character, or ask for a new one.",
    404: "The versions URL is wrong. Confirm the complete URL, such as https://cpo.example/ocpi/cpo/versions.",
}


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


def _token_a(partner: Partner) -> str:
    row = tokens.received(partner.pk, ReceivedToken.Purpose.REGISTRATION)
    if row is None:
        raise StepFailedError("There is no Token A any more.", "Ask them for a new Token A and start again.")
    return _revealed(row)


def _revealed(row: ReceivedToken) -> str:
    try:
        return tokens.reveal_received(row)
    except secrets.UnreadableSecret as error:
        raise StepFailedError(
            f"{error}.".capitalize(), "Put the key that encrypted it back, or enter the token again."
        ) from error


def versions(run: HandshakeRun, _token: str) -> StepDone:
    """Read their versions with Token A and look for the agreed one."""
    partner, version = run.partner, _version(run)
    found = read_versions(partner, partner.versions_url, _token_a(partner), version, FIRST_CALL)
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
    """Read the endpoints of the agreed version with Token A."""
    found = read_details(run.partner, run.details_url, _token_a(run.partner), _version(run))

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
    """POST our credentials with `token` (Token B, committed before), and take theirs from the answer."""
    partner, version = run.partner, _version(run)
    url = credentials_url(_offers(run))
    if url is None:
        raise StepFailedError("Their details list no credentials endpoint.", "Ask them to list it.")
    reply = call(
        Call(
            partner,
            "POST",
            url,
            _token_a(partner),
            module="credentials",
            version=version,
            body=version.dump(our_credentials(partner, token)),
            read_timeout=CREDENTIALS_READ_TIMEOUT,
            learn_encoding=True,
        )
    )
    try:
        theirs = read_credentials(partner, version, reply.data)
    except Invalid as error:
        raise StepFailedError(
            f"They registered us, but their answer has no token that we could use: {error}.",
            f"Ask them to answer with complete credentials (OCPI 2.2.1 §7.3.1). {START_OVER}",
            message_id=reply.message_id,
            registered=True,
        ) from error
    agreement = Agreement(version, theirs, tuple(_offers(run)))

    def apply(row: HandshakeRun) -> None:
        locked = Partner.objects.select_for_update().get(pk=partner.pk)
        connect(locked, agreement)
        if row.issued_token:
            tokens.activate(row.issued_token)

    return StepDone(_registered(partner, theirs), reply.message_id, apply)


def _registered(partner: Partner, theirs: Theirs) -> str:
    parties = {(role.country_code, role.party_id) for role in theirs.roles}
    text = "They registered us and gave us their token."
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
    row = tokens.received(partner.pk, ReceivedToken.Purpose.CONNECTION)
    if row is None:
        raise StepFailedError("The token that they gave us is gone.", START_OVER)
    found = read_versions(partner, partner.versions_url, _revealed(row), _version(run))
    return StepDone("Their server accepts the new token. Both sides are connected.", found.message_id)


STEPS: dict[str, Callable[[HandshakeRun, str], StepDone]] = {
    Step.VERSIONS: versions,
    Step.DETAILS: details,
    Step.MODULES: modules,
    Step.CREDENTIALS: credentials,
    Step.FINISH: finish,
}
ORDER = list(STEPS)


def following(step: str) -> str | None:
    """The step after `step`, or None."""
    index = ORDER.index(step) + 1
    return ORDER[index] if index < len(ORDER) else None


def begin_exchange(run: HandshakeRun) -> str:
    """Make a fresh Token B and note that it is about to be sent; return its text. Inside `holding`.

    It is committed before the POST: the partner calls us back with it while the POST is open.
    """
    run.issued_token, token = tokens.issue(run.partner)
    run.credentials_sent_at = timezone.now()
    return token


def refused_exchange(failure: CallFailed, in_doubt: bool) -> StepFailedError:
    """A POST of credentials that failed. `in_doubt`: an earlier one of this run may have been carried out."""
    if in_doubt and failure.http_status in (401, 405):
        return StepFailedError(LOST_ANSWER, START_OVER, message_id=failure.message_id)
    if failure.http_status == 405:
        return StepFailedError(
            "They say that we are registered already (HTTP 405).", START_OVER, message_id=failure.message_id
        )
    if failure.http_status == 401:
        return StepFailedError.of(failure, "Registering", NOT_GOOD_FOR_REGISTERING)
    step_failure = StepFailedError.of(failure, "Registering", _CODE_ADVICE.get(failure.status_code or 0, ""))
    if not step_failure.heals and not settles_doubt(failure):
        step_failure.text += " They may have registered us all the same."
        step_failure.advice += f" {START_OVER}"
    return step_failure


_CODE_ADVICE: dict[int, Any] = {
    3001: "They cannot use our API: ask whether they reach our versions URL from their server. Their outbound IP "
    "addresses must be on our allowlist.",
    3002: "They do not find a version of ours that they support. Compare the agreed version on both sides.",
    3003: "They miss modules on our side. Ask which ones they expect, and compare with the guide, section 4.",
}


def settles_doubt(failure: CallFailed) -> bool:
    """Whether the answer shows that they did not register us: it came from their OCPI server and says no."""
    if failure.kind == "http_error":
        return (failure.http_status or 0) < 500
    return failure.kind == "ocpi_error" or not failure.might_have_arrived
