"""Rates of VAT that staff add: from a day on they go before the table that comes with the platform."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models


class VatRate(models.Model):
    """The standard rate of VAT in a country, from a day on until a later row (rule 34)."""

    country = models.CharField(
        max_length=2,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Two capital letters, for example SK.")],
        help_text="ISO 3166-1 alpha-2 of the charger's country, for example SK.",
    )
    valid_from = models.DateField(help_text="First day, in the charger's time zone.")
    percent = models.DecimalField(
        max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    note = models.CharField(max_length=255, blank=True, default="", help_text="Where it was published.")

    class Meta:
        verbose_name = "VAT rate"
        ordering = ["country", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["country", "valid_from"], name="one_vat_rate_per_day"),
            models.CheckConstraint(condition=models.Q(percent__range=(0, 100)), name="vat_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.percent.normalize():f} % from {self.valid_from}"
