"""App configuration: the history watches from the start; the groups of staff follow every migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = "CPOs"

    def ready(self) -> None:
        from partners import history, outbox, parties
        from partners.incidents import mailing, reporting
        from partners.people import rights

        history.record_models()
        parties.watch()
        outbox.listeners.sent = [mailing.note_sent]
        outbox.listeners.given_up = [reporting.note_given_up]
        post_migrate.connect(rights.after_migrate, dispatch_uid="groups of staff")
