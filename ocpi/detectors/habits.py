"""How a partner behaves: new departures from the specification, tokens that it does not take."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, F, Max, Min

from ocpi.models import PartnerQuirk, TokenPush
from partners.ground.persons import to_you
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident, Partner

QUIRKS, TOKENS = "quirks", "token-pushes"
SETTLING_IN = timedelta(days=1)
MANY_TRIES = 3


def new_quirks(window: Window) -> list[Finding]:
    """Kinds of lenience that were never needed before, once the integration has settled in. One statement."""
    rows = PartnerQuirk.objects.filter(
        first_seen__gte=window.since, partner__connected_at__lt=F("first_seen") - SETTLING_IN
    )
    bundles: dict[int, list[PartnerQuirk]] = {}
    for row in rows.order_by("first_seen"):
        bundles.setdefault(row.partner_id, []).append(row)
    return [
        Finding(
            partner_id,
            _odd(quirks),
            quirks[0].first_seen,
            quirks[-1].first_seen,
            len(quirks),
            sum(quirk.first_seen > window.before for quirk in quirks),
        )
        for partner_id, quirks in bundles.items()
    ]


def _odd(quirks: list[PartnerQuirk]) -> Report:
    told = [f"{quirk} ({quirk.example})" if quirk.example else str(quirk) for quirk in quirks]
    return Report(
        key=QUIRKS,
        symptom="Messages depart from the specification in a new way",
        cause="Their server seems to have changed: it sends what we can only read with lenience.",
        resolution="Nothing is lost. Send them the list, so that they can correct it.",
        place=", ".join(dict.fromkeys(quirk.module for quirk in quirks)),
        to_do="Send their technical contact the text for the CPO, when there is time: nothing is lost.",
        severity=Incident.Severity.NOTE,
        tell_cpo=False,
        evidence=[
            evidence(f"{moment(quirk.first_seen)}: {text}", quirk.last_message_id)
            for quirk, text in zip(quirks, told, strict=True)
        ],
        letter="Since a change on your side your messages depart from the OCPI specification: "
        f"{'; '.join(told)}. We can still read them, but others may not. Please correct this.",
    )


def correct_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """None of what began with the incident was needed for a while. One statement."""
    seen = PartnerQuirk.objects.filter(
        partner__in={row.partner_id for row in rows}, first_seen__gte=min(row.first_seen_at for row in rows)
    )
    newest = dict(seen.values_list("partner_id").annotate(Max("last_seen")).order_by())
    limit = window.now - timedelta(hours=settings.DETECT_QUIET_HOURS)
    return {
        (row.partner_id, row.key): f"It was not needed for {settings.DETECT_QUIET_HOURS} hours."
        for row in rows
        if (at := newest.get(row.partner_id)) is None or at < limit
    }


def tokens_not_taken(window: Window) -> list[Finding]:
    """Partners to whom tokens could not be pushed in several tries. One statement over the pushes that wait."""
    waiting = TokenPush.objects.filter(
        next_check_at__isnull=False, tries__gte=MANY_TRIES, partner__connection=Partner.Connection.CONNECTED
    )
    rows = waiting.values("partner_id").annotate(
        count=Count("pk"), first=Min("wanted"), newest=Max("wanted"), message=Max("message_id"), why=Max("error")
    )
    return [
        Finding(
            row["partner_id"],
            _undelivered_report(row["count"], row["why"], row["message"]),
            row["first"],
            row["newest"],
            row["count"],
        )
        for row in rows.order_by()
    ]


def _undelivered_report(count: int, why: str, message: int | None) -> Report:
    return Report(
        key=TOKENS,
        symptom="Tokens do not reach the CPO",
        cause=f"PUT /tokens fails: {why}",
        resolution="The CPO's Tokens endpoint has to be corrected. We try again until it has all tokens.",
        place="PUT /tokens",
        to_do="Open the exchange: it has their answer. When it is mended, press Push again on a token push.",
        evidence=[evidence(f"Tokens that wait: {count}, each after at least {MANY_TRIES} tries: {why}", message)],
        letter=f"Your Tokens endpoint does not accept our tokens ({count} waiting): {to_you(why)} Please check your "
        "server's log. We try again until you have all of our tokens.",
    )


DETECTORS = (
    Detector(QUIRKS, new_quirks, correct_again, quiet=False),
    Detector(TOKENS, tokens_not_taken, over="All tokens were delivered."),
)
