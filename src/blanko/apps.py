"""blanko is one Django application with one migration history."""

from django.apps import AppConfig


class BlankoConfig(AppConfig):
    name = "blanko"
    label = "blanko"
    default_auto_field = "django.db.models.BigAutoField"
