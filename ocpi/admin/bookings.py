"""Bookings (OCPI 2.3.0): what can be booked, what is booked, and what we asked for."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from ocpi.admin.mirrored import MirroredAdmin
from ocpi.admin.outgoing import FILTERS, SENDING, OutgoingAdmin
from ocpi.models import Booking, BookingLocation, BookingRequest
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, at, badge, clock_time, lines, link

TONES = {"PENDING": INFO, "RESERVED": SUCCESS, "FULFILLED": SUCCESS, "REJECTED": DANGER, "FAILED": DANGER}


@admin.register(Booking)
class BookingAdmin(HugeMixin, MirroredAdmin):
    """As the CPO keeps them."""

    list_display = ("ocpi_id", "shown_status", "location_id", "begins", "ends", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter), ("start_at", RangeDateTimeFilter))
    search_fields = ("ocpi_key__startswith", "request_key__startswith", "authorization_reference__exact")
    search_help_text = "Beginning of the booking or request ID in small letters, or authorization reference"
    fieldsets = (
        ("Booking", {"fields": ("ocpi_id", ("shown_partner", "party"), "location_id", ("start_at", "end_at"))}),
        ("Whose it is", {"fields": (("request_id", "authorization_reference"), "requests")}),
        ("As received", {"fields": ("shown_raw", "shown_messages")}),
    )
    readonly_fields = ("shown_partner", "party", "requests", "shown_raw", "shown_messages")
    empty_title = "No bookings yet"
    empty_text = "They come from partners that speak OCPI 2.3.0 with bookings, after we asked for one."

    def standing(self, row: Booking) -> Standing:
        text = f"From {clock_time(row.start_at)} to {clock_time(row.end_at)}, as the partner last said."
        return Standing(row.status, text, TONES.get(row.status, NEUTRAL))

    @admin.display(description="status")
    def shown_status(self, row: Booking) -> SafeString:
        return badge(row.status, TONES.get(row.status, NEUTRAL))

    @admin.display(description="from")
    def begins(self, row: Booking) -> SafeString | str:
        return at(row.start_at)

    @admin.display(description="to")
    def ends(self, row: Booking) -> SafeString | str:
        return at(row.end_at)

    @admin.display(description="our requests")
    def requests(self, row: Booking) -> SafeString | str:
        return lines(link(request) for request in row.requests.all()[:20])


@admin.register(BookingRequest)
class BookingRequestAdmin(OutgoingAdmin):
    """Ours: to book, to change, to cancel."""

    list_display = ("kind", "request_id", "shown_state", "shown_response", "shown_partner", "created")
    list_filter = (*FILTERS, ("kind", ChoicesDropdownFilter))
    search_fields = ("request_id__exact",)
    search_help_text = "Request ID"
    fieldsets = (
        ("Request", {"fields": (("kind", "shown_partner"), "request_id", "shown_request")}),
        ("Answer", {"fields": ("shown_response", "failure", "shown_booking")}),
        SENDING,
    )
    readonly_fields = (*OutgoingAdmin.readonly_fields, "shown_booking")
    empty_title = "No booking requests yet"
    empty_text = "We can ask for one where a partner speaks OCPI 2.3.0 with bookings and sent bookable places."

    @admin.display(description="booking")
    def shown_booking(self, row: BookingRequest) -> SafeString | str:
        return link(row.booking)


@admin.register(BookingLocation)
class BookingLocationAdmin(MirroredAdmin):
    """What can be booked, with its calendars."""

    list_display = ("ocpi_id", "location_id", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter),)
    search_fields = ("ocpi_key__startswith", "location_id__exact")
    search_help_text = "Beginning of its ID in small letters, or location ID"
    fieldsets = (
        ("Place", {"fields": (("ocpi_id", "location_id"), ("shown_partner", "party"), "last_updated")}),
        ("As received", {"fields": ("shown_raw", "shown_messages")}),
    )
    readonly_fields = ("shown_partner", "party", "shown_raw", "shown_messages")
    empty_title = "No bookable places yet"
    empty_text = "Partners that speak OCPI 2.3.0 with bookings push them; pull “booking_locations” to read them now."
