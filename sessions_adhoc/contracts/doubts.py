"""What can be odd about a contract charge, in words, and the incident that tells of it: one per partner and kind."""

from dataclasses import dataclass

from partners.incidents import Report, close_incidents, open_incident
from sessions_adhoc.models import ContractRecord


@dataclass(frozen=True)
class Odd:
    """`cause` and `resolution` in words for the CPO, who is told where it is `theirs` (rule 39); else for staff."""

    symptom: str
    cause: str
    resolution: str
    theirs: bool = True


STAFF = "Look at it under Contract charges: hand it over, or refuse it, and say why."
ODD = {
    "unknown_token": Odd(
        "A CDR names no token of ours",
        "The token in the CDR is none that we issued, or one that you were never told of.",
        "Check which token was used. Take a wrong CDR back with a credit CDR.",
    ),
    "other_partners_token": Odd(
        "A CDR names a token that was made for another CPO",
        "The token was made for one charge at another CPO, and was never sent to you.",
        "Check which token was used. Take a wrong CDR back with a credit CDR.",
    ),
    "one_off_token": Odd(
        "A CDR names a one-off token without a charge",
        "The token was made for a single charge, and none of ours at this CPO has it.",
        "Check which token was used. Take a wrong CDR back with a credit CDR.",
    ),
    "foreign_emsp": Odd(
        "A CDR is about another eMSP's driver",
        "The CDR's token has another party than ours.",
        "Send it to the eMSP that it names, and take ours back with a credit CDR.",
    ),
    "other_contract": Odd(
        "A CDR names another contract than its token's",
        "The contract ID in the CDR is not the one that we told you with this token.",
        "Read our tokens again, and correct the CDR with a credit CDR and a new one.",
    ),
    "token_not_valid": Odd(
        "A charge with a token that was blocked",
        "We had told that the token is not valid before the charge began.",
        "Ask for authorization, or take our token updates, before you start a charge.",
    ),
    "session_of_another": Odd(
        "A CDR names the Session of another driver",
        "The Session that the CDR names was told with another token.",
        "Correct the CDR with a credit CDR and a new one.",
    ),
    "several_cdrs": Odd(
        "Several CDRs for one contract charge",
        "Another CDR for the same Session came before, and no credit CDR takes it back.",
        "Take the wrong one back with a credit CDR.",
    ),
    "credit_without_cdr": Odd(
        "A credit CDR takes back nothing",
        "The CDR that it names never came.",
        "Name the CDR that is taken back in credit_reference_id.",
    ),
    "credit_of_another": Odd(
        "A credit CDR takes back another driver's CDR",
        "The credit CDR and the CDR that it names have different tokens.",
        "Correct the credit CDR's token or reference.",
    ),
    "credited_already": Odd(
        "A CDR is taken back twice",
        "Another credit CDR took it back before.",
        "Send one credit CDR for each CDR.",
    ),
    "nothing_delivered": Odd(
        "A CDR asks money for no energy",
        "Its energy is 0 kWh, and no meter value said more.",
        "Check the CDR against the charger's meter.",
    ),
}
PLAUSIBLE = Odd(
    "A contract CDR cannot be true as it stands",
    "Its energy, its price, its times or its place do not fit the Session, the connector or the tariff.",
    "Check the CDR, and correct it with a credit CDR and a new one.",
)


def tell(record: ContractRecord, doubts: list[dict[str, str]]) -> None:
    """Open an incident for each doubt, or add to the one that is open."""
    what = record.cdr.ocpi_id if record.cdr else record.ocpi_session.ocpi_id if record.ocpi_session else ""
    for doubt in doubts:
        odd = ODD.get(doubt["code"], PLAUSIBLE)
        report = Report(
            key=key_of(doubt["code"]),
            symptom=odd.symptom,
            cause=odd.cause,
            resolution=odd.resolution,
            to_do=f"Ask them to correct it. {STAFF}" if odd.theirs else f"{odd.resolution} {STAFF}",
            evidence=[{"text": f"{record.get_kind_display()} {what}: {doubt['text']}"}],
            letter=f"{odd.cause} {odd.resolution}",
            tell_cpo=odd.theirs,
        )
        open_incident(record.partner_id, report)


def key_of(code: str) -> str:
    return f"contract:{code}"


def close_answered(record: ContractRecord) -> None:
    """Staff decided about a record: close what no other one is held for."""
    held = ContractRecord.objects.filter(partner_id=record.partner_id, state=ContractRecord.State.HELD)
    waiting = {doubt["code"] for doubts in held.values_list("doubts", flat=True)[:1000] for doubt in doubts}
    for code in {doubt["code"] for doubt in record.doubts} - waiting:
        close_incidents(record.partner_id, key_of(code), "No charge is held for it any more.")
