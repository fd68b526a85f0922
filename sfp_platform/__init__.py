"""The Django project: settings, Celery, URLs, the admin site."""

from sfp_platform.celery import app as celery_app

__all__ = ["celery_app"]
