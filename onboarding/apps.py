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
        from partners.keys.columns import encrypted

        watching.watch()
        kinds.register()
        encrypted("onboarding.alertchannel", "url", "addresses of alerts")
        encrypted("onboarding.alertchannel", "secret", "secrets of alerts")
        outbox.listeners.sent.append(mailing.note_sent)
        incidents.listeners.opened = [raise_alerts]
