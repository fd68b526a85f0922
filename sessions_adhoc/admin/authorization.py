"""Payment authorizations: where the money is, who is awaited, and how it came about."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateTimeFilter

from billing.admin import payment_words
from billing.admin.amounts import amount
from billing.gateways import gateway_names
from billing.models import PaymentAuthorization, PaymentEvent
from partners.admin.kit.finding import ids_starting_with
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, ago, at, badge, code, countdown, link, nowrap, url_of
from sessions_adhoc.models import AdHocSession

State = PaymentAuthorization.State
BUSY = (State.RESERVING, State.CAPTURING, State.RELEASING, State.REFUNDING)


class GatewayFilter(DropdownFilter):
    """One gateway, of those that there are: asking the table for its gateways would read all of it."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in gateway_names()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PaymentAuthorization]
    ) -> QuerySet[PaymentAuthorization]:
        return queryset.filter(gateway=self.value()) if self.value() in gateway_names() else queryset


def session_of(row: PaymentAuthorization) -> AdHocSession | None:
    """The ad-hoc session that it pays for."""
    try:
        found: AdHocSession = (row.main or row).ad_hoc_session
    except ObjectDoesNotExist:
        return None
    return found


@admin.register(PaymentAuthorization)
class PaymentAuthorizationAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first. Money is moved on the page of the session, where its story is."""

    change_form_template = "admin/billing/paymentauthorization/page.html"
    list_display = (
        "shown_reference",
        "shown_state",
        "reserved",
        "captured",
        "pays",
        "shown_session",
        "gateway_reference",
        "next_check",
        "created",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        GatewayFilter,
        ("dispute", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("ad_hoc_session__evse", "main__ad_hoc_session__evse")
    quick_filters = (
        ("All", ""),
        ("Held", "state__exact=reserved"),
        ("Captured", "state__exact=captured"),
        ("Being given back", "state__exact=refunding"),
        ("Declined", "state__exact=declined"),
    )
    search_fields = ("reference",)
    search_help_text = "Payment or session ID, or the gateway's reference"
    ordering = ("-created_at",)
    empty_title = "No payments yet"
    empty_text = "One is made with each ad-hoc session: a driver starts one with the QR code on a charger."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PaymentAuthorization], search_term: str
    ) -> tuple[QuerySet[PaymentAuthorization], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = ids_starting_with(term) | Q(reference=term.lower()) | Q(gateway_reference=term)
        # The session's id is its payment's reference.
        sessions = AdHocSession.objects.filter(ids_starting_with(term)).order_by()
        found |= Q(pk__in=list(sessions.values_list("authorization", flat=True)[:50]))
        return queryset.filter(found), False

    def refresh(self, row: PaymentAuthorization) -> int:
        return 3 if row.state in BUSY else 0

    def standing(self, row: PaymentAuthorization) -> Standing:
        return payment_words.standing_of(row)

    def panels(self, request: HttpRequest, row: PaymentAuthorization) -> dict[str, Any]:
        session = session_of(row)
        there = ": capture, release or give back there" if row.state in (State.RESERVED, State.CAPTURED) else ""
        return {
            "shortcuts": [(f"Session {session}{there}", url_of(AdHocSession, session.pk))] if session else [],
            "money": {
                "Waiting for": payment_words.who_is_awaited(row),
                "To reserve": amount(row.amount, row.currency),
                "To capture": amount(row.capture_amount, row.currency),
                "Captured": amount(row.captured_amount or None, row.currency),
                "Given back": amount_given_back(row),
                "Disputed": dispute_of(row),
                "Driver pays": amount(row.kept_amount if row.captured_amount else None, row.currency),
            },
            "facts": {
                "Payment": code(row.pk),
                "Session": link(session) if session else code(row.reference),
                "For": row.get_purpose_display(),
                "Kept for another try until": at(row.kept_until) if row.kept_until else "",
                "Now with": link(row.handed_to) if row.handed_to else "",
                "Gateway": row.gateway,
                "Gateway's reference": code(row.gateway_reference),
                "Payment method": code(row.payment_method),
                "Gateway says": " ".join(filter(None, [row.failure_code, row.failure_message])),
                "Reservation expires": at(row.expires_at) if row.expires_at else "",
                "Warned of that": at(row.expiry_warned_at) if row.expiry_warned_at else "",
                "Created": at(row.created_at),
                "Times asked for this": row.attempts or "",
                "Last asked": at(row.called_at) if row.called_at else "",
            },
            "events": [event_line(event, row.currency) for event in row.events.all()],
        }

    @admin.display(description="payment")
    def shown_reference(self, row: PaymentAuthorization) -> SafeString | str:
        """The beginning of the session's id, as everywhere; another reference in whole."""
        try:
            return nowrap(str(UUID(row.reference))[:8])
        except ValueError:
            return row.reference

    @admin.display(description="state")
    def shown_state(self, row: PaymentAuthorization) -> SafeString:
        return badge(
            row.get_state_display(),
            DANGER if payment_words.needs_people(row) else payment_words.TONES[State(row.state)],
        )

    @admin.display(description="to reserve")
    def reserved(self, row: PaymentAuthorization) -> SafeString:
        return nowrap(amount(row.amount, row.currency))

    @admin.display(description="captured")
    def captured(self, row: PaymentAuthorization) -> SafeString:
        return nowrap(amount(row.captured_amount or None, row.currency))

    @admin.display(description="driver pays")
    def pays(self, row: PaymentAuthorization) -> SafeString:
        """Captured less given back."""
        return nowrap(amount(row.kept_amount if row.captured_amount else None, row.currency))

    @admin.display(description="session")
    def shown_session(self, row: PaymentAuthorization) -> SafeString | str:
        return link(session_of(row))

    @admin.display(description="next check")
    def next_check(self, row: PaymentAuthorization) -> SafeString | str:
        return countdown(row.next_check_at)

    @admin.display(description="created")
    def created(self, row: PaymentAuthorization) -> SafeString | str:
        return ago(row.created_at)


def amount_given_back(row: PaymentAuthorization) -> str:
    """What was, and what is on its way."""
    done = amount(row.refunded_amount or None, row.currency)
    return f"{done}; {amount(row.refund_amount, row.currency)} is under way" if row.refund_amount else done


def dispute_of(row: PaymentAuthorization) -> str:
    """How much, and how it stands."""
    disputed = amount(row.disputed_amount or None, row.currency)
    return ", ".join(filter(None, [disputed, row.get_dispute_display().lower()])) if row.dispute else ""


def event_line(event: PaymentEvent, currency: str) -> dict[str, Any]:
    """A line of the history."""
    return {
        "at": event.at,
        "text": payment_words.describe_event(event, currency),
        "change": payment_words.change(event),
        "moved": event.from_state != event.to_state,
        "key": event.key,
    }
