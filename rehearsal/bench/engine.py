"""The engine: how fast it reacts, how much it gets through, how it scales with what is open, how fast it
prices."""

import sys
from contextlib import ExitStack

from rehearsal.bench import stages


def main() -> int:
    """Onboard one CPO with many chargers, then measure one thing after the other."""
    with ExitStack() as stack:
        stage = stack.enter_context(stages.take("engine"))
        stages.set_up_django(stage)
        from rehearsal.bench import prices, reaction, seed, stub, sweep, throughput

        cpo = stack.enter_context(stub.running())
        partner, token = seed.connected_partner(f"{cpo.url}/versions")
        seed.endpoint(partner, "commands", f"{cpo.url}/commands", "RECEIVER")
        seed.stations(partner, 2 * reaction.DRIVERS + throughput.CHARGES + throughput.WARM_UP, 1)
        reaction.measure(stage, partner, token, cpo)
        throughput.measure(stage, partner, token, cpo, 2 * reaction.DRIVERS)
        sweep.measure()
        prices.measure()
    return 0


if __name__ == "__main__":
    sys.exit(main())
