"""Policy: the numbers of the session rules, by platform, partner, location and EVSE.

Each field may be empty: then the next wider scope decides (EVSE, location, partner, platform default).
"""

from django.core.validators import MinValueValidator
from django.db import models

from partners.models.partner import Partner


def seconds(help_text: str) -> "models.PositiveIntegerField[int | None, int | None]":
    return models.PositiveIntegerField(null=True, blank=True, help_text=f"Seconds. {help_text}")


class Policy(models.Model):
    """What was agreed beyond OCPI. A row with neither partner, location nor EVSE is the platform's default."""

    class StartStrategy(models.TextChoices):
        IMMEDIATE = "immediate", "Immediate"
        WAIT_FOR_PREPARING = "wait_for_preparing", "Wait for PREPARING"

    class AutoRetry(models.TextChoices):
        DC = "dc", "DC connectors"
        ALWAYS = "always", "Always"
        NEVER = "never", "Never"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="policies", null=True, blank=True)
    location_id = models.CharField("location ID", max_length=39, blank=True, default="")
    evse_uid = models.CharField("EVSE UID", max_length=39, blank=True, default="")

    start_strategy = models.CharField(max_length=20, choices=StartStrategy.choices, blank=True, default="")
    push_ad_hoc_tokens = models.BooleanField(
        null=True,
        blank=True,
        help_text="Push an ad-hoc session's token before its START_SESSION. OCPI does not ask for it (2.2.1 §13.1), "
        "as the command carries the token. Some CPOs start only tokens that they know.",
    )
    created_timeout = seconds("How long a session may wait for its payment to begin.")
    authorizing_timeout = seconds("How long the gateway may take to reserve the funds.")
    connector_timeout = seconds("How long we wait for BLOCKED/PREPARING before giving up (rule 2).")
    session_timeout = seconds("Window in which the Session must appear after an accepted START (G5.2, rule 8).")
    energy_timeout = seconds("Window in which energy must be observed after the Session became ACTIVE (rule 11).")
    meter_interval = seconds("A sample older than this makes us GET /sessions (G5.11, rule 17).")
    silence_timeout = seconds("No news for this long: we stop tracking (rule 17).")
    pull_retry = seconds("Pause between the three tries of a GET /sessions (rule 8).")
    stop_timeout = seconds("How long a STOP may take before we ask (rule 19).")
    cdr_timeout = seconds("First GET /cdrs this long after the end.")
    cdr_deadline = seconds("A CDR missing for this long is escalated.")
    flap_delay = seconds("How long AVAILABLE/BLOCKED must last before charging counts as over (rule 15).")
    auto_retry = models.CharField(max_length=6, choices=AutoRetry.choices, blank=True, default="")
    retry_delay = seconds("Pause before the next attempt (rule 13).")
    retry_window = seconds("No new attempt later than this after the funds were reserved (rule 13).")
    hold_for_retry = seconds(
        "How long the money stays held for another try after a charge that came to nothing; 0: not at all."
    )
    hold_for_retry_terminal = seconds("The same for a payment terminal, which the driver has left by then.")
    max_attempts = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    reservation_amount = models.PositiveIntegerField(null=True, blank=True, help_text="Minor units, for example cents.")
    reservation_currency = models.CharField(max_length=3, blank=True, default="")
    totals_include_vat = models.BooleanField(
        null=True,
        blank=True,
        help_text="Where prices and totals say nothing of VAT they include it already. OCPI means them without, "
        "so otherwise the VAT of the charger's country is added (rule 34).",
    )
    at_limit = models.CharField(
        max_length=8,
        choices=[("stop", "Stop the charge"), ("go_on", "Go on")],
        blank=True,
        default="",
        help_text="When the live estimate is about to exceed what is reserved (rule 33).",
    )
    reservation_minimum = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Minor units. No client may reserve less; in other currencies, in proportion to their amounts.",
    )
    reservation_amounts = models.JSONField(
        null=True,
        blank=True,
        help_text="What is reserved where the tariff is in another currency, in its minor units: "
        '{"CZK": 100000}. A currency that is not named cannot be charged in.',
    )
    limit_choices = models.JSONField(
        null=True,
        blank=True,
        help_text="The limits that a driver chooses from, in minor units of the reservation currency, smallest first: "
        "[2000, 4000, 8000]. In other currencies, in proportion to their amounts. The default is half, once and "
        "twice what is reserved.",
    )
    own_calculation_after = seconds(
        "No CDR this long after the end: the charge is settled by our own calculation from the price shown."
    )
    max_price_per_kwh = models.DecimalField(
        "highest price per kWh",
        max_digits=9,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Gross, in the reservation's currency, for example 1.50. Where no tariff was known, a CDR that asks "
        "more is not captured by itself (rule 32). The default is 1.50 and meant in EUR.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["partner_id", "location_id", "evse_uid"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "location_id", "evse_uid"], name="one_policy_per_scope"),
            models.UniqueConstraint(
                fields=["location_id"], condition=models.Q(partner__isnull=True), name="one_platform_policy"
            ),
            models.CheckConstraint(
                condition=models.Q(partner__isnull=False) | models.Q(location_id="", evse_uid=""),
                name="location_and_evse_policies_name_their_partner",
            ),
            models.CheckConstraint(
                condition=~models.Q(location_id="") | models.Q(evse_uid=""),
                name="evse_policies_name_their_location",
            ),
        ]

    def __str__(self) -> str:
        if self.partner_id is None:
            return "Platform default"
        return " / ".join(filter(None, [self.partner.name if self.partner else "", self.location_id, self.evse_uid]))
