"""Price plans: what drivers pay in place of, or on top of, the CPO's tariff."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from partners.models import Partner


def price(name: str, help_text: str) -> "models.DecimalField[Any, Any]":
    """A gross price in the plan's currency, in its major unit."""
    return models.DecimalField(
        name,
        max_digits=9,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=help_text,
    )


class PlanIsUsed(Exception):
    """A driver was offered this version: it says what was agreed, and stays. Make a new version."""


class PricePlan(models.Model):
    """One version of a price plan: where and when it applies, and what it costs. All prices are gross.

    A version that a driver has taken (`used_at`) never changes but for its end; a change is a new version.
    """

    class Kind(models.TextChoices):
        PASS_THROUGH = "pass_through", "The operator's tariff, as it is"
        MARGIN = "margin", "The operator's tariff and a margin"
        RETAIL = "retail", "Our own price"

    class Current(models.TextChoices):
        AC = "AC", "AC"
        DC = "DC", "DC"

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    location_id = models.CharField("location ID", max_length=39, blank=True, default="")
    power_type = models.CharField("AC or DC", max_length=2, choices=Current.choices, blank=True, default="")
    min_kw = models.DecimalField("from kW", max_digits=7, decimal_places=2, null=True, blank=True)
    max_kw = models.DecimalField("below kW", max_digits=7, decimal_places=2, null=True, blank=True)
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Empty: until further notice.")

    currency = models.CharField(
        max_length=3, blank=True, default="", validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters.")]
    )
    margin_percent = models.DecimalField(
        "margin in percent",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(200)],
        help_text="On every price of the operator's tariff.",
    )
    margin_per_kwh = price("margin per kWh", "On top of it, for each kWh.")
    per_kwh = price("price per kWh", "")
    per_minute = price("price per minute", "Of charging.")
    per_session = price("price per session", "Once.")
    idle_per_minute = price("occupancy fee per minute", "Connected and not charging.")
    idle_after = models.PositiveIntegerField(
        "occupancy fee after", null=True, blank=True, help_text="Minutes since the charge began. Empty: at once."
    )
    by_time = models.TextField(
        "other prices by time",
        blank=True,
        default="",
        help_text="One a line, in the charger's time: days if not all, from-to, price per kWh, and per minute if it "
        "differs: “22:00-06:00 0.39” or “SAT,SUN 08:00-20:00 0.45 0.02”. The first that fits counts.",
    )

    note = models.CharField(max_length=255, blank=True, default="", help_text="Why, and who agreed to it.")
    used_at = models.DateTimeField(
        "first taken", null=True, editable=False, help_text="When a driver first began to charge by it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_plan_per_name_and_version"),
            models.CheckConstraint(
                condition=models.Q(partner__isnull=False) | models.Q(location_id=""),
                name="plans_of_a_location_name_their_partner",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=models.F("valid_from")),
                name="plans_end_after_they_begin",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="retail") | (~models.Q(currency="") & models.Q(per_kwh__isnull=False)),
                name="retail_plans_have_a_price",
            ),
        ]
        indexes = [models.Index(fields=["partner", "valid_until"], name="price_plans_of_a_partner")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises PlanIsUsed where a version that was taken would change."""
        if self.pk and not kwargs.get("force_insert"):
            before = type(self).objects.filter(pk=self.pk, used_at__isnull=False).first()
            if before is not None and self._differs(before):
                raise PlanIsUsed(f"{self} was taken by drivers and stays: make a new version.")
        super().save(*args, **kwargs)

    def _differs(self, before: "PricePlan") -> bool:
        free = {"valid_until", "note", "used_at"}
        names = (column.attname for column in self._meta.concrete_fields if column.name not in free)
        return any(getattr(self, name) != getattr(before, name) for name in names)
