"""App configuration: the history watches from the start; the groups of staff follow every migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = "CPOs"

    def ready(self) -> None:
        from partners import history, outbox, parties
        from partners.incidents import mailing, reporting
        from partners.keys import checks, rotating  # noqa: F401  registers the system check
        from partners.keys.columns import SEALED_HEX, encrypted
        from partners.people import rights
        from partners.personal import forgetting, own

        history.record_models()
        parties.watch()
        outbox.listeners.sent = [mailing.note_sent]
        outbox.listeners.given_up = [reporting.note_given_up]
        own.register()
        post_migrate.connect(forgetting.after_migrate, sender=self, dispatch_uid="kinds of personal data")
        encrypted("partners.receivedtoken", "ciphertext", "tokens of CPOs")
        encrypted("otp_totp.totpdevice", "key", "authenticator apps of staff", SEALED_HEX)
        post_migrate.connect(rotating.after_migrate, sender=self, dispatch_uid="the key that writes")
        post_migrate.connect(rights.after_migrate, dispatch_uid="groups of staff")
