"""Which personal data charges keep."""

from datetime import datetime, timedelta

from django.conf import settings

from partners.ground.personal import BY_LAW, DRIVERS, Kind, keep_personal
from sessions_adhoc.models import Sample

BITE = 5000


def register() -> None:
    keep_personal(
        Kind(
            "receipt-addresses",
            "Drivers' addresses for receipts",
            DRIVERS,
            frozenset({"sessions_adhoc.receiptwish.*"}),
            "To mail receipts and credit notes. Encrypted.",
            days=lambda: (settings.RECEIPT_ADDRESS_DAYS, "RECEIPT_ADDRESS_DAYS"),
        )
    )
    keep_personal(
        Kind(
            "samples",
            "Meter values of charges",
            DRIVERS,
            frozenset({"sessions_adhoc.sample.*"}),
            "What a charge cost at each moment: to answer complaints, and to prove a bill.",
            days=lambda: (settings.SAMPLE_DAYS, "SAMPLE_DAYS"),
            until="after the charge",
            forget=forget_samples,
        )
    )
    keep_personal(
        Kind(
            "charges",
            "Ad-hoc sessions and their timelines",
            DRIVERS,
            frozenset({"sessions_adhoc.adhocsession.*", "sessions_adhoc.timelineevent.*"})
            | {"sessions_adhoc.chargingattempt.*", "sessions_adhoc.repeatablerequest.*"},
            "What happened to a charge and its money. No name and no address.",
            until=BY_LAW,
        )
    )
    keep_personal(
        Kind(
            "contract-charges",
            "Charges of our own contracts",
            DRIVERS,
            frozenset({"sessions_adhoc.contractrecord.*"}),
            "What was charged with which card or app, and handed to our back office. No name and no address.",
            until=BY_LAW,
        )
    )
    keep_personal(
        Kind(
            "events",
            "Events for clients of the driver's API",
            DRIVERS,
            frozenset({"sessions_adhoc.webhookdelivery.*"}),
            "To deliver them, and to send them again. No name and no address.",
            until="30 days after they were written, once they were taken",
        )
    )


def forget_samples(now: datetime) -> int:
    """Delete samples of charges that ended long ago: of the oldest ones, so that what is kept costs nothing."""
    before = now - timedelta(days=settings.SAMPLE_DAYS)
    oldest = Sample.objects.order_by("pk").values_list("pk", "attempt__session__ended_at")[:BITE]
    old = [pk for pk, ended_at in oldest if ended_at is not None and ended_at < before]
    return int(Sample.objects.filter(pk__in=old).delete()[0])
