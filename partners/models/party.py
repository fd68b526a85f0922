"""Whose a party is: one partner's per environment, whatever roles it has there (OCPI 2.2.1 §7.4.3)."""

from typing import Any

from django.db import models, transaction
from django.db.models.functions import Upper

from partners.models.checking import checking
from partners.models.partner import COUNTRY_CODE, PARTY_ID, Partner


class PartySource(models.TextChoices):
    """Where it comes from that a partner speaks for a party."""

    AGREED = "agreed", "Agreed with the partner"
    STAFF = "staff", "Entered by staff"
    CREDENTIALS = "credentials", "Their credentials"
    HUB = "hub", "A hub's list"


class PartyOwner(models.Model):
    """A party and the one partner that may speak for it. Who writes its row first has it: the constraint decides.

    `approved` once it is granted anything: staff agreed to it, or to the hub that told of it.
    """

    environment = models.CharField(max_length=12, choices=Partner.Environment.choices)
    country_code = models.CharField("country code", max_length=2, validators=[COUNTRY_CODE])
    party_id = models.CharField("party ID", max_length=3, validators=[PARTY_ID])
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="parties")
    approved = models.BooleanField(default=False)
    source = models.CharField(max_length=11, choices=PartySource.choices, default=PartySource.STAFF)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "party"
        verbose_name_plural = "parties"
        ordering = ["country_code", "party_id", "environment"]
        constraints = [
            models.UniqueConstraint(
                "environment", Upper("country_code"), Upper("party_id"), name="one_owner_per_party_and_environment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} ({self.environment})"


class PartnerRole(models.Model):
    """A party in a role that the partner's platform speaks for (OCPI 2.2.1 §7.4.3 CredentialsRole).

    What credentials name beyond what was agreed waits for staff, and grants nothing until then.
    """

    class Role(models.TextChoices):
        CPO = "CPO", "CPO"
        EMSP = "EMSP", "eMSP"
        HUB = "HUB", "Hub"
        NAP = "NAP", "NAP"
        NSP = "NSP", "NSP"
        OTHER = "OTHER", "Other"
        SCSP = "SCSP", "SCSP"

    class State(models.TextChoices):
        PENDING = "pending", "Waits for approval"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CPO)
    country_code = models.CharField("country code", max_length=2, validators=[COUNTRY_CODE])
    party_id = models.CharField("party ID", max_length=3, validators=[PARTY_ID])
    business_name = models.CharField(max_length=100, blank=True, default="")
    website = models.URLField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.APPROVED)
    source = models.CharField(max_length=11, choices=PartySource.choices, default=PartySource.STAFF)
    created_at = models.DateTimeField("named since", auto_now_add=True, null=True)

    class Meta:
        verbose_name = "party's role"
        verbose_name_plural = "parties' roles"
        ordering = ["country_code", "party_id", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "role"], name="one_row_per_party_role"
            )
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="pending"), name="roles_to_decide")]

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.role}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises `partners.parties.PartyTaken` where the party is another partner's."""
        with transaction.atomic():  # with what follows from it (`post_save`)
            super().save(*args, **kwargs)

    def clean(self) -> None:
        checking.send(PartnerRole, instance=self)

    @property
    def party(self) -> tuple[str, str]:
        """(country_code, party_id)."""
        return self.country_code, self.party_id
