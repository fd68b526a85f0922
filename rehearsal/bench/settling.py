"""From the end of a charge, as its CPO tells it, to the driver's money: how soon a release is asked for where no energy
came, and how soon a price of our own is taken, for which no CDR is needed.

All of it is real: web server, worker, beat, PostgreSQL and Redis; the CPO and the drivers are threads of this process.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from rehearsal.bench import stages

CHARGES, AT_ONCE, MOST_SECONDS = 150, 6, 120.0
RELEASE_ASKED, TAKEN = 5.0, 60.0
"""Seconds, p99."""
BETWEEN = 1.0
"""Seconds between two pushes: energy has to be possible in that time."""
KWH = (0.0, 0.01, 0.02, 0.03)


def main() -> int:
    """Onboard one CPO with a price of our own, then let drivers charge nothing, and something."""
    with ExitStack() as stack:
        stage = stack.enter_context(stages.take("settling"))
        stages.set_up_django(stage)
        from billing.models import PricePlan
        from partners.models import Policy
        from rehearsal.bench import seed, stub, throughput
        from rehearsal.bench.figures import say
        from sessions_adhoc.driver.clients import create_client_key

        cpo = stack.enter_context(stub.running())
        partner, token = seed.connected_partner(f"{cpo.url}/versions")
        seed.endpoint(partner, "commands", f"{cpo.url}/commands", "RECEIVER")
        seed.stations(partner, 2 * CHARGES, 1)
        policy = {"start_strategy": "immediate", "auto_retry": "never", "hold_for_retry": 0}
        Policy.objects.create(partner=partner, **policy)
        plan = {"kind": PricePlan.Kind.RETAIL, "currency": "EUR", "per_kwh": Decimal(1)}
        PricePlan.objects.create(name="bench", partner=partner, **plan)
        _, key = create_client_key("bench")
        throughput.start_processes(stage, stack)
        numbers = count()

        def driver() -> throughput.Driver:
            return throughput.Driver(stage, key, token, cpo)

        ends = play(driver, numbers, (0.0, 0.0))
        report("release asked", ends, moments("releasing", len(ends)), RELEASE_ASKED)
        ends = play(driver, numbers, KWH)
        report("price of our own taken", ends, moments("captured", len(ends)), TAKEN)
        say("  the moment of the end is that at which the push of COMPLETED was answered")
    return 0


def play(driver: Callable[[], "object"], numbers: Iterator[int], kwh: tuple[float, ...]) -> dict[str, datetime]:
    """Play the charges, some at once; return when the end of each was told, by the EVSE's uid."""
    from rehearsal.bench.figures import say
    from rehearsal.bench.throughput import Driver, now

    ends, left = dict[str, datetime](), count(1)

    def work() -> None:
        mine = driver()
        assert isinstance(mine, Driver)
        while next(left) <= CHARGES:
            number = next(numbers)
            evse, begun = f"L{number}-1", now()
            try:
                own = mine.begin(evse)
                for step, value in enumerate(kwh, 1):
                    time.sleep(BETWEEN)
                    mine.push(f"B-{number}", own, begun, value, "COMPLETED" if step == len(kwh) else "ACTIVE")
                ends[evse] = datetime.now(UTC)
            except (RuntimeError, OSError) as error:
                say(f"  {error}")

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def moments(state: str, wanted: int) -> dict[str, datetime]:
    """When each payment came into that state, by the EVSE's uid; waits until all of them have."""
    from billing.models import PaymentEvent

    found = PaymentEvent.objects.filter(to_state=state, authorization__ad_hoc_session__isnull=False)
    until = time.monotonic() + MOST_SECONDS
    while True:
        rows = found.order_by("-at").values_list("authorization__ad_hoc_session__evse__uid", "at")
        came: dict[str, datetime] = dict(rows)  # of several the first
        if len(came) >= wanted or time.monotonic() > until:
            return came
        time.sleep(0.2)


def report(what: str, ends: dict[str, datetime], came: dict[str, datetime], most: float) -> None:
    """Print how long it took, p50 and p99; one that never came is a miss."""
    from rehearsal.bench.figures import percentile, say, verdict

    taken = [(came[evse] - end).total_seconds() if evse in came else MOST_SECONDS for evse, end in ends.items()]
    if not taken:
        say(f"  {what}: no charge came to its end: MISSED")
        return
    middle, slow = percentile(taken, 50), percentile(taken, 99)
    say(f"  {what}: {len(taken)} charges, p50 {middle:.2f} s, p99 {slow:.2f} s: {verdict(slow, most)}")
    say(f"  {'':2} longest {max(taken):.2f} s, never {sum(evse not in came for evse in ends)}")


if __name__ == "__main__":
    sys.exit(main())
