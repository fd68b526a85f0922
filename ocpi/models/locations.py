"""Locations, EVSEs and connectors (OCPI 2.2.1 §8).

Each level keeps its own `raw` without the level below, so that a status update writes one small row.
"""

from django.db import models
from django.db.models.functions import Upper

from ocpi.charger_codes import new_code
from ocpi.models.base import MirroredObject
from partners.models import Partner

LEFT_OUT = "What could not be read when it was last sent whole: {path, message}."


class Location(MirroredObject):
    """A site. `raw` is the Location without `evses`."""

    name = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=255, blank=True, default="")
    city = models.CharField(max_length=255, blank=True, default="")
    country = models.CharField(max_length=3, blank=True, default="")
    time_zone = models.CharField(max_length=255, blank=True, default="")
    latitude = models.DecimalField(max_digits=10, decimal_places=7, null=True)
    longitude = models.DecimalField(max_digits=10, decimal_places=7, null=True)
    publish = models.BooleanField(default=True)
    missing_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Absent from a full pull since then: no longer valid (OCPI 2.2.1 §8.2.1).",
    )

    left_out = models.JSONField(default=list, blank=True, help_text=LEFT_OUT)

    class Meta:
        ordering = ["name", "ocpi_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_location_per_id"
            )
        ]
        indexes = [
            models.Index(fields=["name", "ocpi_id"]),
            models.Index(fields=["ocpi_key"], opclasses=["varchar_pattern_ops"], name="locations_by_id"),
            models.Index(fields=["latitude", "longitude"], name="locations_by_point"),
        ]


class Evse(models.Model):
    """A charging position. `raw` is the EVSE without `connectors`."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="evses")
    uid = models.CharField("UID", max_length=255)
    uid_key = models.CharField(max_length=255, editable=False)
    evse_id = models.CharField("EVSE ID", max_length=255, blank=True, default="", help_text="On the sticker.")
    evse_id_key = models.CharField(max_length=255, blank=True, default="", editable=False)
    code = models.CharField(
        max_length=10,
        unique=True,
        default=new_code,
        editable=False,
        help_text="In its QR code. Made once, and never another EVSE's.",
    )
    status = models.CharField(max_length=20, help_text="PREPARING is kept as BLOCKED.")
    status_received = models.CharField(max_length=20, blank=True, default="", help_text="As the partner wrote it.")
    raw = models.JSONField()
    left_out = models.JSONField(default=list, blank=True, help_text=LEFT_OUT)
    last_updated = models.DateTimeField()
    arrived_at = models.DateTimeField(
        null=True, editable=False, help_text="When we were told that; what a GET brought, when it was asked for."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "EVSE"
        ordering = ["uid"]
        constraints = [models.UniqueConstraint(fields=["location", "uid_key"], name="one_evse_per_uid")]
        indexes = [
            models.Index(fields=["partner", "uid_key"]),
            models.Index(fields=["uid"], name="evses_in_order"),
            models.Index(fields=["evse_id"]),
            models.Index(fields=["evse_id_key", "partner"], name="evses_by_public_id"),
            models.Index(fields=["uid_key"], opclasses=["varchar_pattern_ops"], name="evses_by_uid"),
            models.Index(Upper("evse_id"), name="evses_by_evse_id"),
        ]

    def __str__(self) -> str:
        return self.evse_id or self.uid


class PublishedEvseId(models.Model):
    """An EVSE ID and the partner that published it first. Who writes its row first has it: the constraint decides.

    In production only: an EVSE of a test connection is reached by its code.
    """

    key = models.CharField("EVSE ID", max_length=255, unique=True, help_text="In capitals, without separators.")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="published_evse_ids")
    created_at = models.DateTimeField("first published", auto_now_add=True)

    class Meta:
        verbose_name = "published EVSE ID"
        verbose_name_plural = "published EVSE IDs"
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class Connector(models.Model):
    """A plug or socket of an EVSE. `raw` is the whole Connector."""

    evse = models.ForeignKey(Evse, on_delete=models.CASCADE, related_name="connectors")
    connector_id = models.CharField("ID", max_length=255)
    connector_key = models.CharField(max_length=255, editable=False)
    standard = models.CharField(max_length=40)
    power_type = models.CharField(max_length=20)
    max_kw = models.DecimalField("max. kW", max_digits=8, decimal_places=3, null=True)
    tariff_ids = models.JSONField(default=list)
    raw = models.JSONField()
    last_updated = models.DateTimeField()
    arrived_at = models.DateTimeField(
        null=True, editable=False, help_text="When we were told that; what a GET brought, when it was asked for."
    )

    class Meta:
        ordering = ["connector_id"]
        constraints = [models.UniqueConstraint(fields=["evse", "connector_key"], name="one_connector_per_id")]

    def __str__(self) -> str:
        return f"{self.evse} / {self.connector_id}"

    @property
    def is_dc(self) -> bool:
        return self.power_type == "DC"
