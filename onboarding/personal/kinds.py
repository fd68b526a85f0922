"""Which personal data onboarding keeps, and forgetting the people of CPOs that are off-boarded."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from onboarding.guide import Stage
from onboarding.models import LinkEvent, Onboarding, PartnerLink
from partners.ground.personal import CPOS, STAFF, WITH_CPO, Kind, keep_personal
from partners.models import Contact, Partner

BITE = 1000
FORGOTTEN = "(forgotten)"


def register() -> None:
    keep_personal(
        Kind(
            "contacts",
            "Contacts of CPOs",
            CPOS,
            frozenset({"partners.contact.*", "onboarding.partnerlink.given_to", "onboarding.linkevent.text"}),
            "Whom to write to and call (guide 3.1), and who did what over a link.",
            days=lambda: (settings.CONTACT_DAYS, "CONTACT_DAYS"),
            until="counted from the off-boarding",
            forget=forget_contacts,
        )
    )
    keep_personal(
        Kind(
            "link-addresses",
            "Addresses from which CPOs opened their page",
            CPOS,
            frozenset({"onboarding.linkevent.source_address"}),
            "To see a link in the wrong hands.",
            days=lambda: (settings.LINK_ADDRESS_DAYS, "LINK_ADDRESS_DAYS"),
            forget=forget_link_addresses,
        )
    )
    keep_personal(
        Kind(
            "alert-addresses",
            "Whom alerts are mailed to",
            STAFF,
            frozenset({"onboarding.alertchannel.mail_to"}),
            "To tell people of incidents where they are.",
            until="as long as the channel",
        )
    )
    keep_personal(
        Kind(
            "signatures",
            "Who signed, and who judged tests",
            CPOS,
            frozenset({"onboarding.signoff.*", "onboarding.checklistitem.ticked_by"})
            | {"onboarding.functionaltest.sfp_by", "onboarding.functionaltest.cpo_by"},
            "Both sides' word that the integration works (guide 7.4, 7.5).",
            until=WITH_CPO,
        )
    )


def _ended(now: datetime) -> "QuerySet[Partner]":
    """Partners that were off-boarded long enough ago, and are not being integrated anew."""
    old = Q(stage=Stage.OFF_BOARDED.value, stage_since__lt=now - timedelta(days=settings.CONTACT_DAYS))
    ended, live = Onboarding.objects.filter(old), Onboarding.objects.exclude(old)
    gone = Partner.objects.filter(Q(onboardings__in=ended) | Q(tested_as__in=ended))
    return gone.exclude(Q(onboardings__in=live) | Q(tested_as__in=live))


def forget_contacts(now: datetime) -> int:
    """Delete the contacts of CPOs that were off-boarded long ago, and their names at links."""
    ended = _ended(now).values("pk")
    done = Contact.objects.filter(pk__in=_some(Contact.objects.filter(partner__in=ended))).delete()[0]
    links = PartnerLink.objects.filter(partner__in=ended).exclude(given_to=FORGOTTEN)
    done += PartnerLink.objects.filter(pk__in=_some(links)).update(given_to=FORGOTTEN)
    events = LinkEvent.objects.filter(link__partner__in=ended).exclude(text=FORGOTTEN)
    return done + LinkEvent.objects.filter(pk__in=_some(events)).update(text=FORGOTTEN)


def forget_link_addresses(now: datetime) -> int:
    """Forget from where links were used long ago."""
    old = LinkEvent.objects.filter(at__lt=now - timedelta(days=settings.LINK_ADDRESS_DAYS)).exclude(source_address="")
    return LinkEvent.objects.filter(pk__in=_some(old)).update(source_address="")


def _some(rows: "QuerySet[Contact] | QuerySet[PartnerLink] | QuerySet[LinkEvent]") -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:BITE])
