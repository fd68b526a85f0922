"""While the car charges: the Session in time, our reference, the connector's path, samples, a second START."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from ocpi.models import Command, Message, OcpiSession
from ocpi.sync.engine import pull_sessions
from onboarding.connection_check.armed import charge_facts
from onboarding.connection_check.armed.charge_facts import ACCEPTED, THEME
from onboarding.connection_check.armed.starting import judge_refusal
from onboarding.connection_check.case import (
    FAILED,
    PASSED,
    Case,
    Finding,
    Problems,
    Wait,
    failed,
    not_applicable,
    warned,
)
from onboarding.connection_check.scene import Scene

ENOUGH_SAMPLES = 3
LATE, TOO_LATE = 1.5, 3  # times the agreed interval
PATIENCE = 30  # seconds that a status or a sample may lag behind
READY = ("BLOCKED", "PREPARING")


def session(scene: Scene) -> Finding | Wait:
    """The Session, ACTIVE and pushed, within the agreed window (guide 5.1, 5.2)."""
    started = charge_facts.command(scene, "start")
    if started is None or started.state == Command.State.UNDELIVERED or started.response not in (ACCEPTED, ""):
        return not_applicable("START_SESSION was not accepted, so no Session is due.")
    if row := _active(scene):
        return _came(scene, started, row)
    if not charge_facts.is_overdue(scene, charge_facts.policy(scene, "session_timeout")):
        return charge_facts.look_again(scene, f"the Session. Plug the car in at {scene.run.evse_uid} now")
    pulled = pull_sessions(scene.partner.pk, started.created_at)
    proofs = tuple(pulled.message_ids)
    if row := _active(scene):
        scene.notes["session"] = row.pk
        text = "The Session was not pushed in time; GET /sessions has it."
        return warned(text, change="PUT the Session as soon as the charge starts; do not wait to be asked.")
    known = [f"{row.ocpi_id} ({row.status})" for row in charge_facts.sessions(scene)]
    window = charge_facts.policy(scene, "session_timeout")
    text = f"No ACTIVE Session within {window} seconds after START_SESSION, nor by GET."
    return Finding(FAILED, f"{text} Known: {', '.join(known)}." if known else text, messages=proofs)


def _active(scene: Scene) -> OcpiSession | None:
    return next((row for row in charge_facts.sessions(scene) if row.first_active_at is not None), None)


def _came(scene: Scene, started: Command, row: OcpiSession) -> Finding:
    scene.notes["session"] = row.pk
    came = charge_facts.about(row, charge_facts.messages(scene.partner.pk, started.created_at, ("sessions",)))
    proofs = tuple(message.pk for message in came[:3])
    since = started.answered_at or started.created_at
    seconds = max(((row.first_active_at or row.first_seen_at) - since).total_seconds(), 0)
    text = f"Session {row.ocpi_id} was ACTIVE {seconds:.0f} seconds after START_SESSION."
    problems = Problems()
    if not any(message.method == "PUT" for message in came):
        problems.warn(f"{text} It was not PUT to us.")
    found = problems.finding(text)
    return Finding(found.verdict, found.seen, messages=proofs)


def result(scene: Scene) -> Finding | Wait:
    """The asynchronous CommandResult (guide 4)."""
    started = charge_facts.command(scene, "start")
    if started is None:
        return not_applicable("START_SESSION was not sent.")
    if not started.result and not charge_facts.result_overdue(started):
        return charge_facts.look_again(scene, "the CommandResult of START_SESSION")
    proofs = charge_facts.result_messages(started)
    if not started.result:
        return Finding(FAILED, "The charge runs, but no CommandResult came to our response_url.", messages=proofs)
    verdict = PASSED if started.result == ACCEPTED else FAILED
    return Finding(verdict, f"The CommandResult of START_SESSION is {started.result}.", messages=proofs)


def reference(scene: Scene) -> Finding:
    """The authorization_reference of the command comes back in the Session (from 2.2 on)."""
    row = charge_facts.session(scene)
    if row is None or "authorization_reference" in scene.version.model("session").off_wire:
        return not_applicable("This version has no authorization_reference.")
    if row.authorization_reference == charge_facts.token(scene).uid:
        return Finding(PASSED, "The Session carries the reference of our START_SESSION.")
    if row.authorization_reference:
        return failed(f"The Session carries another reference: {row.authorization_reference}.")
    return warned("The Session carries no authorization_reference. We know it by its token.")


def path(scene: Scene) -> Finding | Wait:
    """The connector's way to CHARGING, by what was pushed (guide 2.3, 5.7)."""
    came = charge_facts.messages(scene.partner.pk, charge_facts.charge_began(scene), ("locations",))
    told = [(status, message) for message in came if (status := _status_in(scene, message))]
    statuses = [str(scene.notes["path"][0]), *(status for status, _ in told)]
    way = " - ".join(one for one, before in zip(statuses, ["", *statuses], strict=False) if one != before)
    proofs = tuple(message.pk for _, message in told)
    if "CHARGING" not in statuses:
        if not charge_facts.is_overdue(scene, PATIENCE):
            return charge_facts.look_again(scene, f"{scene.run.evse_uid} to become CHARGING")
        return _never_charging(scene, way, proofs)
    problems = Problems()
    before = statuses[: statuses.index("CHARGING")]
    if not set(READY) & set(before):
        problems.warn("BLOCKED was not told between plugging in and charging.")
    if "PREPARING" in statuses:
        problems.warn("PREPARING is no status of OCPI; we read it as BLOCKED.")
    found = problems.finding("")
    return Finding(found.verdict, f"{way}. {found.seen}".strip(), messages=proofs)


def _never_charging(scene: Scene, way: str, proofs: tuple[int, ...]) -> Finding:
    look = scene.ask(
        "/".join((scene.url_of("locations").rstrip("/"), scene.run.location_id, scene.run.evse_uid)), "locations"
    )
    status = look.data.get("status") if isinstance(look.data, dict) else None
    messages = (*proofs, *((look.message_id,) if look.message_id else ()))
    if status == "CHARGING":
        return Finding(
            FAILED, f"The charger is CHARGING when asked, but that was not pushed. Told: {way}.", messages=messages
        )
    return Finding(FAILED, f"The Session is ACTIVE, but the charger is not CHARGING. Told: {way}.", messages=messages)


def _status_in(scene: Scene, message: Message) -> str:
    """The status of the test charger that a push tells; empty where it is about something else."""
    body, uid = charge_facts.body_of(message), scene.run.evse_uid.lower()
    if any(name.lower().endswith(f"/{scene.run.location_id}/{uid}".lower()) for name in message.objects_touched):
        return str(body.get("status", ""))
    evses = body.get("evses")
    listed = evses if isinstance(evses, list) else []
    found = (one for one in listed if isinstance(one, dict) and str(one.get("uid", "")).lower() == uid)
    return next((str(one.get("status", "")) for one in found), "")


def samples(scene: Scene) -> Finding | Wait:
    """Meter values: kWh that rise, and kW, about as often as agreed (guide 5.11)."""
    row, interval = charge_facts.session(scene), scene.run.sample_interval
    if row is None:
        return not_applicable("There is no Session.")
    since = row.first_active_at or row.first_seen_at
    came = [
        (message, kwh)
        for message in charge_facts.about(row, charge_facts.messages(scene.partner.pk, since, ("sessions",)))
        if (kwh := charge_facts.number(charge_facts.body_of(message).get("kwh"))) is not None
    ]
    rising = len({kwh for _, kwh in came if kwh > 0})
    enough = rising >= ENOUGH_SAMPLES
    if not enough and row.status == "ACTIVE":
        if not charge_facts.is_overdue(scene, ENOUGH_SAMPLES * LATE * interval + PATIENCE):
            return charge_facts.look_again(scene, f"meter values: {rising} of {ENOUGH_SAMPLES} have come")
        pull_sessions(scene.partner.pk, row.first_seen_at)  # whether it still charges, at least (guide 5.11)
    return _measure(scene, row, came, since)


def _measure(scene: Scene, row: OcpiSession, came: list[tuple[Message, Decimal]], since: datetime) -> Finding:
    problems, interval = Problems(), scene.run.sample_interval
    values = [kwh for _, kwh in came]
    if not [kwh for kwh in values if kwh > 0]:
        problems.fail("No energy was told: no update with kwh above 0 came.")
    elif len(set(values)) < ENOUGH_SAMPLES:
        problems.fail(f"Only {len(set(values))} different values of kwh came.")
    if any(later < earlier for earlier, later in pairwise(values)):
        problems.warn("kwh fell from one update to the next.")
    moments = [since, *(message.at for message, _ in came)]
    gap = max(((later - earlier).total_seconds() for earlier, later in pairwise(moments)), default=0.0)
    if gap > TOO_LATE * interval:
        problems.fail(f"Between two updates {gap:.0f} seconds passed; agreed are about {interval}.")
    elif gap > LATE * interval:
        problems.warn(f"Between two updates {gap:.0f} seconds passed; agreed are about {interval}.")
    tells = scene.version.sessions_tell_power
    if tells and not any(_tells_power(message) for message, _ in came):
        problems.warn("No update told the power in kW (charging_periods, dimension POWER). We derive it from the kWh.")
    power = " and kW" if tells else ""
    found = problems.finding(
        f"{len(came)} updates with kWh{power}, {gap:.0f} seconds apart at most; {row.kwh:.2f} kWh so far."
    )
    return Finding(found.verdict, found.seen, messages=tuple(message.pk for message, _ in came[-10:]))


def _tells_power(message: Message) -> bool:
    periods = charge_facts.body_of(message).get("charging_periods")
    found = [
        one.get("type")
        for period in (periods if isinstance(periods, list) else [])
        if isinstance(period, dict) and isinstance(period.get("dimensions"), list)
        for one in period["dimensions"]
        if isinstance(one, dict)
    ]
    return "POWER" in found


def twice(scene: Scene) -> Finding | Wait:
    """The same START_SESSION again while the car charges: no second Session may come of it."""
    row = charge_facts.session(scene)
    if charge_facts.command(scene, "twice") is None and (row is None or row.status != "ACTIVE"):
        return not_applicable("The charge has ended already.")
    found = charge_facts.send_once(scene, "twice", lambda: charge_facts.begin_charge(scene, scene.run.evse_uid))
    judged = found if isinstance(found, Wait) else judge_refusal(scene, found, "a charger that is in use")
    rows = charge_facts.sessions(scene)
    if isinstance(judged, Finding) and len(rows) > 1:
        return Finding(FAILED, f"A second Session came of it: {rows[-1].ocpi_id}.", messages=judged.messages)
    return judged


CASES = (
    Case(
        "session",
        THEME,
        "The Session in time",
        "guide §5.2",
        "Create the Session when the charge starts, with status ACTIVE, and PUT it to us at once. Later than the "
        "agreed window the attempt counts as failed and the funds are released.",
        session,
        needs=("charger",),
        armed=True,
    ),
    Case(
        "start_result",
        THEME,
        "The result of START_SESSION",
        "command_result",
        "POST the CommandResult to the response_url of the command, once the charger has answered.",
        result,
        needs=("session",),
        armed=True,
    ),
    Case(
        "reference",
        THEME,
        "Our authorization reference",
        "start_session",
        "Copy authorization_reference of START_SESSION into the Session and the CDR.",
        reference,
        needs=("session",),
        armed=True,
    ),
    Case(
        "path",
        THEME,
        "The connector: AVAILABLE, BLOCKED, CHARGING",
        "guide §2.3",
        "PATCH each change of the EVSE's status to us: BLOCKED when the cable is in (OCPP Preparing), CHARGING while "
        "energy may flow. The connector's state counts more than the Session's.",
        path,
        needs=("session",),
        armed=True,
    ),
    Case(
        "samples",
        THEME,
        "Meter values, kWh and kW",
        "guide §5.11",
        "PATCH the Session about every 60 seconds with kwh, and with a charging period that tells POWER in kW.",
        samples,
        needs=("session",),
        armed=True,
    ),
    Case(
        "start_twice",
        THEME,
        "A second START_SESSION",
        "command_response",
        "Refuse START_SESSION for a charger that is in use (REJECTED, or the result EVSE_OCCUPIED), and let the charge "
        "that runs go on.",
        twice,
        needs=("session",),
        armed=True,
    ),
)
