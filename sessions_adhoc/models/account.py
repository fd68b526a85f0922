"""What is to be done about a session's account after its end, and where its driver wants the receipt."""

from django.db import models
from django.utils import timezone

from partners.ground.deadlines import due_index
from sessions_adhoc.models.session import AdHocSession


class AccountDue(models.Model):
    """The session ended, or there was news of its money or CDRs since: the account is looked at."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(AdHocSession, on_delete=models.PROTECT, related_name="+")
    next_check_at = models.DateTimeField(null=True, default=timezone.now)

    class Meta:
        indexes = [due_index("accounts_due")]

    def __str__(self) -> str:
        return str(self.session_id)


class AwaitedCdr(models.Model):
    """A charge that was billed by our own calculation, and whose CDR has not come.

    `due_at`: when its absence became a symptom.
    """

    session = models.OneToOneField(AdHocSession, primary_key=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="awaited_cdrs_due")]

    def __str__(self) -> str:
        return str(self.session_id)


class ReceiptWish(models.Model):
    """The address to which a driver wants the receipt mailed, encrypted. `next_check_at`: when it is forgotten."""

    session = models.OneToOneField(
        AdHocSession, primary_key=True, on_delete=models.PROTECT, related_name="receipt_wish"
    )
    address = models.BinaryField()
    mails = models.JSONField(default=list, help_text="Mails that have the address.")
    next_check_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [due_index("receipt_wishes_due")]

    def __str__(self) -> str:
        return str(self.session_id)
