"""Partner: a platform we are connected to."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models, transaction

from partners.ground import ocpi_versions
from partners.models.checking import checking

PARTY_ID = RegexValidator(r"^[A-Z0-9]{3}$", "A party ID is 3 characters, A-Z and 0-9.")
COUNTRY_CODE = RegexValidator(r"^[A-Z]{2}$", "A country code is 2 letters (ISO 3166-1 alpha-2).")
PARTNER_CODE = RegexValidator(
    r"^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$",
    "A code is 1-30 lower-case letters, digits and inner hyphens: it becomes part of a host name.",
)


class Partner(models.Model):
    """One CPO platform: its identity, the agreed version and what we learnt about how it speaks."""

    class Environment(models.TextChoices):
        TEST = "test", "Test"
        PRODUCTION = "production", "Production"

    class TokenEncoding(models.TextChoices):
        UNKNOWN = "", "Not learnt yet"
        RAW = "raw", "Raw"
        BASE64 = "base64", "Base64"

    class Connection(models.TextChoices):
        NOT_CONNECTED = "not_connected", "Not connected"
        CONNECTED = "connected", "Connected"
        SUSPENDED = "suspended", "Suspended"

    code = models.CharField(
        max_length=30,
        unique=True,
        validators=[PARTNER_CODE],
        help_text="In the host of their endpoint: ocpi-<code>.",
    )
    name = models.CharField(max_length=100)
    country_code = models.CharField("country code", max_length=2, validators=[COUNTRY_CODE])
    party_id = models.CharField("party ID", max_length=3, validators=[PARTY_ID])
    agreed_version = models.CharField(
        "OCPI version", max_length=10, choices=ocpi_versions.CHOICES, default=ocpi_versions.RECOMMENDED
    )
    version = models.CharField(
        "version in use",
        max_length=10,
        blank=True,
        default="",
        help_text="Set by the handshake; empty until then.",
    )
    versions_url = models.URLField(
        "their versions URL",
        max_length=255,
        blank=True,
        default="",
        help_text="Empty until they told us: they may enter it over their link.",
    )
    environment = models.CharField(max_length=12, choices=Environment.choices, default=Environment.TEST)
    connection = models.CharField(max_length=14, choices=Connection.choices, default=Connection.NOT_CONNECTED)
    suspended_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Charges that were live then are finished: for a day at most."
    )
    connected_at = models.DateTimeField(null=True, blank=True)
    token_encoding = models.CharField(
        max_length=6,
        choices=TokenEncoding.choices,
        blank=True,
        default=TokenEncoding.UNKNOWN,
        help_text="How our token is written in the Authorization header. Learnt on the handshake.",
    )
    writes_nulls = models.BooleanField(
        "optional fields as null",
        default=False,
        help_text="Their library refuses messages in which an optional field is absent, so that we send each of them, "
        "as null. Learnt from an answer with HTTP 422; switch it on where they refuse with something else.",
    )
    hub_party_id = models.CharField("hub party ID", max_length=5, blank=True, default="")
    enabled_versions = models.JSONField(
        default=list,
        blank=True,
        help_text="On-request versions switched on for this partner, for example 2.3.0.",
    )
    integration_window_starts_at = models.DateTimeField(
        null=True, blank=True, help_text="Agreed with their technical team (guide 7.1): their server is reachable then."
    )
    integration_window_ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        permissions = [
            ("onboard_partner", "Can onboard partners: stages, handshake, tests, checks, sign-off"),
            ("override_condition", "Can overrule a condition of a stage"),
            ("suspend_partner", "Can suspend and resume partners"),
            ("offboard_partner", "Can off-board partners"),
            ("reveal_secret", "Can have secrets revealed, once"),
            ("change_allowlist", "Can change which networks a partner may call from"),
            ("approve_party", "Can decide whose a party and an EVSE ID is"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["country_code", "party_id", "environment"],
                name="one_partner_per_party_and_environment",
            ),
            models.CheckConstraint(
                condition=models.Q(integration_window_ends_at__isnull=True)
                | models.Q(integration_window_starts_at__lt=models.F("integration_window_ends_at")),
                name="integration_window_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["connection"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.country_code}*{self.party_id}, {self.environment})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises `partners.parties.PartyTaken` where its party, or its hub's, is another partner's."""
        with transaction.atomic():  # with what follows from it (`post_save`)
            super().save(*args, **kwargs)

    def clean(self) -> None:
        checking.send(Partner, instance=self)

    @property
    def label(self) -> str:
        """Its name in lists: `Ion`, and `Ion (test)` for the test system of the same CPO."""
        return self.name if self.environment == self.Environment.PRODUCTION else f"{self.name} ({self.environment})"
