"""Whole sessions, from the driver's wish to the captured amount: how many a minute one core gets through.

Everything happens in this process: the tasks that a worker would run, the Sessions and the CDR as pushes. The CPO and
the payment gateway answer at once.
"""

import time
from typing import Any

from billing.models import PaymentAuthorization
from ocpi import store
from partners.models import Partner, Policy
from rehearsal.bench import seed, stub, wire
from rehearsal.bench.figures import say, verdict
from sessions_adhoc.driver.services import StartRequest, start_session
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

SESSIONS, MOST_SECONDS = 60, 25.0


def measure(partner: Partner, cpo: stub.Cpo, first: int) -> None:
    """Print sessions per minute and core: by processor time, which a busy machine does not change, and by the clock.

    The stations from number `first` on are free.
    """
    from tests.support import tasks

    tasks.use_memory_broker()
    Policy.objects.filter(partner=partner).update(start_strategy=Policy.StartStrategy.IMMEDIATE)
    started, processor = time.perf_counter(), time.process_time()
    done = settled = 0
    while done < SESSIONS and time.perf_counter() - started < MOST_SECONDS:
        settled += one(partner, cpo, f"L{first + done}-1", f"B-{done}", tasks.run_tasks)
        done += 1
    per_core = done / (time.process_time() - processor) * 60
    per_clock = done / (time.perf_counter() - started) * 60
    all_settled = verdict(settled / done, 1, at_least=True)
    say(f"  {done} sessions from start to settlement, all settled: {all_settled}; {per_core:.0f} a minute per core,")
    say(f"  {'':2} {per_clock:.0f} a minute by the clock, with the database on the same machine")


def one(partner: Partner, cpo: stub.Cpo, evse: str, session_id: str, run_tasks: Any) -> bool:
    """One driver's session; whether it was settled."""
    session, _ = start_session(StartRequest(evse=evse))
    settle(run_tasks)
    _, start = cpo.arrived[evse]
    party, own = (
        seed.party(partner),
        {
            "authorization_reference": start["authorization_reference"],
            "cdr_token": {**wire.session("", 0, 0)["cdr_token"], "uid": start["token"]["uid"]},
            "location_id": start["location_id"],
            "evse_uid": evse,
        },
    )
    for number, (kwh, status) in enumerate(((0.0, "ACTIVE"), (1.5, "ACTIVE"), (9.5, "COMPLETED"))):
        store.put_session(party, None, wire.session(session_id, number * 30, kwh, status=status, **own))
        settle(run_tasks)
    store.put_cdr(party, wire.cdr(session_id, evse, own))
    settle(run_tasks)
    return bool(AdHocSession.objects.get(pk=session.pk).state == State.SETTLED)


def settle(run_tasks: Any) -> None:
    """Run what is queued, and the payment's own deadlines, until nothing is due."""
    from billing.tasks import tick

    run_tasks()
    if PaymentAuthorization.objects.filter(next_check_at__isnull=False).exists():
        tick()
        run_tasks()
