"""App configuration. Installed where the product is rehearsed, never where it is run for drivers."""

from django.apps import AppConfig


class RehearsalConfig(AppConfig):
    name = "rehearsal"
    verbose_name = "Rehearsal"
