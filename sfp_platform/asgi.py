"""ASGI entry point, for `python -m sfp_platform.web.serve`: Django behind the front that reads its requests."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
django = get_wsgi_application()

from sfp_platform.web.front import Front  # noqa: E402  (it needs Django's apps)

application = Front(django, settings.WEB_THREADS)
