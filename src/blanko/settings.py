"""Django's settings. What differs between machines comes from the environment; see docs/architecture.md."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.utils.csp import CSP

from blanko.ground.database.home import blanko_home
from blanko.ground.database.urls import databases

PACKAGE = Path(__file__).parent
BLANKO_HOME = blanko_home()
DATA_DIR = BLANKO_HOME / "data"


def _secret_key() -> str:
    """One key for each installation, made on first use. Only this user can read it."""
    if given := os.environ.get("BLANKO_SECRET_KEY"):
        return given
    path = BLANKO_HOME / "secret_key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"secret_key.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
        # Of two first commands at once, the first link wins whole and both read the same key.
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
        return path.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
DEBUG = False
# Until roles exist every door listens on loopback only.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = ["django.contrib.postgres", "django.contrib.staticfiles", "blanko"]
AUTH_USER_MODEL = "blanko.User"
DATABASES = databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "blanko.doors.api.guard.ApiGuard",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "blanko.doors.api.once.Once",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "blanko.urls"
WSGI_APPLICATION = "blanko.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "doors" / "web" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "blanko.doors.web.context.house",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.l10n"],
            "libraries": {"house": "blanko.doors.web.tags"},
        },
    }
]

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "doors" / "web" / "static"]
# Served straight from the package: there is no build step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "doors" / "web" / "locale"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "Asia/Jakarta"
USE_TZ = True

# A registration file of a regency is tens of megabytes; Django streams it to a temporary file.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 << 20
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
