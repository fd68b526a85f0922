"""All charging scenarios by name; they are written down, as data, in the modules imported here."""

from collections.abc import Mapping

from cpo_simulator.charging.run import Course
from cpo_simulator.scenarios.billing import BILLING
from cpo_simulator.scenarios.clocks import CLOCKS
from cpo_simulator.scenarios.ending import ENDING
from cpo_simulator.scenarios.normal import NORMAL
from cpo_simulator.scenarios.starting import STARTING
from cpo_simulator.scenarios.under_way import UNDER_WAY

SCENARIOS: Mapping[str, Course] = {
    one.name: one for one in (*NORMAL, *STARTING, *UNDER_WAY, *ENDING, *BILLING, *CLOCKS)
}
