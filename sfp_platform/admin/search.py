"""One box for every id that anybody may be told: exact or from its beginning, each kind by its own index.

Where a kind has rows whose id begins with the text, it brings a few. The number of queries does not depend on what
is found. Who may not see a kind does not find it either.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Lower, Upper
from django.http import HttpRequest
from django.utils import timezone
from unfold.dataclasses import SearchResult

from billing.models import PaymentAuthorization, Receipt
from ocpi.charger_codes import plain
from ocpi.log.searching import subject_term
from ocpi.models import Cdr, Command, Evse, Location, Message, OcpiSession, Tariff, Token
from partners.admin.kit.finding import ids_starting_with
from partners.admin.kit.showing import list_url, url_of
from partners.models import Mail, Partner
from sessions_adhoc.models import AdHocSession, ChargingAttempt

MOST = 5
CARD = re.compile(r"(?P<four>\d{4})(?:[ ,]+(?P<when>\S.*))?")
MOMENTS = ("%H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d %b %Y %H:%M", "%d %b %H:%M", "%d.%m. %H:%M")
AROUND = timedelta(minutes=15)
SHORTEST = 2


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """What is found, for Unfold's command palette."""
    # Unfold hands over small letters; some references are compared as they were written.
    text = str(request.GET.get("s") or term).strip()
    if len(text) < SHORTEST:
        return []
    results: list[SearchResult] = []
    for model, icon, look, describe in KINDS:
        if request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
            rows = list(look(text).order_by()[:MOST])
            results += [_result(row, icon, describe(row)) for row in rows]
    if request.user.has_perm("ocpi.view_message") and subject_term(text):
        url = list_url(Message, q=text)
        results.append(SearchResult("Look in the message log", f"for messages that name “{text}”", url, "list_alt"))
    return results


def _result(row: Model, icon: str, description: str) -> SearchResult:
    return SearchResult(str(row), f"{row._meta.verbose_name}, {description}", url_of(type(row), row.pk), icon)


def partners(text: str) -> QuerySet[Partner]:
    return Partner.objects.filter(Q(code__istartswith=text) | Q(name__istartswith=text) | Q(party_id__iexact=text))


def sessions(text: str) -> QuerySet[AdHocSession]:
    """By its own id, its driver's token, or the reference that START_SESSION carried."""
    by_reference = ChargingAttempt.objects.filter(authorization_reference=text.lower())
    attempts = list(by_reference.values_list("session", flat=True)[:MOST])
    tokens = list(Token.objects.annotate(key=Lower("uid")).filter(key=text.lower()).values_list("pk", flat=True)[:MOST])
    rows = AdHocSession.objects.select_related("evse", "partner")
    return rows.filter(ids_starting_with(text) | Q(pk__in=attempts) | Q(token__in=tokens))


def ocpi_sessions(text: str) -> QuerySet[OcpiSession]:
    rows = OcpiSession.objects.annotate(token_key=Upper("token_uid")).select_related("partner")
    return rows.filter(
        Q(ocpi_key__startswith=text.lower()) | Q(token_key=text.upper()) | Q(authorization_reference=text)
    )


def cdrs(text: str) -> QuerySet[Cdr]:
    rows = Cdr.objects.annotate(token_key=Upper("token_uid")).select_related("partner")
    return rows.filter(
        Q(ocpi_key__startswith=text.lower())
        | Q(session_key__startswith=text.lower())
        | Q(token_key=text.upper())
        | Q(authorization_reference=text)
    )


def tokens(text: str) -> QuerySet[Token]:
    rows = Token.objects.annotate(key=Lower("uid"), contract=Lower("contract_id"))
    return rows.filter(Q(key=text.lower()) | Q(contract=text.lower()))


def evses(text: str) -> QuerySet[Evse]:
    rows = Evse.objects.annotate(sticker=Upper("evse_id")).select_related("partner", "location")
    return rows.filter(Q(uid_key__startswith=text.lower()) | Q(sticker=text.upper()) | Q(code=plain(text)))


def locations(text: str) -> QuerySet[Location]:
    return Location.objects.filter(ocpi_key__startswith=text.lower()).select_related("partner")


def tariffs(text: str) -> QuerySet[Tariff]:
    return Tariff.objects.filter(ocpi_key__startswith=text.lower()).select_related("partner")


def commands(text: str) -> QuerySet[Command]:
    return Command.objects.filter(ids_starting_with(text)).select_related("partner")


def payments(text: str) -> QuerySet[PaymentAuthorization]:
    """By its id or the gateway's, or as a driver tells it: the card's last four digits, and when."""
    told = ids_starting_with(text) | Q(gateway_reference=text)
    if card := CARD.fullmatch(text):
        told |= Q(card=card["four"], **_around(card["when"] or ""))
    return PaymentAuthorization.objects.filter(told)


def _around(when: str) -> dict[str, Any]:
    """A quarter of an hour before and after a moment, as a filter; none for an empty one or what is no moment.

    Without its day or year it is the last that was: at 2 a.m. `23:50` is yesterday's.
    """
    now = timezone.localtime()
    for form in MOMENTS:
        try:
            told = datetime.strptime(when, form)  # noqa: DTZ007  it gets the platform's zone below
        except ValueError:
            continue
        moment = _last(told, form, now)
        return {"created_at__gte": moment - AROUND, "created_at__lte": moment + AROUND}
    return {}


def _last(told: datetime, form: str, now: datetime) -> datetime:
    """The last moment that is meant; a few minutes ahead of us it may be, by the driver's watch."""
    if "%Y" in form:
        return timezone.make_aware(told)
    if "%d" not in form:
        moment = timezone.make_aware(told.replace(year=now.year, month=now.month, day=now.day))
        return moment - timedelta(days=1) if moment > now + AROUND else moment
    moment = timezone.make_aware(told.replace(year=now.year))
    return timezone.make_aware(told.replace(year=now.year - 1)) if moment > now + AROUND else moment


def receipts(text: str) -> QuerySet[Receipt]:
    return Receipt.objects.filter(number__startswith=text.upper())


def mails(text: str) -> QuerySet[Mail]:
    """To exactly this address: of drivers, as long as we know theirs."""
    return Mail.objects.filter(Q(to=[text]) | Q(to=[text.lower()])) if "@" in text else Mail.objects.none()


def messages(text: str) -> QuerySet[Message]:
    """The exchange with this request or correlation id; what names an object is a link of its own."""
    found = Q(request_id=text) | Q(correlation_id=text)
    return Message.objects.filter(found).defer("request_body", "response_body").select_related("partner")


def _of(row: Any) -> str:
    return str(row.partner.label)


def _moment(row: Any) -> str:
    return f"{row.get_direction_display()}, HTTP {row.http_status or '-'}"


KINDS: tuple[tuple[type[Model], str, Callable[[str], QuerySet[Any]], Callable[[Any], str]], ...] = (
    (Partner, "handshake", partners, lambda row: f"{row.country_code}*{row.party_id}"),
    (AdHocSession, "bolt", sessions, lambda row: f"{row.get_state_display()}, {row.partner.label}"),
    (OcpiSession, "ev_station", ocpi_sessions, lambda row: f"{row.status}, {row.partner.label}"),
    (Cdr, "receipt_long", cdrs, lambda row: f"{row.total_told}, {row.partner.label}"),
    (Token, "badge", tokens, lambda row: "valid" if row.valid else "not valid"),
    (Evse, "ev_charger", evses, lambda row: f"{row.status}, {row.location}, {row.partner.label}"),
    (Location, "location_on", locations, _of),
    (Tariff, "sell", tariffs, _of),
    (Command, "terminal", commands, _of),
    (PaymentAuthorization, "payments", payments, lambda row: str(row.get_state_display())),
    (Receipt, "receipt", receipts, lambda row: f"{row.issued_at:%-d %b %Y}"),
    (Mail, "outgoing_mail", mails, lambda row: str(row.get_state_display())),
    (Message, "list_alt", messages, _moment),
)
