"""Celery tasks of the platform itself: one for each queue, which arrives only where the queue is served."""

from celery import shared_task

from sfp_platform.broker import pulse as signs
from sfp_platform.broker.queues import ENGINE


@shared_task(name="sfp_platform.tasks.pulse")
def pulse() -> None:
    """The engine's queue is served."""
    signs.sign(signs.What.QUEUE, ENGINE)


@shared_task(name="sfp_platform.tasks.push_pulse")
def push_pulse() -> None:
    """So is that of what we send to partners."""
    signs.sign(signs.What.QUEUE, "push")


@shared_task(name="sfp_platform.tasks.sync_pulse")
def sync_pulse() -> None:
    """So is that of what we read from partners."""
    signs.sign(signs.What.QUEUE, "sync")


@shared_task(name="sfp_platform.tasks.mail_pulse")
def mail_pulse() -> None:
    """So is that of mails; and here is how the mail server is."""
    signs.sign(signs.What.QUEUE, "mail")
    signs.sign(signs.What.MAIL_SERVER, "mail server", fault=signs.greet_mail_server())
    signs.forget_the_dead()
