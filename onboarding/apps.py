"""App configuration: what follows from a mail that was sent, a network that was changed, and an incident that opens."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    name = "onboarding"
    verbose_name = "Onboarding"

    def ready(self) -> None:
        from onboarding.alerts.raising import raise_alerts
        from onboarding.allowlist import watching
        from onboarding.documents import mailing
        from onboarding.personal import kinds
        from partners import outbox
        from partners.incidents import mailing as incidents

        watching.watch()
        kinds.register()
        outbox.listeners.sent.append(mailing.note_sent)
        incidents.listeners.opened = [raise_alerts]
