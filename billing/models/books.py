"""The books: double entry, written once. Amounts in minor units; a debit is above zero, a credit below."""

from django.db import models
from django.utils import timezone

from billing.models.authorization import PaymentAuthorization
from billing.models.event import AppendOnly
from billing.models.outstanding import OutstandingAmount
from billing.models.payout import Payout
from ocpi.models import Cdr
from partners.ground.deadlines import due_index
from partners.models import Partner


class Account(models.TextChoices):
    """What money can be, from where we stand. `docs/finance.md` says what moves each."""

    HOLDS = "holds", "Held for drivers (memo)"
    HOLDS_CONTRA = "holds_contra", "Held for drivers, contra (memo)"
    GATEWAY = "gateway", "Captured at the gateway"
    BANK = "bank", "Paid out by the gateway"
    FEES = "fees", "Gateway's fees"
    DRIVERS = "drivers", "Paid by drivers, no receipt yet"
    REFUNDS = "refunds", "Given back to drivers, no credit note yet"
    DISPUTED = "disputed", "Withheld for disputes"
    DISPUTE_LOSSES = "dispute_losses", "Lost in disputes"
    REVENUE = "revenue", "Revenue, without VAT"
    VAT = "vat", "VAT owed"
    COST = "cost", "Cost of charging, without VAT"
    INPUT_VAT = "input_vat", "VAT in CDRs"
    PAYABLE = "payable", "Payable to CPOs"
    CLAIMS = "claims", "Claims against CPOs"
    RECEIVABLES = "receivables", "Receivable from drivers"
    DEFERRED = "deferred", "Receivable from drivers, contra"
    ELSEWHERE = "elsewhere", "Settled outside the platform"
    ROUNDING = "rounding", "Rounding"


class LedgerTransaction(AppendOnly):
    """One fact, posted once: `key` is made of the fact. Its entries come to zero in each currency."""

    class Kind(models.TextChoices):
        HOLD = "hold", "Hold"
        CAPTURE = "capture", "Capture"
        REFUND = "refund", "Refund"
        DISPUTE = "dispute", "Dispute"
        CDR = "cdr", "CDR"
        OUTSTANDING = "outstanding", "Claim or receivable"
        RECEIPT = "receipt", "Receipt"
        PAYOUT = "payout", "Payout"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField(help_text="When it happened.")
    posted_at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=200, blank=True)
    authorization = models.ForeignKey(
        PaymentAuthorization, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="payment"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    cdr = models.ForeignKey(Cdr, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="CDR")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, null=True, related_name="+")
    outstanding = models.ForeignKey(
        OutstandingAmount, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="claim or receivable"
    )

    class Meta:
        verbose_name = "ledger transaction"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="billing_ledger_at"),
            models.Index(fields=["kind", "-at"], name="billing_ledger_by_kind"),
            models.Index(fields=["partner", "-at"], name="billing_ledger_by_partner"),
        ]

    def __str__(self) -> str:
        return self.key


class LedgerEntry(AppendOnly):
    """One line of a transaction. `country` and `rate` (percent) where the account is VAT's."""

    Account = Account

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=16, choices=Account.choices)
    country = models.CharField(max_length=2, blank=True)
    rate = models.DecimalField("VAT %", max_digits=5, decimal_places=2, null=True, blank=True)
    amount = models.BigIntegerField(help_text="Minor units: a debit above zero, a credit below.")
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~models.Q(amount=0), name="billing_ledger_entry_moves")]
        indexes = [models.Index(fields=["account", "currency"], name="billing_ledger_by_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.currency}"


class FinanceMonth(LedgerTransaction):
    """The ledger as finance reads it: month by month, partner by partner. No table of its own."""

    class Meta:
        proxy = True
        verbose_name = "month"


class UnpostedPayment(models.Model):
    """Money of this payment moved, and the books do not have it yet. Written with the step of the history."""

    id = models.BigAutoField(primary_key=True)
    authorization = models.ForeignKey(PaymentAuthorization, on_delete=models.PROTECT, related_name="+")
    next_check_at = models.DateTimeField(null=True, default=timezone.now)

    class Meta:
        indexes = [due_index("billing_unposted_due")]

    def __str__(self) -> str:
        return str(self.authorization_id)
