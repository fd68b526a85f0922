"""The CPO's own page: the link that opens it, what was done over it, and what the CPO ticked.

A link's token is kept as a SHA-256 digest, like every token that we issue.
"""

from django.conf import settings
from django.db import models

from partners.models.partner import Partner


class PartnerLink(models.Model):
    """One link that opens the CPO's page. It ends by itself or when staff revoke it."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hex.")
    given_to = models.CharField(max_length=150, help_text="Who got it. What is done over it is recorded in this name.")
    reveals_token_b = models.BooleanField(default=True, help_text="Whether Token B may be revealed over it, once.")
    token_b_revealed_at = models.DateTimeField(null=True, blank=True)
    token_b_last4 = models.CharField(max_length=4, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_opened_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Link of {self.given_to}"


class LinkEvent(models.Model):
    """Something that was done over a link: who, when, from where, what. Append-only, and without secrets."""

    class Kind(models.TextChoices):
        INTAKE = "intake", "Entered information"
        WINDOW = "window", "Suggested a window"
        REFUSED = "refused", "Entered something invalid"
        CHECKLIST = "checklist", "Changed the checklist"
        TOKEN_B = "token_b", "Token B revealed"
        TOKEN_B_AGAIN = "token_b_again", "Asked for Token B again"
        DATA_SHEET = "data_sheet", "Fetched the data sheet"
        FETCHED = "fetched", "Fetched a document"
        JUDGED = "judged", "Judged a test"
        CONFIRMED = "confirmed", "Confirmed going live"
        SIGNED = "signed", "Signed"
        BENCH_CHECK = "bench_check", "Checked its server"
        BENCH_CHARGE = "bench_charge", "Started a test charge"

    link = models.ForeignKey(PartnerLink, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=13, choices=Kind.choices)
    text = models.TextField(help_text="What exactly, in words; of a secret its last four characters.")
    source_address = models.CharField(max_length=45, blank=True, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["link", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"


class ChecklistItem(models.Model):
    """A tick that the CPO set in the guide's checklist (guide 9). What the platform sees itself has no row."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="checklist")
    key = models.CharField(max_length=30)
    ticked_at = models.DateTimeField()
    ticked_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["ticked_at"]
        constraints = [models.UniqueConstraint(fields=["partner", "key"], name="checklist_item_ticked_once")]

    def __str__(self) -> str:
        return self.key
