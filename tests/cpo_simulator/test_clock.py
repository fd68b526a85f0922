"""The CPO's own clock: everything that it tells is stamped by it, and it can be set while somebody charges."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from cpo_simulator.clock import Clock
from cpo_simulator.settings.knobs import Knobs
from tests.cpo_simulator.emsp import connected

DC = "ION-BTS01-3"
HOUR = timedelta(hours=1)
SLACK = timedelta(seconds=30)


def moment(text: Any) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_off_by(ahead: Any, *moments: Any) -> bool:
    return all(abs(one - datetime.now(UTC) - ahead) < SLACK for one in moments)


@pytest.mark.parametrize("hours", [1, -1, 0])
def test_everything_is_stamped_by_it(hours: int) -> None:
    async def play() -> Any:
        knobs = {"car_kwh": 2, "clock": 3600 * hours}
        async with connected({"knobs": knobs}) as (_sim, one):
            await one.start(DC)
            cdr = await one.cdr()
            active = await one.session("ACTIVE")
            (evse, *_) = [h.body for h in one.heard if h.path.endswith(DC)]
            _, envelope, headers = await one.call("GET", one.endpoints["cdrs"])
            return cdr, active, evse, envelope, headers

    cdr, active, evse, envelope, headers = asyncio.run(play())
    told = [cdr["start_date_time"], cdr["end_date_time"], cdr["last_updated"], active["start_date_time"]]
    told += [active["last_updated"], evse["last_updated"], envelope["timestamp"]]
    assert is_off_by(hours * HOUR, *map(moment, told), parsedate_to_datetime(headers["Date"]))


def test_it_is_set_in_the_middle_of_a_charge() -> None:
    async def play() -> tuple[Any, list[Any], Any, Any]:
        knobs = {"car_kwh": 20, "clock": 3600, "clock_jump": -3600}
        async with connected({"scenario": "clock-jumps", "knobs": knobs}) as (_sim, one):
            await one.start(DC)
            cdr = await one.cdr()
            parts = [h.body for h in one.heard if h.method == "PATCH" and "/sessions/" in h.path]
            return await one.session("ACTIVE"), parts, await one.session("COMPLETED"), cdr

    active, parts, done, cdr = asyncio.run(play())
    assert is_off_by(HOUR, moment(active["start_date_time"]), moment(parts[0]["last_updated"]))
    assert is_off_by(0 * HOUR, moment(parts[-1]["last_updated"]), moment(done["end_date_time"]))
    assert is_off_by(0 * HOUR, moment(cdr["start_date_time"]), moment(cdr["end_date_time"]))
    assert done["start_date_time"] == active["start_date_time"]
    assert done["kwh"] == cdr["total_energy"] == 20


def test_what_changes_grows_unless_the_clock_was_set_back() -> None:
    clock = Clock(lambda: 0)
    before = clock.now()
    assert clock.later_than(before + timedelta(milliseconds=500)) == before + timedelta(milliseconds=501)
    assert is_off_by(timedelta(0), clock.later_than(before + HOUR), clock.later_than(None))


def test_only_a_clock_may_be_negative() -> None:
    assert Knobs().changed({"clock": "-3600"}).clock == -3600
    for wishes in ({"cdr": -1}, {"clock": "nan"}, {"cdr": "inf"}):
        with pytest.raises(ValueError, match="negative"):
            Knobs().changed(wishes)
