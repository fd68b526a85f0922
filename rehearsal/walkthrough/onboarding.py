"""The integration of one CPO from nothing to signed off, over the pages alone, with the wrong turns on the way."""

from rehearsal.walkthrough.astray import go_astray
from rehearsal.walkthrough.connecting import shake_hands
from rehearsal.walkthrough.going_live import go_live
from rehearsal.walkthrough.preparing import add_partner, agree, enter_information, hire, send_link, set_up
from rehearsal.walkthrough.testing import charge_twice, check_connection, judge_tests, shorten

STAGES = (
    hire,
    add_partner,
    send_link,
    enter_information,
    agree,
    set_up,
    shake_hands,
    check_connection,
    shorten,
    charge_twice,
    judge_tests,
    go_live,
    go_astray,
)
