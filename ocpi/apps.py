"""App configuration: what is watched for in messages and jobs."""

from django.apps import AppConfig


class OcpiConfig(AppConfig):
    name = "ocpi"
    verbose_name = "OCPI"

    def ready(self) -> None:
        from ocpi import detectors
        from ocpi.personal import kinds

        detectors.register_all()
        kinds.register()
