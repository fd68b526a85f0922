"""App configuration: what follows from a mail that was sent, and from a network that was changed."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    name = "onboarding"
    verbose_name = "Onboarding"

    def ready(self) -> None:
        from onboarding.allowlist import watching
        from onboarding.documents import mailing
        from onboarding.personal import kinds
        from partners import outbox

        watching.watch()
        kinds.register()
        outbox.listeners.sent.append(mailing.note_sent)
