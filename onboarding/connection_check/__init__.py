"""The connection check: a CPO's server, looked at case by case, with the exchange that proves each verdict.

run = start(partner, user=staff)                    # a row; a worker carries it out
run = start(partner, charger=TestCharger(...))      # with a real charge at a test charger
advance(run.pk)                                     # cases until it waits or ends; safe at any time, by anybody
report.of(run)                                      # what to send to the CPO
latest_clean(partner)                               # whether stage 3 may begin (guide 7.4)
"""

from onboarding.connection_check.advance import advance
from onboarding.connection_check.runs import CheckRefusedError, TestCharger, cancel, latest_clean, start

__all__ = ["CheckRefusedError", "TestCharger", "advance", "cancel", "latest_clean", "start"]
