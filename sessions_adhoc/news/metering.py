"""Samples: what each Session update says of the meter, and what is wrong with it (rules 21-23)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists

from ocpi.receivers import SessionNews
from ocpi.store import columns, stamps
from ocpi.store.stamps import Stamp
from ocpi.versions import VERSIONS
from partners.ground.writes import Writes
from sessions_adhoc.engine.snapshot import began_within, energy_observed
from sessions_adhoc.models import AttemptSession, ChargingAttempt, Sample
from sessions_adhoc.money.estimating import MOST_KW

SECONDS_PER_HOUR = Decimal(3600)
SLACK = timedelta(minutes=5)
"""A rise of more than `MOST_KW` makes in the time since the last reading, and this while, is no kWh: most often Wh."""

TIMES_ITS_POWER = 50
"""So much more than a connector is said to have nothing comes out of it, however wrong that is. Wh for kWh are 1000
times the energy, and 50 times what the connector can deliver where the car takes a twentieth of it."""

NEVER_DOUBTED = Decimal(60)
"""kWh of a charge that are believed however soon they are told: Sessions that come late, and all at once."""

LEAST_KW = Decimal(1)
"""A connector that is said to have less has no known power: some tell kW as W."""

TOO_FAST = "more than a charger can deliver since the newest sample"


def is_known(news: SessionNews) -> bool:
    """Whether GET shows once more what we were told before: we asked, and the CPO has nothing new. That is no update
    (rule 17), and costs nothing; those who wait for the answer hear of it by themselves."""
    if news.source != "GET" or news.created:
        return False
    told = AttemptSession.objects.filter(ocpi_session=news.session, status_told=news.session.status)
    samples = Sample.objects.filter(ocpi_session=news.session, at=news.at, kwh=news.kwh, soc=news.soc)
    if news.kw is not None:
        samples = samples.filter(kw=news.kw)
    return told.filter(Exists(samples)).exists()


def take(link: AttemptSession, newest: Sample | None, news: SessionNews, now: datetime, writes: Writes) -> None:
    """Keep the sample; note on the attempt when energy was first observed. Only a valid Session's energy counts.

    `newest`: the last one of this Session that counts.
    """
    attempt = link.attempt
    valid = link.validity == AttemptSession.Validity.VALID
    connector = attempt.session.connector
    reading = read_meter(
        news,
        newest,
        now,
        attempt,
        valid=valid,
        interval=attempt.session.policy["meter_interval"],
        max_kw=connector.max_kw if connector else None,
    )
    if shows_first_energy(attempt, news, reading):
        attempt.energy_at = now
        writes.change(attempt, "energy_at")
    writes.add(Sample(attempt=attempt, ocpi_session=news.session, **reading))


def shows_first_energy(attempt: ChargingAttempt, news: SessionNews, reading: dict[str, Any]) -> bool:
    """Whether energy is observed by an update, and was not before (rule 11). A meter that tells Wh tells of it too."""
    if reading["ignored"] not in ("", TOO_FAST) or attempt.energy_at is not None or news.session.status != "ACTIVE":
        return False
    return energy_observed(news.session, attempt)


def read_meter(
    news: SessionNews,
    newest: Sample | None,
    now: datetime,
    attempt: ChargingAttempt,
    *,
    valid: bool,
    interval: float,
    max_kw: Decimal | None,
) -> dict[str, Any]:
    """The columns of the sample that an update makes, but for whose it is (rules 21-23).

    Args:
        newest: the newest sample of this Session that counts.
        attempt: the one that the Session belongs to.
        valid: the Session is its attempt's valid one.
        interval: seconds between two updates, as agreed.
        max_kw: the connector's largest power, where it is known.
    """
    since = None if newest is None else _since(newest, news, now)
    ignored = _why_ignored(valid, news, newest)
    if not ignored and _is_too_fast(news, newest, now, attempt, max_kw):
        ignored = TOO_FAST
    # What no charger can deliver is no reading: 25 kWh in 4 ms, a power of 1e9.
    kw, derived = columns.fitting(Sample, "kw", news.kw), False
    if kw is None and not ignored and newest is not None:
        kw = derived_kw(newest, news, since)
        derived = kw is not None
    return {
        "at": news.at,
        "received_at": now,
        "kwh": columns.fitting(Sample, "kwh", news.kwh),
        "kw": kw,
        "kw_derived": derived,
        "soc": columns.fitting(Sample, "soc", news.soc),
        "source": news.source,
        "ignored": ignored,
        "faults": "" if ignored else ",".join(faults(interval, news, since)),
        "message_id": news.message_id,
    }


def _why_ignored(valid: bool, news: SessionNews, newest: Sample | None) -> str:
    """Rule 22: older than the newest, or with less kWh, changes nothing. Rule 12: nor does an orphan's."""
    if not valid:
        return "its Session is not valid"
    less = newest is not None and news.kwh is not None and newest.kwh is not None and news.kwh < newest.kwh
    # Stamps of whole seconds: of two with one stamp the one with less energy is not the older one for that.
    if news.stale and not (less and newest is not None and news.at == newest.at):
        return "older than the newest sample"
    return "less kWh than the newest sample" if less else ""


def _is_too_fast(
    news: SessionNews, newest: Sample | None, now: datetime, attempt: ChargingAttempt, max_kw: Decimal | None
) -> bool:
    """Nobody's charge is ended at its limit by a number that cannot be true (rules 22, 33).

    A Session that began after our START began with 0 kWh then; a meter that counts on from an earlier charge may say
    anything at first (rule 11).
    """
    if news.kwh is None:
        return False
    if newest is not None and newest.kwh is not None:
        gone = max(_since(newest, news, now), now - newest.received_at) + SLACK
        if news.kwh - newest.kwh > MOST_KW * _hours_of(gone):
            return True
    kw = MOST_KW if max_kw is None or max_kw < LEAST_KW else max_kw * TIMES_ITS_POWER
    most = max(kw * _hours_of(now - attempt.created_at), NEVER_DOUBTED)
    return news.kwh > most and began_within(news.session, attempt)


def _hours_of(gone: timedelta) -> Decimal:
    return Decimal(gone.total_seconds()) / SECONDS_PER_HOUR


def _since(newest: Sample, news: SessionNews, now: datetime) -> timedelta:
    """How long after the newest sample this one was made, also where their clock was set meanwhile (rule 31)."""
    return stamps.apart(Stamp(newest.at, newest.received_at), Stamp(news.at, now))


def derived_kw(newest: Sample, news: SessionNews, since: timedelta | None) -> Decimal | None:
    """Mean power between two samples, in kW, or None when they do not tell (rule 21)."""
    if news.kwh is None or newest.kwh is None or not since or since < timedelta(0):
        return None
    hours = Decimal(since.total_seconds()) / SECONDS_PER_HOUR
    return columns.fitting(Sample, "kw", (news.kwh - newest.kwh) / hours)


def faults(interval: float, news: SessionNews, since: timedelta | None) -> list[str]:
    """What is wrong with this update of an ACTIVE Session: no kWh, no kW, too late (rule 23, G5.11).

    OCPI 2.1.1 cannot tell kW, so there it is no fault.
    """
    if news.session.status != "ACTIVE":
        return []
    found = ["energy"] if news.kwh is None else []
    if news.kw is None and VERSIONS[news.session.version].sessions_tell_power:
        found.append("power")
    if since is not None and since > timedelta(seconds=interval):
        found.append("late")
    return found
