"""People and networks of a partner."""

import ipaddress

from django.core.exceptions import ValidationError
from django.db import models

from partners.models.partner import Partner


class Contact(models.Model):
    """Whom we write to and call (guide 3.1: technical contact)."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=100)
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def validate_network(value: str) -> None:
    """Refuse what is neither an IP address nor a CIDR range."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValidationError(f"{value!r} is neither an IP address nor a CIDR range such as 1.2.3.0/24.") from error


class AllowedNetwork(models.Model):
    """A source address or range of a partner (guide 3.1). With none listed, any address may call."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="allowed_networks")
    network = models.CharField(max_length=43, validators=[validate_network], help_text="1.2.3.4 or 1.2.3.0/24")
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["network"]
        constraints = [models.UniqueConstraint(fields=["partner", "network"], name="network_listed_once")]

    def __str__(self) -> str:
        return self.network
