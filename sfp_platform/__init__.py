"""The Django project: settings, Celery, URLs, the admin site."""

import gc

__version__ = "0.2.0"

# A process makes some hundred thousand objects while it starts, and keeps them: looking for garbage meanwhile finds
# nothing. `PlatformConfig.ready` begins with it, and leaves out what is there by then.
gc.disable()
gc.set_threshold(25_000, 10, 10)

from sfp_platform.celery import app as celery_app  # noqa: E402  after what makes it fast

__all__ = ["__version__", "celery_app"]
