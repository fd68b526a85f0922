"""Charges of our own cards and apps: what CPOs tell of them, and what our back office is handed."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from ocpi.models import Cdr, OcpiSession, Token
from partners.ground.deadlines import due_index
from partners.models import Partner
from sessions_adhoc.models.client import ClientKey
from sessions_adhoc.models.session import AdHocSession


class ContractRecord(models.Model):
    """One Session, CDR or credit CDR of a contract: checked, and handed to the back office once, under a `number`.

    A Session is open until it is over. What is odd is held for staff, and nothing of it is handed over before they say
    so. `offer`: as `AdHocSession.offer`, frozen when the charge was first heard of. Amounts are gross, in the major
    unit of `currency`: `asked` by the CDR, `price` by the CPO's own tariff, `pays`, what of it we owe, `claim` what is
    asked beyond it, `offered` what our own price plan comes to.
    """

    class Kind(models.TextChoices):
        SESSION = "session", "Session"
        CDR = "cdr", "CDR"
        CREDIT = "credit", "Credit CDR"

    class State(models.TextChoices):
        OPEN = "open", "Charging"
        DUE = "due", "Waiting"
        HELD = "held", "Held for staff"
        HANDED = "handed", "Handed over"
        REFUSED = "refused", "Not handed over"

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    ocpi_session = models.OneToOneField(
        OcpiSession, on_delete=models.PROTECT, null=True, related_name="contract_record", verbose_name="OCPI session"
    )
    cdr = models.OneToOneField(
        Cdr, on_delete=models.PROTECT, null=True, related_name="contract_record", verbose_name="CDR"
    )
    token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    contract_id = models.CharField("contract ID", max_length=36, blank=True, default="")
    session = models.ForeignKey(
        AdHocSession, on_delete=models.PROTECT, null=True, related_name="+", help_text="Started through the API."
    )
    offer = models.JSONField(default=dict)
    doubts = models.JSONField(default=list, help_text="What is odd about it: code and words.")
    currency = models.CharField(max_length=3, blank=True, default="")
    asked = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    price = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    pays = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    claim = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    offered = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    state = models.CharField(max_length=7, choices=State.choices)
    next_check_at = models.DateTimeField(null=True, blank=True)
    number = models.BigIntegerField(unique=True, null=True, help_text="The order in which records were handed over.")
    body = models.JSONField(null=True, help_text="As it was handed over.")
    handed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField("acknowledged", null=True)
    acknowledged_by = models.ForeignKey(
        ClientKey, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    note = models.CharField(max_length=500, blank=True, default="", help_text="Why staff decided so.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = "contract charge"
        permissions = [("decide_contract", "Can decide about contract charges that are held")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="session", ocpi_session__isnull=False, cdr__isnull=True)
                | models.Q(kind__in=["cdr", "credit"], ocpi_session__isnull=True, cdr__isnull=False),
                name="contract_records_are_of_one_object",
            ),
            models.CheckConstraint(
                condition=models.Q(state="handed", number__isnull=False, body__isnull=False)
                | (~models.Q(state="handed") & models.Q(number__isnull=True)),
                name="contract_records_have_a_number_once_handed",
            ),
        ]
        indexes = [
            due_index("contract_records_due"),
            models.Index(fields=["contract_id", "-id"], name="contract_records_of_contract"),
            models.Index(fields=["token", "-id"], name="contract_records_of_token"),
            models.Index(fields=["partner", "-id"], name="contract_records_of_partner"),
            models.Index(fields=["handed_at"], condition=models.Q(state="handed"), name="contract_records_by_handing"),
            models.Index(
                fields=["number"],
                condition=models.Q(state="handed", acknowledged_at__isnull=True),
                name="contract_records_to_fetch",
            ),
            models.Index(fields=["partner", "-id"], condition=models.Q(state="held"), name="contract_records_held"),
        ]

    def __str__(self) -> str:
        row = self.cdr or self.ocpi_session
        return f"{self.get_kind_display()} {row.ocpi_id if row else ''}"


class ContractNumber(models.Model):
    """The last number that a record was handed over under. Whoever hands over holds the one row until the commit: so
    numbers have no gap, and whoever has read up to one has missed none before it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last)
