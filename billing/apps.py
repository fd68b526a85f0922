"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing import vat
        from billing.books.verifying import CHECKS
        from billing.gateways import checks  # noqa: F401  registers the system checks
        from billing.payouts.verifying import payouts_told_otherwise
        from billing.personal import kinds
        from billing.receipts import verifying
        from partners.keys.columns import encrypted

        CHECKS.append(("receipts", verifying.receipts_told_otherwise))
        CHECKS.append(("payouts", payouts_told_otherwise))
        kinds.register()
        encrypted("billing.paymentauthorization", "action", "links and secrets that drivers pay with")
        post_migrate.connect(vat.after_migrate, sender=self, dispatch_uid="rates of VAT")
