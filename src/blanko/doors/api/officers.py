"""In whose name a request acts."""

from __future__ import annotations

from django.http import HttpRequest

from blanko.doors.api.problems import NotFromHere

LOOPBACK = ("127.0.0.1", "::1")


def loopback_only(request: HttpRequest) -> bool:
    """Every address asks this first. Raises NotFromHere."""
    if request.META.get("REMOTE_ADDR") not in LOOPBACK:
        raise NotFromHere("the API answers this machine only until roles exist", mend="call it from the machine itself")
    return True


def acting_officer(request: HttpRequest, default: str) -> str:
    """The officer of ``X-Blanko-Officer``, else the service that does this kind of work."""
    return request.headers.get("X-Blanko-Officer", default)
