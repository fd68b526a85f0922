"""App configuration: the history watches from the start; the groups of staff follow every migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = "CPOs"

    def ready(self) -> None:
        from partners import history, rights
        from partners.allowlist import watching

        history.record_models()
        watching.watch()
        post_migrate.connect(rights.after_migrate, dispatch_uid="groups of staff")
