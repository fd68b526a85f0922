"""WSGI entry point for other servers. Ours reads requests before it spends a thread on them: `sfp_platform.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
application = get_wsgi_application()
