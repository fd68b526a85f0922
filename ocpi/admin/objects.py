"""From what a message touched (`session:SK*ION/S-1`) to the object's page."""

from collections.abc import Iterable

from django.db.models import Model, QuerySet
from django.utils.safestring import SafeString

from ocpi.models import Cdr, Evse, Location, OcpiSession, Tariff
from partners.admin.showing import anchor, url_of

KINDS: dict[str, type[Model]] = {"session": OcpiSession, "cdr": Cdr, "tariff": Tariff, "location": Location}
PLACES = ("evse", "connector")
MOST = 20


def object_links(partner_id: int | None, names: Iterable[str]) -> list[SafeString]:
    """Each name, linked to its object where that is stored."""
    return [anchor(_url(partner_id, str(name)), name) for name, _ in zip(names, range(MOST), strict=False)]


def _url(partner_id: int | None, name: str) -> str:
    if partner_id is None:
        return ""
    kind, _, rest = name.partition(":")
    party, _, path = rest.partition("/")
    ids = path.lower().split("/")
    if kind in PLACES and len(ids) > 1:
        evses = Evse.objects.filter(partner_id=partner_id, location__ocpi_key=ids[0], uid_key=ids[1])
        return _page(Evse, evses)
    if kind not in KINDS:
        return ""
    country, _, party_id = party.partition("*")
    model = KINDS[kind]
    rows = model._default_manager.filter(
        partner_id=partner_id, country_code__iexact=country, party_id__iexact=party_id, ocpi_key=path.lower()
    )
    return _page(model, rows)


def _page(model: type[Model], rows: "QuerySet[Model]") -> str:
    pk = rows.values_list("pk", flat=True).first()
    return url_of(model, pk) if pk else ""
