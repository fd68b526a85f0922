"""The steps that scripts are made of: async functions of a Run, some made by a function of their own."""

from cpo_simulator.charging import cdrs
from cpo_simulator.charging.run import AbandonedError, Run, Step
from cpo_simulator.wire.shapes import Object


def result(word: str, message: str = "") -> Step:
    """After a moment, send the CommandResult."""

    async def step(run: Run) -> None:
        await run.pause("result")
        run.result(word, message)

    return step


def pause(knob: str) -> Step:
    """Wait as long as a knob says."""

    async def step(run: Run) -> None:
        await run.pause(knob)

    return step


async def plug_in(run: Run) -> None:
    """The cable goes in, if it is not: by the virtual driver after a while, or by hand over /control."""
    if not run.bay.cable_in.is_set():
        if run.office.behaviour.driver == "auto":
            await run.pause("plug_in")
            run.bay.plug("locations" not in run.scenario.mute)
        else:
            await run.wait_for_cable()
    run.show("BLOCKED")


async def open_session(run: Run) -> None:
    """The charger authorises: a Session appears as PENDING."""
    await run.pause("session")
    run.open_session("PENDING")


async def energise(run: Run) -> None:
    """Current flows: the EVSE shows CHARGING and the Session becomes ACTIVE."""
    await run.pause("energise")
    if not run.stopping.is_set():
        run.show("CHARGING")
        run.switch_on()
        run.push_session()


async def deliver(run: Run) -> None:
    """Charge until the battery is full or somebody stops."""
    if run.is_active:
        await run.deliver(run.car.needs_wh)


async def deliver_first(run: Run) -> None:
    """Charge as much as the knob ``first_kwh`` says, and tell; something unusual follows."""
    if run.is_active:
        await run.deliver(round(run.knobs.first_kwh * 1000))
        run.sample()


async def deliver_until_local_stop(run: Run) -> None:
    """Charge a little; then the driver stops at the charger."""
    if run.is_active:
        await run.deliver(round(run.knobs.local_stop_kwh * 1000))
        run.request_stop("local")


async def stay_full(run: Run) -> None:
    """A full car stays connected: the same kWh is reported again and again, power 0."""
    if run.is_active and not run.stopping.is_set():
        run.sample()
        await run.idle(run.seconds("suspended"))
        run.idling = True


async def fail_handshake(run: Run) -> None:
    """The DC handshake fails: 0 kWh, the EVSE falls back to BLOCKED; the Session ends later, or when it is stopped."""
    await run.idle(run.seconds("handshake"))
    run.show("BLOCKED")
    await run.pause("linger")
    run.finish("COMPLETED", charging=False)


async def fail_handshake_and_end(run: Run) -> None:
    """The DC handshake fails: the Session ends at 0 kWh, then the EVSE falls back to BLOCKED."""
    await run.idle(run.seconds("handshake"))
    run.finish("COMPLETED", charging=False)
    run.show("BLOCKED")


async def bill_nothing(run: Run) -> None:
    """Much later there is a CDR of the attempt that failed, although there was no energy (knob ``late_cdr``)."""
    await run.rest("late_cdr")
    post_cdr(run, cdrs.cdr(run))


async def deliver_before_the_first_word(run: Run) -> None:
    """The Session is told of only when some energy has flowed (knob ``first_kwh``): its first value is above 0."""
    await run.pause("energise")
    run.open_session("ACTIVE", tell=False)
    run.show("CHARGING")
    run.switch_on()
    await run.deliver(round(run.knobs.first_kwh * 1000), on_sample=lambda _run: None)
    run.reading()
    run.push_session()


async def stay_without_energy(run: Run) -> None:
    """The Session is ACTIVE and nothing flows, until somebody stops (or for the knob ``silence``)."""
    await run.idle(run.seconds("silence"))


async def deliver_untold(run: Run) -> None:
    """Charge until the battery is full; no sample is told of it."""
    if run.is_active:
        await run.deliver(run.car.needs_wh, on_sample=lambda _run: None)


async def free_the_connector(run: Run) -> None:
    """The EVSE says that it is free before the Session says that it is over."""
    run.show("AVAILABLE")


async def finish(run: Run) -> None:
    """The end: the Session is COMPLETED (INVALID without energy); the EVSE shows BLOCKED until unplugged."""
    run.finish("COMPLETED" if run.wh else "INVALID", charging=not run.idling)
    run.show("AVAILABLE" if run.stop_reason == "unplugged" else "BLOCKED")


async def unplug(run: Run) -> None:
    """The virtual driver pulls the cable after a while, and the EVSE is free; a hand-driven car stays."""
    if run.stop_reason == "unplugged" or run.office.behaviour.driver != "auto":
        return
    await run.rest("unplug")
    if run.bay.run is None:
        run.bay.unplug("locations" not in run.scenario.mute)


def send_cdr(knob: str = "cdr") -> Step:
    """After a while the CDR is made and POSTed, if there was energy."""

    async def step(run: Run) -> None:
        await run.rest(knob)
        if not run.wh:
            return
        post_cdr(run, cdrs.cdr(run))

    return step


def post_cdr(run: Run, cdr: Object) -> None:
    """Keep a CDR, and POST it unless the scenario holds it back."""
    run.office.store.cdrs.put(cdr["id"], cdr)
    if "cdrs" not in run.scenario.mute:
        run.office.pusher.push(run.bay.uid, "POST", "cdrs", (), "cdr", cdr)


async def give_up(run: Run) -> None:
    """The charger waited for the cable in vain (knob ``connection_timeout``)."""
    await run.pause("connection_timeout")
    run.result("TIMEOUT", "Nobody plugged in")
    raise AbandonedError("nobody plugged in")
