"""App configuration: registers for the news of the layers below, and what is watched for."""

from django.apps import AppConfig


class SessionsAdhocConfig(AppConfig):
    name = "sessions_adhoc"
    verbose_name = "Charging"

    def ready(self) -> None:
        from billing.receivers import on_authorization_changed
        from ocpi import receivers
        from sessions_adhoc import belonging, detectors, finishing, news, services

        detectors.register_all()
        receivers.on_session(news.session_news, receivers.Interest(belonging.WHOSE, belonging.whose_params))
        receivers.on_evse_status(news.evse_news)
        receivers.on_cdr(news.cdr_news)
        receivers.on_command(news.command_news)
        receivers.on_sending(news.may_be_sent)
        receivers.on_finishing(finishing.is_finishing)
        receivers.on_occupied(services.why_occupied)
        on_authorization_changed(news.payment_news, lock_first=news.lock_session)
