"""The project's own app: the admin site, and the checks of how it is set up."""

import gc

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PlatformConfig(AppConfig):
    name = "sfp_platform"
    verbose_name = "Platform"

    def ready(self) -> None:
        from sfp_platform.configuration import (
            staging,  # noqa: F401  registers the system checks
            telemetry,
        )

        telemetry.start()
        # What a process is made of stays as long as it does: no search for garbage looks at it again, nor does the one
        # at its end, which was a third of a command's time.
        gc.freeze()
        gc.enable()


class StaffAdminConfig(AdminConfig):
    """Django's admin, on our site."""

    default_site = "sfp_platform.staff.site.StaffSite"
