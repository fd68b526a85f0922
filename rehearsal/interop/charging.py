"""One charge, told in OCPI: commands, the Session and its samples, the CDR (OCPI 2.2.1 §9, §10, §13)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ocpi import store
from ocpi.calls import commands
from ocpi.models import Cdr, Command, Evse, OcpiSession, Token
from ocpi.sync.engine import pull_cdrs, pull_sessions
from ocpi.versions import power_kw, state_of_charge
from rehearsal.interop.world import World, clean, eventually, must, same

ENOUGH_KWH = Decimal(2)
ENOUGH_SAMPLES = 3


def start(world: World) -> str:
    """START_SESSION for one EVSE: the answer at once, then the result at our response_url."""
    evse = Evse.objects.get(partner=world.partner, uid=world.evse_uid)
    uid = f"{world.partner.code}-driver"
    world.token = Token.objects.create(
        uid=uid, contract_id=f"SK-SFP-{uid}", issuer="Smart Fuel Pass", last_updated=timezone.now()
    )
    connector = evse.connectors.first()
    command = commands.create(
        commands.start_session(
            partner=world.partner,
            token=world.token,
            location_id=evse.location.ocpi_id,
            evse_uid=evse.uid,
            connector_id=connector.connector_id if connector else "",
            authorization_reference=uid,
            reference="",
        )
    )
    world.notes["since"] = world.mark()
    return sent(command)


def session_push(world: World) -> str:
    """The Session is PUT, and becomes ACTIVE; it names our token, and from 2.2 on our reference."""
    assert world.token is not None
    wanted = world.token.uid if world.version.has_roles else world.token.contract_id
    rows = OcpiSession.objects.filter(partner=world.partner, token_uid=wanted)
    world.session = eventually("an ACTIVE Session", rows.filter(status="ACTIVE").first)
    if world.version.has_roles:
        must(world.session.authorization_reference == world.token.uid, "the Session lacks our reference")
    puts = world.pushed(world.notes["since"], "PUT", "sessions")
    clean(puts)
    must(puts and puts[0].http_status == 201, "the first PUT was not answered with 201")
    return f"{len(puts)} PUTs, ACTIVE"


def samples(world: World) -> str:
    """Meter values come as PATCHes: kWh rise, periods are added, and power and SoC are told where the version can."""
    row = _session(world)
    since = world.notes["since"]

    def told() -> Any:
        row.refresh_from_db()
        found = world.pushed(since, "PATCH", "sessions")
        enough = min(len(found), len(row.raw.get("charging_periods") or [])) >= ENOUGH_SAMPLES
        return found if enough and row.kwh >= ENOUGH_KWH else None

    messages = eventually("meter values", told)
    clean(messages)
    periods = row.raw["charging_periods"]
    starts = [period["start_date_time"] for period in periods]
    must(len(set(starts)) == len(starts), "a charging period is stored twice")
    session = world.version.parse("session", row.raw, owner=world.party.owner).obj
    kw, soc = power_kw(session), state_of_charge(session)
    if world.version.has_roles:
        must(kw is not None and kw > 0 and soc is not None, f"power {kw}, state of charge {soc}")
        return f"{len(messages)} PATCHes, {row.kwh:.1f} kWh, {kw:.0f} kW, {soc:.0f} %"
    must(kw is None and soc is None, f"2.1.1 has no words for power {kw} and state of charge {soc}")
    return f"{len(messages)} PATCHes, {row.kwh:.1f} kWh"


def stop(world: World) -> str:
    """STOP_SESSION: answered, confirmed, and the Session ends COMPLETED."""
    row = _session(world)
    text = sent(commands.create(commands.stop_session(partner=world.partner, session_id=row.ocpi_id, reference="")))

    def ended() -> bool:
        row.refresh_from_db()
        return row.status == "COMPLETED"

    eventually("the Session to be COMPLETED", ended)
    return text


def session_read_back(world: World) -> str:
    """GET of the Session at our side, and in the CPO's list: both are one and the same; the pull adds nothing."""
    row = _session(world)
    listed = world.asked("sessions", date_from=_an_hour_ago().strftime("%Y-%m-%dT%H:%M:%SZ"))
    theirs = next((one for one in listed if one["id"] == row.ocpi_id), None)
    back = world.hand("GET", world.owned("sessions", row.ocpi_id))
    must(back.http == 200, f"GET was answered HTTP {back.http}")
    same("the Session", theirs, back.data)
    pulled = pull_sessions(world.partner.pk, _an_hour_ago())
    must(pulled.ok, f"the pull: {pulled.error}")
    same("the pulled Session", theirs, store.session_wire(world.party, row.ocpi_id, world.version))
    return f"{len(back.data['charging_periods'])} charging periods on both sides"


def cdr_push(world: World) -> str:
    """The CDR is POSTed; its total is what the CPO's own books say."""
    assert world.token is not None
    wanted = world.token.uid if world.version.has_roles else world.token.contract_id
    row = eventually("the CDR", Cdr.objects.filter(partner=world.partner, token_uid=wanted).first)
    world.notes["cdr"] = row
    messages = eventually("the answered POST", lambda: world.pushed(world.notes["since"], "POST", "cdrs"))
    clean(messages)
    books = world.cpo.state()["cdrs"][-1]["total_cost"]
    net, gross = Decimal(str(books["excl_vat"])), Decimal(str(books["incl_vat"]))
    must(row.total_net == net, f"net {row.total_net}, their books say {net}")
    expected = gross if world.version.has_roles else None
    must(row.total_gross == expected, f"gross {row.total_gross}, their books say {expected}")
    return f"{row.total_energy:.1f} kWh, {row.total_told}"


def cdr_read_back(world: World) -> str:
    """GET of the URL that the POST was answered with; the same CDR again changes nothing."""
    row: Cdr = world.notes["cdr"]
    (message, *_) = world.pushed(world.notes["since"], "POST", "cdrs")
    url = {name.lower(): value for name, value in message.response_headers.items()}.get("location", "")
    must(url, "the POST was answered without a Location header")
    theirs = next((one for one in world.asked("cdrs") if one["id"] == row.ocpi_id), None)
    back = world.hand("GET", url)
    must(back.http == 200, f"GET {url} was answered HTTP {back.http}")
    same("the CDR", theirs, back.data)
    again = world.hand("POST", world.url("cdrs"), theirs)
    must((again.http, again.headers.get("Location")) == (200, url), f"sent again: HTTP {again.http}")
    pulled = pull_cdrs(world.partner.pk, _an_hour_ago())
    must(pulled.ok and Cdr.objects.filter(partner=world.partner).count() == 1, f"the pull: {pulled.error}")
    return "at its URL, sent again and pulled: one CDR"


def sent(command: Command) -> str:
    """Send a command; raise Gap unless it is accepted and its result comes."""
    commands.send(command.pk)
    command.refresh_from_db()
    answered = command.state == Command.State.ANSWERED and command.response == "ACCEPTED"
    must(answered, f"{command.kind}: {command.state} {command.response} {command.failure}{command.response_text}")

    def result() -> str:
        command.refresh_from_db()
        return str(command.result)

    found = eventually(f"the result of {command.kind}", result)
    must(found == "ACCEPTED", f"the result of {command.kind} is {found}")
    return "ACCEPTED, result ACCEPTED"


def _session(world: World) -> OcpiSession:
    must(world.session, "there is no Session")
    assert world.session is not None
    return world.session


def _an_hour_ago() -> Any:
    return timezone.now() - timedelta(hours=1)
