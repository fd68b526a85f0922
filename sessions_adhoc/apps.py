"""App configuration: registers for the news of the layers below, and what is watched for."""

from django.apps import AppConfig


class SessionsAdhocConfig(AppConfig):
    name = "sessions_adhoc"
    verbose_name = "Charging"

    def ready(self) -> None:
        from billing.books.verifying import CHECKS
        from billing.receivers import on_authorization_changed, on_owned
        from ocpi import receivers
        from partners.keys.columns import encrypted
        from sessions_adhoc import belonging, detectors
        from sessions_adhoc.accounts import verifying
        from sessions_adhoc.contracts import recognising
        from sessions_adhoc.driver import services
        from sessions_adhoc.engine import pulls
        from sessions_adhoc.money import terminal_receipts
        from sessions_adhoc.news import connecting, finishing, following, following_statuses, receiving
        from sessions_adhoc.personal import kinds

        detectors.register_all()
        kinds.register()
        encrypted("sessions_adhoc.receiptwish", "address", "addresses for receipts")
        encrypted("sessions_adhoc.webhookendpoint", "secret", "secrets of webhooks")
        encrypted("sessions_adhoc.webhookendpoint", "old_secret", "older secrets of webhooks")
        encrypted("sessions_adhoc.displaysecret", "secret", "secrets of displays")
        encrypted("sessions_adhoc.displaysecret", "old_secret", "older secrets of displays")
        waited_for = f"{belonging.WHOSE} UNION ALL {recognising.WAITED_FOR}"
        whose = receivers.Interest(waited_for, lambda row: [*belonging.whose_params(row), *recognising.waited_for(row)])
        receivers.on_session(receiving.session_news, whose, following.CHARGES)
        at_evse = receivers.Interest(connecting.LIVE_AT_EVSE, lambda evse: [evse.pk])
        receivers.on_evse_status(connecting.evse_news, at_evse, following_statuses.CONNECTORS)
        receivers.on_cdr(receiving.cdr_news)
        receivers.on_missing_session(pulls.ask_about_missing)
        receivers.on_command(receiving.command_news)
        receivers.on_sending(receiving.may_be_sent)
        receivers.on_finishing(finishing.is_finishing)
        receivers.on_occupied(services.why_occupied)
        on_owned(receiving.lock_paid)
        on_authorization_changed(terminal_receipts.payment_changed)
        CHECKS.append(("sessions, their receipts and CDRs", verifying.sessions_told_otherwise))
