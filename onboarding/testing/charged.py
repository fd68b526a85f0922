"""Connections over which a real charge went through: started by us, with energy, and its CDR came."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Upper

from ocpi.models import Cdr
from sessions_adhoc.models import AdHocSession


def charged_partners(since: Mapping[int, datetime]) -> set[int]:
    """Those of `since`, by partner the moment from which charges count. One query; none where there are none."""
    if not since:
        return set()
    counts = reduce(or_, (Q(partner=pk, created_at__gte=moment) for pk, moment in since.items()))
    billed = Cdr.objects.alias(name=Upper("token_uid")).filter(
        partner=OuterRef("partner"), name=Upper(OuterRef("token__uid")), credit=False, total_energy__gt=0
    )
    charges = AdHocSession.objects.filter(counts, Exists(billed), attempts__energy_at__isnull=False)
    return set(charges.order_by().values_list("partner_id", flat=True).distinct())
