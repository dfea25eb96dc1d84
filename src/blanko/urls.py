"""Which door answers which address."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("api/", include("blanko.doors.api.urls")), path("", include("blanko.doors.web.urls"))]
