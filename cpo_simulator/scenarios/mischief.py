"""Steps in which a charger or its CPO does something that no eMSP would wish for."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from cpo_simulator.charging import cdrs
from cpo_simulator.charging.run import Run, Step
from cpo_simulator.charging.scenario import Scenario
from cpo_simulator.scenarios.steps import deliver, finish, post_cdr, send_cdr
from cpo_simulator.wire.money import Price, cents
from cpo_simulator.wire.shapes import Object

_FALL = 300  # Wh that a meter falls by
_TWIN_LASTS = 60.0  # real seconds
_LONG_BEFORE = timedelta(minutes=10)
_OLD_READING = Decimal(5)  # kWh


async def stay_pending(run: Run) -> None:
    """The Session stays PENDING for the knob ``silence``, then becomes INVALID."""
    await run.pause("silence")
    run.finish("INVALID")
    run.show("AVAILABLE")


async def lose_connector_without_energy(run: Run) -> None:
    """The EVSE shows CHARGING at 0 kWh, then AVAILABLE; the Session stays ACTIVE until it is stopped."""
    await run.idle(run.seconds("handshake"))
    run.show("AVAILABLE")
    await run.pause("silence")
    run.finish("INVALID", charging=False)


async def lose_connector(run: Run) -> None:
    """The EVSE becomes AVAILABLE while the Session stays ACTIVE; much later that ends too."""
    run.show("AVAILABLE")
    await run.rest("linger")
    run.finish("COMPLETED")


async def flap(run: Run) -> None:
    """The EVSE shows AVAILABLE for a moment (knob ``flap``), then CHARGING again."""
    if run.is_active:
        run.show("AVAILABLE")
        await run.rest("flap")
        run.show("CHARGING")


async def flap_without_energy(run: Run) -> None:
    """The EVSE shows AVAILABLE for a moment (knob ``flap``) before any energy has flowed."""
    if run.is_active:
        run.show("AVAILABLE")
        await run.idle(run.seconds("flap"))
        run.show("CHARGING")


async def show_an_old_meter(run: Run) -> None:
    """The Session began before the START, and tells what the meter said then; nothing is added to it."""
    run.open_session("ACTIVE", tell=False)
    run.show("CHARGING")
    run.update(start_date_time=run.office.clock.now() - _LONG_BEFORE, kwh=_OLD_READING)
    run.push_session()
    await run.pause("silence")
    run.update(status="INVALID", end_date_time=run.office.clock.now())
    run.push_session()
    run.release()
    run.show("BLOCKED")


async def come_to_life_under_another_id(run: Run) -> None:
    """The PENDING Session is forgotten: another one, with an id of its own, becomes ACTIVE."""
    await run.pause("energise")
    if not run.stopping.is_set():
        run.take_id(str(uuid4()))
        run.show("CHARGING")
        run.switch_on()
        run.push_session()


async def use_the_charger_as_id(run: Run) -> None:
    """All Sessions at this EVSE have one id."""
    run.take_id(f"charge-at-{run.bay.uid}")


async def let_a_stranger_charge(run: Run) -> None:
    """Somebody else charges next, and the Session and the CDR of that have the id of this one."""
    start = replace(run.start, token=_stranger(run), authorization_reference=None)
    other = Run(run.office, run.runs, run.bay, start, _STRANGER)
    other.take_id(run.id)
    for step in _STRANGER.script:
        await step(other)


def _stranger(run: Run) -> Object:
    return {**run.start.token, "uid": "ANOTHER-CARD", "contract_id": "XX-XXX-CANOTHER", "type": "RFID"}


async def _open_and_switch_on(run: Run) -> None:
    run.open_session("ACTIVE", tell=False)
    run.show("CHARGING")
    run.switch_on()
    run.push_session()


async def fall_silent(run: Run) -> None:
    """Nothing is told and nothing changes for the knob ``silence``; then the Session ends after all."""
    await run.rest("silence")
    run.finish("COMPLETED")
    run.show("BLOCKED")


def outage(knob: str) -> Step:
    """The whole server is gone for so long; the charge goes on meanwhile."""

    async def step(run: Run) -> None:
        run.office.later(run.office.outage(run.seconds(knob)))

    return step


async def finish_untold(run: Run) -> None:
    """Charging ends, but neither the Session nor the EVSE says so yet."""
    run.finish("COMPLETED", tell=False)


async def tell_end(run: Run) -> None:
    """The end is pushed, late."""
    await run.rest("linger")
    run.push_session()
    run.show("BLOCKED")


async def use_foreign_token(run: Run) -> None:
    """The back end mixes tokens up: the Session will carry one that nobody gave out."""
    token = {**run.start.token, "uid": "UNKNOWN-CARD", "contract_id": "XX-XXX-CUNKNOWN"}
    run.start = replace(run.start, token=token, authorization_reference=None)


async def open_twin(run: Run) -> None:
    """A second Session for the same START_SESSION appears, ACTIVE at 0 kWh, until it is stopped."""
    twin = Run(run.office, run.runs, run.bay, run.start, _TWIN)
    run.runs.add(twin)
    run.office.later(twin.play())


async def _open_active(run: Run) -> None:
    run.open_session("ACTIVE")


async def _end_when_stopped(run: Run) -> None:
    await run.wait_for_stop(_TWIN_LASTS)
    run.finish("INVALID", charging=False)


_STRANGER = Scenario(
    "stranger",
    "the next charge, of somebody else",
    "none of yours",
    (_open_and_switch_on, deliver, finish, send_cdr()),
)
_TWIN = Scenario("twin", "the second Session of two", "stop it, never bill it", (_open_active, _end_when_stopped))


def keep_most_samples(run: Run) -> None:
    """Only every so many-th meter value is pushed (knob ``slow_meter``); GET knows no more either."""
    run.untold += 1
    if run.untold >= run.knobs.slow_meter:
        run.untold = 0
        run.sample()


def repeat_old_sample(run: Run) -> None:
    """After each meter value the one before it is sent again, as if it had been held up on the way."""
    part = run.reading()
    if part is not None:
        run.push_session(part)
        if run.last_part is not None:
            run.push_session(run.last_part)
        run.last_part = part


def let_meter_fall(run: Run) -> None:
    """Every second meter value is followed by a newer one with less energy."""
    run.sample()
    run.untold += 1
    if run.untold % 2 == 0:
        fallen = max(Decimal(0), run.kwh - Decimal(_FALL) / 1000)
        run.push_session(run.update(kwh=fallen))
        run.update(kwh=run.kwh)


async def send_cdr_twice(run: Run) -> None:
    """The same CDR is POSTed, and POSTed again."""
    await run.rest("cdr")
    cdr = cdrs.cdr(run)
    post_cdr(run, cdr)
    await run.rest("between_cdrs")
    post_cdr(run, cdr)


async def send_cdr_in_wrong_currency(run: Run) -> None:
    """A CDR in a wrong currency, the credit CDR that takes it back, then the right one."""
    await run.rest("cdr")
    right = cdrs.cdr(run)
    await _correct(run, {**right, "id": str(uuid4()), "currency": "USD"}, right)


async def send_cdr_credit_it_and_send_another(run: Run) -> None:
    """A CDR over twice what it should be, the credit CDR that takes it back, then the right one."""
    await run.rest("cdr")
    right = cdrs.cdr(run)
    total = right["total_cost"]
    twice = Price(2 * total.excl_vat, 2 * total.incl_vat, total.vat)
    await _correct(run, {**right, "id": str(uuid4()), "total_cost": twice}, right)


async def _correct(run: Run, wrong: Object, right: Object) -> None:
    """Send a wrong CDR, take it back, send the right one."""
    post_cdr(run, wrong)
    await run.rest("between_cdrs")
    post_cdr(run, _credit(wrong))
    await run.rest("between_cdrs")
    post_cdr(run, right)


def _credit(cdr: Object) -> Object:
    """The credit CDR of a CDR: the same with negative costs (OCPI 2.2.1 §10.3.1.1)."""
    costs = {name: _negative(value) for name, value in cdr.items() if isinstance(value, Price)}
    return {**cdr, **costs, "id": str(uuid4()), "credit": True, "credit_reference_id": cdr["id"]}


def _negative(price: Price) -> Price:
    return Price(-price.excl_vat, -price.incl_vat, price.vat)


async def send_wrong_cdr(run: Run) -> None:
    """A CDR whose total has nothing to do with the tariff (knob ``wrong_total``)."""
    await run.rest("cdr")
    cdr = cdrs.cdr(run)
    gross = Decimal(str(run.knobs.wrong_total))
    vat = cdr["total_cost"].vat
    post_cdr(run, {**cdr, "total_cost": Price(cents(gross * 100 / (100 + vat)), gross, vat)})
