"""Bookings add-on of OCPI 2.3.0 (Booking 1.1): what can be booked, what is booked, and what we asked for."""

from django.db import models

from ocpi.models.base import MirroredObject
from ocpi.models.outgoing import QueuedRequest
from partners.ground.deadlines import due_index


class BookingLocation(MirroredObject):
    """What can be booked at a location, on which terms and when. `raw` has the calendars in it."""

    location_id = models.CharField("location ID", max_length=255)
    missing_since = models.DateTimeField(null=True, blank=True, help_text="Absent from a full pull since then.")

    class Meta:
        ordering = ["ocpi_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_booking_location_per_id"
            )
        ]


class Booking(MirroredObject):
    """A place that is reserved for a time, as the CPO keeps it."""

    request_id = models.CharField("request ID", max_length=255)
    request_key = models.CharField(max_length=255, editable=False)
    location_id = models.CharField("location ID", max_length=255)
    status = models.CharField(max_length=20)
    authorization_reference = models.CharField(max_length=64, blank=True, default="")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_booking_per_id"
            )
        ]
        indexes = [
            models.Index(fields=["partner", "request_key"]),
            models.Index(fields=["authorization_reference"]),
        ]


class BookingRequest(QueuedRequest):
    """One request to book, to change or to cancel. All for one booking have the same `request_id`."""

    class Kind(models.TextChoices):
        NEW = "NEW", "Book"
        CHANGE = "CHANGE", "Change"
        CANCEL = "CANCEL", "Cancel"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    request_id = models.CharField("request ID", max_length=36)
    country_code = models.CharField(max_length=2, help_text="Of the CPO.")
    party_id = models.CharField("party ID", max_length=3)
    booking = models.ForeignKey(
        Booking, on_delete=models.SET_NULL, null=True, blank=True, related_name="requests", help_text="As answered."
    )

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["partner", "request_id"]),
            due_index("booking_requests_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.request_id}"
