"""Unregistering at a partner (OCPI 2.2.1 §7.2.4): DELETE to them, then no token of either side works any more.

Their part cannot be forced. Where they cannot be told, our side is closed all the same, and staff are told so.
"""

from ocpi.client import Call, CallFailed, call
from ocpi.handshake import runs
from ocpi.handshake.connection import disconnect
from ocpi.handshake.failures import StepFailedError
from ocpi.handshake.steps import StepDone, reveal
from ocpi.models import HandshakeRun
from ocpi.versions import VERSIONS
from partners import tokens
from partners.incidents import Report, open_incident
from partners.models import Partner, ReceivedToken, RemoteEndpoint

ONE_SIDED = "handshake:unregistered-one-sided"
TELL_THEM = "Ask them to remove our registration on their side, and to call us no more."
# They do not know us any more: what we came for, also where our own DELETE was carried out and its answer was lost.
UNKNOWN_THERE = frozenset({401, 405})


def leave(run: HandshakeRun, _token: str) -> StepDone:
    """DELETE our registration at the partner; then close our side, in the transaction that records the step."""
    partner = run.partner
    theirs = tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION)
    known = RemoteEndpoint.objects.filter(partner=partner, version=partner.version, module="credentials").first()
    if theirs is None or known is None:
        return StepDone("Not told: there is no token or no credentials URL to call them with.", None, close)
    version = VERSIONS[partner.version]
    request = Call(
        partner,
        "DELETE",
        known.url,
        reveal(theirs),
        module="credentials",
        version=version,
        read_timeout=runs.CREDENTIALS_READ_TIMEOUT,
    )
    try:
        reply = call(request)
    except CallFailed as failure:
        return StepDone(_understand(failure), failure.message_id, close)
    return StepDone("They unregistered us.", reply.message_id, close)


def _understand(failure: CallFailed) -> str:
    """What an unusual answer means, if it means that we are not registered there; raises StepFailedError otherwise."""
    status = failure.http_status or 0
    if status in UNKNOWN_THERE:
        return f"They do not know us any more (HTTP {status})."
    if 200 <= status < 300 and failure.status_code is None:
        return f"They unregistered us (HTTP {status}, without an OCPI answer)."
    raise StepFailedError.of(failure, "Unregistering") from failure


def close(run: HandshakeRun) -> None:
    """End our side. Objects, sessions, CDRs and messages stay."""
    disconnect(Partner.objects.select_for_update(no_key=True).get(pk=run.partner_id))


def close_untold(run: HandshakeRun, cause: str) -> None:
    """End our side though they could not be told, and have staff tell them. Inside `runs.holding`."""
    if run.state == HandshakeRun.State.SCHEDULED:
        run.begin()
    close(run)
    run.cause = f"Our side is closed, but they were not told. {cause}".strip()
    run.advice = TELL_THEM
    runs.succeed(run)
    report = Report(
        key=ONE_SIDED,
        symptom="Unregistered on our side only",
        cause=run.cause,
        resolution=TELL_THEM,
        place="their side still holds our tokens",
        to_do="Write to their technical contact that we have closed the connection, with the text for the CPO.",
        letter="We have ended the OCPI connection between our systems, and could not tell your server so. Please "
        "remove our registration and our token on your side.",
        evidence=[{"run": run.pk, "text": run.cause}],
    )
    open_incident(run.partner_id, report)
