"""In whose name a request acts."""

from __future__ import annotations

from django.http import HttpRequest


def acting_officer(request: HttpRequest, default: str) -> str:
    """The officer of ``X-Blanko-Officer``, else the service that does this kind of work."""
    return request.headers.get("X-Blanko-Officer", default)
