"""Sessions and CDRs of the partners (OCPI 2.2.1 §9, §10)."""

from django.db import models
from django.db.models.functions import Upper

from ocpi.models.base import MirroredObject
from partners.ground.numbers import plain_sum


class OcpiSession(MirroredObject):
    """A charging process on the CPO's side. What it means for a driver is decided by `sessions_adhoc`."""

    USED_AGAIN = " #"
    """After the key of a Session whose id the CPO used again for another one, before our number of it (rule 7). An id
    may have it too (`Charge #12`): whether it is our mark is told by the id itself."""

    status = models.CharField(max_length=12)
    kwh = models.DecimalField("kWh", max_digits=12, decimal_places=4)
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField(null=True)
    token_uid = models.CharField("token UID", max_length=64)
    authorization_reference = models.CharField(max_length=64, blank=True, default="")
    location_id = models.CharField("location ID", max_length=255, blank=True, default="")
    evse_uid = models.CharField("EVSE UID", max_length=255, blank=True, default="")
    connector_id = models.CharField("connector ID", max_length=255, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    first_kwh = models.DecimalField("first kWh", max_digits=12, decimal_places=4, null=True)
    first_seen_at = models.DateTimeField(help_text="When we first heard of it, by push or pull.")
    first_active_at = models.DateTimeField(null=True, help_text="When we first saw it ACTIVE.")
    news_at = models.DateTimeField(help_text="When we last heard of it.")
    whole_at = models.DateTimeField(null=True, help_text="`last_updated` of the newest whole Session that came.")
    gone_periods = models.JSONField(
        default=list, help_text="When charging periods began that a whole Session took back."
    )
    needs_pull = models.BooleanField(default=False, help_text="A PATCH came out of order: fields may be missing.")

    class Meta:
        verbose_name = "OCPI session"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_session_per_id"
            )
        ]
        indexes = [
            models.Index(fields=["authorization_reference"]),
            models.Index(fields=["partner", "token_uid"]),
            models.Index(fields=["partner", "-id"]),
            models.Index(fields=["ocpi_key"], opclasses=["varchar_pattern_ops"], name="ocpi_sessions_by_id"),
            models.Index(Upper("token_uid"), name="ocpi_sessions_by_token"),
            # Sessions that are not over: few beside those that are.
            models.Index(
                fields=["status", "-id"],
                condition=~models.Q(status__in=["COMPLETED", "INVALID"]),
                name="ocpi_sessions_open",
            ),
            models.Index(fields=["-id"], condition=models.Q(status="INVALID"), name="ocpi_sessions_invalid"),
            models.Index(fields=["first_seen_at"], name="ocpi_sessions_by_first_seen"),
        ]

    @property
    def is_set_aside(self) -> bool:
        """Whether its id is another Session's by now: nothing is told of this one any more."""
        return self.ocpi_key != self.ocpi_id.lower()


class Cdr(MirroredObject):
    """A charge detail record. Immutable: the same id with another content is refused and flagged."""

    uuid = models.UUIDField(unique=True, help_text="In the URL that we answer a POST with.")
    session_id = models.CharField("session ID", max_length=255, blank=True, default="")
    session_key = models.CharField(max_length=255, blank=True, default="", editable=False)
    authorization_reference = models.CharField(max_length=64, blank=True, default="")
    token_uid = models.CharField("token UID", max_length=64)
    location_id = models.CharField("location ID", max_length=255, blank=True, default="")
    evse_uid = models.CharField("EVSE UID", max_length=255, blank=True, default="")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    total_net = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    total_gross = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, help_text="Empty where the CDR states no tax."
    )
    total_energy = models.DecimalField("total kWh", max_digits=12, decimal_places=4)
    credit = models.BooleanField(default=False)
    credit_reference_id = models.CharField(max_length=255, blank=True, default="")
    content_digest = models.CharField(max_length=64, editable=False)
    conflicting = models.BooleanField(default=False, help_text="The same id was sent again with another content.")

    class Meta:
        verbose_name = "CDR"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_cdr_per_id")
        ]
        indexes = [
            models.Index(fields=["authorization_reference"]),
            models.Index(fields=["partner", "session_key"]),
            models.Index(fields=["partner", "token_uid"]),
            models.Index(fields=["partner", "-id"]),
            models.Index(fields=["ocpi_key"], opclasses=["varchar_pattern_ops"], name="cdrs_by_id"),
            models.Index(fields=["end_at"], name="cdrs_by_end"),
            models.Index(fields=["session_key"], opclasses=["varchar_pattern_ops"], name="cdrs_by_session"),
            models.Index(Upper("token_uid"), name="cdrs_by_token"),
            models.Index(fields=["-id"], condition=models.Q(conflicting=True), name="cdrs_conflicting"),
            models.Index(fields=["-id"], condition=models.Q(credit=True), name="cdrs_credit"),
        ]

    @property
    def total_told(self) -> str:
        """The total as the CPO told it: `12.30 EUR`, or `10.00 EUR without taxes`."""
        if self.total_gross is not None:
            return f"{plain_sum(self.total_gross)} {self.currency}"
        return (
            f"{plain_sum(self.total_net)} {self.currency} without taxes" if self.total_net is not None else "no total"
        )
