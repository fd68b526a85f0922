"""The project's own app: command line, admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PlatformConfig(AppConfig):
    name = "sfp_platform"
    verbose_name = "Platform"

    def ready(self) -> None:
        from billing import stored
        from billing.receivers import on_authorization_changed
        from ocpi.conformance.pricing import on_price
        from partners.onboarding import gathering
        from sfp_platform import portal_facts, staging, terminal_receipts  # noqa: F401  staging: its checks
        from sfp_platform.onboarding import facts

        gathering.register(facts.facts_of)
        portal_facts.register()
        on_price(stored.price_by_its_own_tariff)
        on_authorization_changed(terminal_receipts.payment_changed)


class StaffAdminConfig(AdminConfig):
    """Django's admin, on our site."""

    default_site = "sfp_platform.staff.site.StaffSite"
