"""Samples: what each Session update says of the meter (rules 21, 22)."""

from datetime import datetime
from decimal import Decimal

from ocpi.receivers import SessionNews
from sessions_adhoc.models import ChargingAttempt, Sample
from sessions_adhoc.snapshot import energy_observed

SECONDS_PER_HOUR = Decimal(3600)


def take(attempt: ChargingAttempt, news: SessionNews, now: datetime) -> Sample:
    """Keep the sample; note on the attempt when energy was first observed."""
    newest = (
        Sample.objects.filter(attempt=attempt, ocpi_session=news.session, ignored="").order_by("-at", "-id").first()
    )
    ignored = _why_ignored(news, newest)
    kw, derived = news.kw, False
    if kw is None and not ignored and newest is not None:
        kw = derived_kw(newest, news)
        derived = kw is not None
    if not ignored and attempt.energy_at is None and news.session.status == "ACTIVE" and energy_observed(news.session):
        attempt.energy_at = news.at
        attempt.save(update_fields=["energy_at"])
    return Sample.objects.create(
        attempt=attempt,
        ocpi_session=news.session,
        at=news.at,
        received_at=now,
        kwh=news.kwh,
        kw=kw,
        kw_derived=derived,
        soc=news.soc,
        source=news.source,
        ignored=ignored,
        message_id=news.message_id,
    )


def _why_ignored(news: SessionNews, newest: Sample | None) -> str:
    """Rule 22: older than the newest, or with less kWh, changes nothing."""
    if news.stale or (newest is not None and news.at < newest.at):
        return "older than the newest sample"
    if newest is not None and news.kwh is not None and newest.kwh is not None and news.kwh < newest.kwh:
        return "less kWh than the newest sample"
    return ""


def derived_kw(newest: Sample, news: SessionNews) -> Decimal | None:
    """Mean power between two samples, in kW, or None when they do not tell (rule 21)."""
    if news.kwh is None or newest.kwh is None or news.at <= newest.at:
        return None
    hours = Decimal((news.at - newest.at).total_seconds()) / SECONDS_PER_HOUR
    return ((news.kwh - newest.kwh) / hours).quantize(Decimal("0.001"))
