"""The words of incidents: symptom, likely cause and resolution as in the guide's section 8 (rule 30)."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from ocpi.log.searching import subject_term
from ocpi.models import Message
from partners.ground.numbers import plain
from partners.incidents import Report
from partners.incidents.detecting import moment
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.decide import settle, start
from sessions_adhoc.detectors import starts
from sessions_adhoc.models import AdHocSession, AttemptSession

RESERVATION_ENDS = "The reservation expires soon"
LATE_SESSION = "Session created but funds released early"
FOREIGN_SESSION = "Session without a START_SESSION of its own"
FOREIGN_CDR = "The CDR is about another charge"
REFUSED_SESSION = "Session after a START_SESSION that was refused"
REFUSED_STARTS = frozenset({"command_rejected", "start_refused"})
RUNS_ON = "The Session goes on after its charge was settled"
BILL_CHANGED = "The CDRs changed after the settlement"
PRICE_DIFFERS = "The CDR's total does not match the tariff"
ENERGY_DIFFERS = "The CDR says less energy than was metered"
BEYOND_RESERVATION = "The CDR asks for more than was reserved"
HOLD_EXPIRED = "The reservation expired before it was captured"
ADDITION_LOST = "The second reservation was not captured"
DISPUTED = "The driver disputes the payment"
DISPUTE_LOST = "The driver's bank took the payment back"
REFUND_FAILED = "A refund failed at the gateway"
TAKEN_ELSEWHERE = "Money was captured at the gateway, and not by us"
MOST_EXCHANGES = 6
CDRS = "cdrs"
BEFORE_START = timedelta(minutes=1)


@dataclass(frozen=True)
class Symptom:
    """What it means. `to_do`: for staff; `letter`: for the CPO, who is not told where there is none (rule 39).

    `module`: whose exchanges prove it, besides those of the commands.
    """

    cause: str
    resolution: str
    to_do: str
    letter: str = ""
    module: str = ""

    @property
    def ours(self) -> bool:
        """Whether no CPO is told."""
        return not self.letter


SYMPTOMS = {
    start.GET_SESSIONS_ERROR: Symptom(
        "No Session was pushed, and GET /sessions is not offered, fails or cannot be read.",
        "Offer GET /sessions with date_from and paging. Until then the driver's funds stay reserved.",
        "Open the session: is there a charge? Ask them; then check again, capture or release.",
        "After START_SESSION no Session was pushed to us, and GET /sessions did not tell either. The driver's "
        "money stays reserved until we know. Please offer GET /sessions with date_from and paging, and tell "
        "us whether this charge took place.",
        module="sessions",
    ),
    settle.CDR_MISSING: Symptom(
        "CDR not sent, or sent to wrong endpoint.",
        "Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
        "Ask them for the POST of this CDR. Finance decides: check again, capture, or release.",
        "We have not received the CDR of this charge, and GET /cdrs has none. Please send it as POST to our "
        "CDRs endpoint; the driver's money stays reserved until then.",
        module="cdrs",
    ),
    settle.CDR_UNUSABLE: Symptom(
        "The CDR's currency or total does not fit the reservation, or several CDRs bill one session.",
        "Check the CDRs, and take a wrong one back with a credit CDR. Staff decide: check again, capture by hand, or "
        "release.",
        "Look at the CDRs of the session. Check again when they were corrected, capture by hand, or release.",
        "The CDR of this charge cannot be billed: its currency or total does not fit, or several CDRs are for "
        "one Session. Please check, and take a wrong one back with a credit CDR.",
        module="cdrs",
    ),
    settle.MONEY_STUCK: Symptom(
        "The payment gateway no longer holds the money, or refuses to capture it.",
        "Look at the payment's history, then settle by hand.",
        "Look at the payment's history, then settle by hand. The CPO has nothing to do with it.",
    ),
    BILL_CHANGED: Symptom(
        "A credit CDR or another CDR came after the driver's payment was settled.",
        "Check the CDRs. Too much was taken: staff give it back. Too little: it cannot be captured any more.",
        "Compare the CDRs with what was taken. Too much: give it back. Too little: it is lost.",
        "After this charge was settled, another CDR or a credit CDR came. Please confirm which one is right.",
        module="cdrs",
    ),
    settle.CDR_ENERGY: Symptom(
        "The CDR says more kWh than was metered and could have been delivered, or none where energy was metered.",
        "Check the CDR against the charger's meter. Correct a wrong one with a credit CDR and a new one. Until then "
        "the driver's funds stay reserved. Staff decide: check again, capture, or release.",
        "Compare the CDR with the chart of kWh. Ask the CPO; then check again, capture, or release.",
        "The energy in the CDR of this charge is not what the charger's meter values say. Please check it "
        "against the meter, and correct a wrong CDR with a credit CDR and a new one.",
        module="cdrs",
    ),
    settle.CDR_PRICE: Symptom(
        "No tariff that the driver was shown explains the CDR's total.",
        "Publish the connector's tariff, and check the CDR. Until then the driver's funds stay reserved. Staff decide: "
        "check again, capture, or release.",
        "Compare the CDR with the tariff on the session's page. Ask the CPO; then check again, capture, or release.",
        "No Tariff that you published for this connector explains the total of this CDR. Please publish the "
        "Tariff that applied, or correct the CDR with a credit CDR and a new one.",
        module="cdrs",
    ),
    settle.CDR_ELSEWHERE: Symptom(
        "The CDR's times are not inside its Session's, or it names another EVSE.",
        "Check the CDR's times, location and EVSE. Correct a wrong one with a credit CDR and a new one. Until then the "
        "driver's funds stay reserved. Staff decide: check again, capture, or release.",
        "Compare the CDR's times and EVSE with the session. Ask the CPO; then check again, capture, or release.",
        "The times of this CDR are not inside those of its Session, or it names another EVSE. Please check, "
        "and correct it with a credit CDR and a new one.",
        module="cdrs",
    ),
    PRICE_DIFFERS: Symptom(
        "The total of the CDR is not what its energy and times cost by the tariff that the driver was shown.",
        "Check the CDR and the Tariff. The driver paid the smaller of the two. What the CDR asks beyond it is a claim "
        "between you and us: correct a wrong CDR with a credit CDR and a new one.",
        "Nothing for the driver: the smaller sum was paid. The rest is a claim, under Claims and receivables.",
        "The total of this CDR is not what its energy and times cost by the Tariff that we showed to the "
        "driver. The driver paid the smaller of the two. Please check both, and correct a wrong CDR with a "
        "credit CDR and a new one.",
        module="cdrs",
    ),
    ENERGY_DIFFERS: Symptom(
        "The CDR was made before charging ended, or for a part of it.",
        "Check the CDR against the Session's last meter value. The driver paid for the CDR's energy only.",
        "Nothing for the driver, who paid for the CDR's energy. Tell the CPO, if it comes again.",
        "This CDR says less energy than the last meter value of its Session: it seems to have been made "
        "before charging ended. The driver paid for the CDR's energy only. Please check.",
        module="cdrs",
    ),
    BEYOND_RESERVATION: Symptom(
        "The driver charged for more than was reserved.",
        "Nothing more can be collected from the driver by itself: the difference is a receivable. Where STOP_SESSION "
        "was sent before the money ended, check why the charger went on.",
        "Nothing can be collected by itself: it is a receivable, for finance. Look whether STOP_SESSION was "
        "sent in time.",
        module="cdrs",
    ),
    HOLD_EXPIRED: Symptom(
        "The bank let go of the reservation during the charge, or before its CDR came.",
        "What the CDR asks is a receivable. The driver can pay it on the page of the session. Finance settles it when "
        "it was paid elsewhere, or writes it off.",
        "Send the driver the link of the session, where it can be paid. Settle the receivable when it was paid "
        "elsewhere, or write it off.",
    ),
    ADDITION_LOST: Symptom(
        "The driver's bank or the gateway did not let us take what the driver had confirmed for a higher limit.",
        "Where a CDR bills the charge, what is missing is a receivable, which the driver may pay. At a price of our "
        "own nothing is asked for by itself: ask the driver, or let it be.",
        "Look under Claims and receivables for what is missing. At a price of our own there is no row: ask the "
        "driver, or let it be, and close this.",
    ),
    RESERVATION_ENDS: Symptom(
        "The session has lasted almost as long as the gateway holds the money.",
        "Settle it before: capture from the CDR or from the last meter value, or release.",
        "Settle it before the reservation ends: capture from the CDR or the last meter value, or release.",
    ),
    DISPUTED: Symptom(
        "The driver told the bank that the payment is not right.",
        "Answer it at the gateway's own pages before its deadline. The session's timeline, its meter values and the "
        "CDR are the evidence.",
        "Answer it at the gateway's own pages before its deadline, with timeline, meter values and CDR.",
    ),
    DISPUTE_LOST: Symptom(
        "The bank decided for the driver.",
        "The money is gone from our account. Book the loss, or ask the driver for it by other means.",
        "Book the loss, or ask the driver for it by other means.",
    ),
    REFUND_FAILED: Symptom(
        "The driver's bank did not take the money: the card may have been closed since.",
        "The driver has not got it back. Refund it again, or pay it by other means.",
        "Refund it again, or pay the driver by other means.",
    ),
    TAKEN_ELSEWHERE: Symptom(
        "Somebody captured it at the gateway's own pages.",
        "Compare it with the CDR: too much is given back on the session's page.",
        "Compare it with the CDR, and give back what was too much.",
    ),
    LATE_SESSION: Symptom(
        "No energy delivered within timeout: the Session came to life after the start had counted as failed.",
        "This is expected SFP behaviour (section 5): the Session is not billed and was asked to stop. "
        "Ensure your charger delivers energy promptly after session creation.",
        "Nothing, if it stays with one charge: the driver paid nothing. If it comes again, agree on a longer "
        "time-out (Policies).",
        "The Session of this charge came after the time in which it has to begin. It is not billed, and we "
        "have asked you to stop it. If the cable was plugged in late, nothing is wrong on your side; "
        "otherwise please create the Session as soon as the charger starts.",
    ),
    REFUSED_SESSION: Symptom(
        "START_SESSION was refused, and a Session came nevertheless.",
        "Refuse START_SESSION only where the charger does not start. The Session is not billed and was asked to stop.",
        "Make sure that the charge has ended: the driver was told that it did not start, and pays nothing.",
        "You refused START_SESSION, and a Session came nevertheless. It is not billed, and we have asked you "
        "to stop it. Please refuse START_SESSION only where the charger does not start.",
    ),
    RUNS_ON: Symptom(
        "The CDR came, or the Session was over, before charging ended.",
        "Send the CDR when the Session is over, and never open one again that was. The Session was asked to stop; what "
        "it delivered since is not paid for.",
        "Make sure that it has ended: nobody pays for what comes now. Ask the CPO why the charge goes on.",
        "The Session of this charge delivers energy after its CDR came, or after it was over. What it delivered since "
        "is not paid for, and we have asked you to stop it. Please send the CDR when the Session is over, and never "
        "open one again that was.",
        module="sessions",
    ),
    FOREIGN_SESSION: Symptom(
        "A second Session for one START_SESSION, or one at another charger.",
        "Create one Session for each START_SESSION, at the connector that it names. This one is not billed.",
        "Make sure that it has ended: nobody pays for it. Ask the CPO why it began.",
        "A Session names our token although we sent no START_SESSION for it, or sent it for another charger. "
        "It is not billed. Please create one Session for each START_SESSION, at the connector that it names.",
    ),
    FOREIGN_CDR: Symptom(
        "The CDR names another charger than START_SESSION did, or a Session that was not started by us.",
        "Send the CDR of the charge that was started, with its charger and its Session. This one is not billed: take "
        "it back with a credit CDR.",
        "Compare the CDR's EVSE and Session with the session. It is not billed: ask the CPO whose charge it is.",
        "A CDR names our token, but another charger than our START_SESSION did, or a Session that it did not start. It "
        "is not billed. Please check its location, EVSE and session_id, and take it back with a credit CDR.",
        module="cdrs",
    ),
}
ENDED_BY_NEWS = frozenset(
    {
        start.GET_SESSIONS_ERROR,
        settle.CDR_MISSING,
        settle.CDR_UNUSABLE,
        settle.CDR_ENERGY,
        settle.CDR_PRICE,
        settle.CDR_ELSEWHERE,
        settle.MONEY_STUCK,
        RESERVATION_ENDS,
    }
)
"""What no longer needs anybody once the session has come to its end."""


def report(session: AdHocSession, symptom: str, text: str) -> Report:
    """Return the incident for `symptom` of this session, with the exchanges that prove it.

    A refused START counts with others of the same cause: many drivers, one incident.
    """
    if symptom == start.START_ERROR:
        return starts.report([_newest_refusal(session)], reference=str(session.pk))
    return _report(session, symptom, f"{symptom}:{session.pk}", text)


def _newest_refusal(session: AdHocSession) -> starts.Refusal:
    command = session.attempts.select_related("command").latest("number").command
    refusal = starts.refusal_of(command, given_up=True)
    return refusal or starts.Refusal(command, starts.Seen.NO_ANSWER, starts.UNSENT, command.failure)


def orphan(link: AttemptSession, message_id: int | None) -> Report:
    """Return the incident for a Session that is not valid: staff look at each of them (rule 12)."""
    session = link.ocpi_session
    text = (
        f"Session {session.ocpi_id} is {session.status} with {plain(session.kwh)} kWh ({link.get_validity_display()})."
    )
    symptom = FOREIGN_SESSION
    if link.validity == AttemptSession.Validity.LATE:
        symptom = REFUSED_SESSION if link.attempt.failure in REFUSED_STARTS else LATE_SESSION
    return _report(link.attempt.session, symptom, f"orphan:{link.pk}", text, message_id)


def running_on(link: AttemptSession, message_id: int | None) -> Report:
    """Return the incident for a Session whose charge is paid, and that delivers energy (rule 19)."""
    session = link.ocpi_session
    text = f"Session {session.ocpi_id} is {session.status} with {plain(session.kwh)} kWh after its charge was settled."
    return _report(link.attempt.session, RUNS_ON, f"runs on:{link.pk}", text, message_id)


def stray(session: AdHocSession, key: str, text: str, message_id: int | None) -> Report:
    """Return the incident for a Session for which no START_SESSION was sent (rule 12)."""
    return _report(session, FOREIGN_SESSION, key, text, message_id)


def _report(session: AdHocSession, symptom: str, key: str, text: str, message_id: int | None = None) -> Report:
    words = SYMPTOMS[symptom]
    return Report(
        key=key,
        symptom=symptom,
        cause=words.cause,
        resolution=words.resolution,
        reference=str(session.pk),
        place=str(session.evse),
        to_do=words.to_do,
        evidence=[{"text": text}, *_exchanges(session, words.module, message_id)],
        letter=f"{words.letter} It is about the charge at {session.evse} that began on {moment(session.created_at)}."
        if words.letter
        else "",
        tell_cpo=bool(words.letter),
    )


def _exchanges(session: AdHocSession, module: str, message_id: int | None) -> list[dict[str, object]]:
    """The messages that the commands of this session point to, the one given, and the newest calls of the module."""
    ids = [attempt.command.message_id for attempt in session.attempts.select_related("command")]
    ids += [message_id, *_calls(session, module), *_posts(session, module)]
    messages = Message.objects.filter(pk__in=[pk for pk in ids if pk]).order_by("pk")
    return [
        {"message": row.pk, "text": f"{row.method} {row.url} answered {row.http_status or 'nothing'}"}
        for row in messages
    ]


def _posts(session: AdHocSession, module: str) -> list[int]:
    """The exchanges in which its CDRs came."""
    if module != CDRS:
        return []
    names = [subject_term(cdr.ocpi_id) for cdr in cdrs_of(session)]
    told = Message.objects.filter(partner_id=session.partner_id, module=CDRS, subject__in=names, method="POST")
    return list(told.order_by("-pk").values_list("pk", flat=True)[:MOST_EXCHANGES]) if names else []


def _calls(session: AdHocSession, module: str) -> list[int]:
    """Our newest GETs of the module since this session began."""
    if not module:
        return []
    ours = Message.objects.filter(
        partner_id=session.partner_id, direction=Message.Direction.OUTBOUND, module=module, method="GET"
    )
    since = min(session.created_at, timezone.now()) - BEFORE_START
    return list(ours.filter(at__gte=since).order_by("-pk").values_list("pk", flat=True)[:MOST_EXCHANGES])
