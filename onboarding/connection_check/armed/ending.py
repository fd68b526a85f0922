"""The end of the charge: STOP_SESSION, the Session's end, the CDR and what it comes to, and nothing twice."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from billing.stored import price_by_its_own_tariff
from ocpi.calls import commands
from ocpi.models import Cdr, Command, OcpiSession
from ocpi.sync.engine import pull_cdrs, pull_sessions
from ocpi.versions.times import format_timestamp
from onboarding.connection_check import listing, objects
from onboarding.connection_check.armed import charge_facts
from onboarding.connection_check.armed.charge_facts import ACCEPTED, THEME
from onboarding.connection_check.case import (
    FAILED,
    PASSED,
    WARNING,
    Case,
    Finding,
    Problems,
    Wait,
    failed,
    not_applicable,
)
from onboarding.connection_check.scene import Scene

OVER = ("COMPLETED", "INVALID")
CENT = Decimal("0.01")
NEAR_KWH = Decimal("0.05")


def _stop(scene: Scene, row: OcpiSession) -> Command:
    return commands.create(commands.stop_session(partner=scene.partner, session_id=row.ocpi_id, reference=""))


def stop(scene: Scene) -> Finding | Wait:
    """STOP_SESSION for every Session of this check that is still live, also one that came late."""
    rows = charge_facts.sessions(scene) if "token" in scene.notes else []
    answered: list[Command] = []
    for row in rows:
        if row.status in OVER and charge_facts.command(scene, f"stop {row.pk}") is None:
            continue  # it ended by itself
        found = charge_facts.send_once(scene, f"stop {row.pk}", partial(_stop, scene, row))
        if isinstance(found, Wait):
            return found
        answered.append(found)
    if not answered:
        return not_applicable("No charge runs.")
    first = answered[0]
    if first.response == ACCEPTED and not first.result and not charge_facts.result_overdue(first):
        return charge_facts.look_again(scene, "the result of STOP_SESSION")
    proofs = charge_facts.result_messages(first)
    if first.state != Command.State.ANSWERED or first.response != ACCEPTED:
        return Finding(FAILED, f"STOP_SESSION: {first.response or first.failure}", messages=proofs)
    if first.result != ACCEPTED:
        return Finding(
            FAILED, f"STOP_SESSION was accepted, but its result is {first.result or 'missing'}.", messages=proofs
        )
    return Finding(PASSED, "STOP_SESSION was accepted, and so is its result.", messages=proofs)


def session_end(scene: Scene) -> Finding | Wait:
    row = charge_facts.session(scene)
    if row is None:
        return not_applicable("There is no Session.")
    if row.status not in OVER and not charge_facts.is_overdue(scene, charge_facts.policy(scene, "stop_timeout")):
        return charge_facts.look_again(scene, "the end of the Session")
    pulled: tuple[int, ...] = ()
    if row.status not in OVER:
        pulled = tuple(pull_sessions(scene.partner.pk, row.first_seen_at).message_ids)
        row.refresh_from_db()
    came = charge_facts.about(
        row, charge_facts.messages(scene.partner.pk, charge_facts.charge_began(scene), ("sessions",))
    )
    proofs = tuple(message.pk for message in came[-2:]) + pulled
    if row.status in OVER and not any(charge_facts.body_of(message).get("status") == row.status for message in came):
        return Finding(WARNING, f"{row.status} was not pushed; GET /sessions has it.", messages=proofs)
    if row.status == "COMPLETED":
        return Finding(PASSED, f"The Session is COMPLETED with {row.kwh:.2f} kWh.", messages=proofs)
    return Finding(FAILED, f"The Session is {row.status} after STOP_SESSION.", messages=proofs)


def _cdrs(scene: Scene) -> list[Cdr]:
    ours = charge_facts.token(scene)
    return list(Cdr.objects.filter(partner=scene.partner, token_uid__in=(ours.uid, ours.contract_id)).order_by("pk"))


def cdr(scene: Scene) -> Finding | Wait:
    """The CDR, pushed after the end (guide 8: POST immediately after the session ends)."""
    row, timeout = charge_facts.session(scene), charge_facts.policy(scene, "cdr_timeout")
    if row is not None and row.status in OVER and not row.kwh:
        return not_applicable("No energy was delivered, so there need be no CDR.")
    pulled: tuple[int, ...] = ()
    if not _cdrs(scene):
        if not charge_facts.is_overdue(scene, timeout):
            return charge_facts.look_again(scene, "the CDR")
        pulled = tuple(pull_cdrs(scene.partner.pk, charge_facts.charge_began(scene)).message_ids)
    if not (found := _cdrs(scene)):
        return Finding(FAILED, f"No CDR came within {timeout} seconds, nor by GET /cdrs.", messages=pulled)
    scene.notes["cdr"] = found[0].pk
    posts = [
        message.pk
        for message in charge_facts.messages(scene.partner.pk, charge_facts.charge_began(scene), ("cdrs",))
        if message.method == "POST"
    ]
    if not posts:
        return Finding(WARNING, "The CDR was not pushed; GET /cdrs has it.", messages=pulled)
    seconds = max((found[0].created_at - scene.began_at).total_seconds(), 0)
    return Finding(PASSED, f"CDR {found[0].ocpi_id} came {seconds:.0f} seconds after the end.", messages=tuple(posts))


def _the_cdr(scene: Scene) -> Cdr | None:
    pk = scene.notes.get("cdr")
    return Cdr.objects.filter(pk=pk).first() if pk else None


def cdr_matches(scene: Scene) -> Finding:
    """The CDR tells of the charge that the Session told of."""
    row, bill = charge_facts.session(scene), _the_cdr(scene)
    if row is None or bill is None:
        return not_applicable("There is no CDR.")
    problems = Problems()
    if abs(bill.total_energy - row.kwh) > NEAR_KWH:
        problems.fail(f"The CDR has {bill.total_energy:.3f} kWh, the Session {row.kwh:.3f} kWh.")
    if "session_id" not in scene.version.model("cdr").off_wire and bill.session_id.lower() != row.ocpi_id.lower():
        problems.warn(f"session_id is {bill.session_id or 'missing'}, not {row.ocpi_id}.")
    carries_reference = "authorization_reference" not in scene.version.model("cdr").off_wire
    if carries_reference and bill.authorization_reference != charge_facts.token(scene).uid:
        problems.warn("authorization_reference of START_SESSION is not in the CDR.")
    if row.currency and bill.currency != row.currency:
        problems.fail(f"The CDR is in {bill.currency}, the Session in {row.currency}.")
    if bill.end_at > timezone.now() or bill.end_at < bill.start_at:
        problems.fail("The CDR's end is in the future, or before its start.")
    if bill.conflicting:
        problems.fail("The CDR was sent again with another content; a CDR never changes.")
    return problems.finding(f"{bill.total_energy:.2f} kWh and the references are those of the Session.")


def cdr_total(scene: Scene) -> Finding:
    bill = _the_cdr(scene)
    calculated = price_by_its_own_tariff(bill) if bill else None
    if bill is None or calculated is None:
        return not_applicable("The CDR names no tariff from which its total could be calculated.")
    pairs = [("without VAT", calculated.net, bill.total_net), ("with VAT", calculated.gross, bill.total_gross)]
    told = [(name, ours, theirs) for name, ours, theirs in pairs if ours is not None and theirs is not None]
    if not told:
        return not_applicable("The CDR tells no total that can be compared.")
    texts = [f"{name} {theirs:.2f} {bill.currency}, calculated {ours:.2f}" for name, ours, theirs in told]
    text = f"The CDR says {'; '.join(texts)}. {calculated.words}".strip()
    if any(abs(ours - theirs) > CENT for _, ours, theirs in told):
        return failed(text)
    return Finding(PASSED, text)


def once(scene: Scene) -> Finding:
    """Session and CDR are in their lists, once each, as they were pushed."""
    row, bill = charge_facts.session(scene), _the_cdr(scene)
    problems = Problems()
    for module, ours in (("sessions", row), ("cdrs", bill)):
        if ours is None:
            continue
        found = [item for item in _list(scene, module, problems) if _id(item) == ours.ocpi_id.lower()]
        if not found:
            problems.fail(f"{ours.ocpi_id} is not in GET {module}.")
        elif len(found) > 1:
            problems.fail(f"{ours.ocpi_id} is {len(found)} times in GET {module}.")
        elif (told := _main_figure(module, found[0])) != (known := _main_figure(module, ours.raw)):
            problems.fail(f"GET {module} says {told}, pushed was {known}.")
    return problems.finding("The Session and the CDR are in their lists once, as they were pushed.")


def _main_figure(module: str, item: Any) -> Any:
    return charge_facts.number(item.get("kwh" if module == "sessions" else "total_energy"))


def _list(scene: Scene, module: str, problems: Problems) -> list[Any]:
    began = format_timestamp(charge_facts.charge_began(scene))
    items: list[Any] = []
    for look in listing.pages(scene, module, objects.MOST_PAGES, date_from=began):
        problems.looks.append(look)
        items += look.items or []
    return items


def _id(item: Any) -> str:
    return str(item.get("id", "")).lower() if isinstance(item, dict) else ""


def stop_again(scene: Scene) -> Finding | Wait:
    row = charge_facts.session(scene)
    if row is None:
        return not_applicable("There is no Session.")
    found = charge_facts.send_once(scene, "stop again", lambda: _stop(scene, row))
    if isinstance(found, Wait):
        return found
    if found.response == ACCEPTED and not found.result and not charge_facts.result_overdue(found):
        return charge_facts.look_again(scene, "the result of the second STOP_SESSION")
    proofs = charge_facts.result_messages(found)
    if found.state != Command.State.ANSWERED:
        return Finding(FAILED, f"STOP_SESSION for a Session that is over: {found.failure}", messages=proofs)
    if found.response == ACCEPTED and found.result in (ACCEPTED, ""):
        return Finding(WARNING, "STOP_SESSION for a Session that is over was accepted.", messages=proofs)
    return Finding(PASSED, f"Refused: {found.result or found.response}.", messages=proofs)


def readable(scene: Scene) -> Finding:
    """Everything that they sent us during the charge could be read as it stands."""
    came = charge_facts.messages(
        scene.partner.pk, charge_facts.charge_began(scene), ("locations", "sessions", "cdrs", "commands")
    )
    if not came:
        return not_applicable("They sent us nothing.")
    refused = [message for message in came if (message.http_status or 0) >= 400 or message.faults]
    kinds = {note["kind"]: (note, message) for message in came for note in message.leniences}
    details = [
        {
            "object": f"{message.method} {message.module}",
            "path": fault.get("path", ""),
            "text": fault.get("message", ""),
        }
        for message in refused
        for fault in message.faults or [{"message": f"HTTP {message.http_status}"}]
    ]
    details += [
        {"object": f"{message.method} {message.module}", "path": note["path"], "text": note["detail"]}
        for note, message in kinds.values()
    ]
    proofs = tuple(message.pk for message in (*refused, *(message for _, message in kinds.values())))
    if refused:
        seen, verdict = f"{len(refused)} of {len(came)} messages could not be taken.", FAILED
    elif kinds:
        seen, verdict = f"{len(came)} messages were taken, but they depart from the specification.", WARNING
    else:
        seen, verdict = f"{len(came)} messages, all of them right.", PASSED
    return Finding(verdict, seen, details=tuple(details), messages=proofs[:20])


def _case(key: str, title: str, section: str, change: str, look: Any, *needs: str, tidies: bool = False) -> Case:
    return Case(key, THEME, title, section, change, look, needs=needs, armed=True, tidies=tidies)


CASES = (
    _case(
        "stop",
        "STOP_SESSION",
        "stop_session",
        "Answer STOP_SESSION for a Session that runs with ACCEPTED, stop the charge, and POST the CommandResult.",
        stop,
        tidies=True,
    ),
    _case(
        "session_end",
        "The end of the Session",
        "guide §5.10",
        "PUT or PATCH the Session with status COMPLETED, end_date_time and the final kwh when the charge has ended.",
        session_end,
        "session",
    ),
    _case(
        "cdr",
        "The CDR",
        "cdrs_post",
        "POST the CDR to our CDRs endpoint as soon as the session has ended.",
        cdr,
        "session",
    ),
    _case(
        "cdr_matches",
        "The CDR beside the Session",
        "cdrs_object",
        "Take energy, references and currency of the CDR from the Session that it is for.",
        cdr_matches,
        "cdr",
    ),
    _case(
        "cdr_total",
        "The CDR's total by its tariff",
        "cdrs_object",
        "Calculate total_cost from the tariff and the charging periods in the CDR; the driver sees that tariff before "
        "the charge and pays this total.",
        cdr_total,
        "cdr",
    ),
    _case(
        "once",
        "Session and CDR, once each",
        "cdrs",
        "Keep one Session and one CDR per charge, under the same id however often they are sent, and serve by GET what "
        "you pushed.",
        once,
        "session",
    ),
    _case(
        "stop_again",
        "A second STOP_SESSION",
        "command_response",
        "Answer STOP_SESSION for a Session that is over with REJECTED or UNKNOWN_SESSION.",
        stop_again,
        "session_end",
    ),
    _case(
        "pushes",
        "What they pushed",
        "sessions_patch",
        "Correct the messages as listed, by path.",
        readable,
        "session",
    ),
)
