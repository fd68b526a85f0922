"""WSGI entry point: `granian --interface wsgi sfp_platform.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
application = get_wsgi_application()
