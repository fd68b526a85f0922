"""The project's own app: command line, admin site."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "sfp_platform"
    verbose_name = "Platform"
