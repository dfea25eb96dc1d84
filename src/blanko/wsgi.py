"""The WSGI application of all doors that speak HTTP."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blanko.settings")
application = get_wsgi_application()
