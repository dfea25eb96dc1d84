"""Who may call the API at all, asked before anything else; and every refusal under /api leaves as a problem."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from blanko.doors.api.problems import problem

PREFIX = "/api/"
LOOPBACK = ("127.0.0.1", "::1")
MENDS = {
    400: "send well-formed JSON to the machine's own name or address",
    404: "check the address in /api/openapi.json",
    405: "use a method that /api/openapi.json lists for this address",
}
PHRASES = {400: "bad request", 404: "not found", 405: "method not allowed", 413: "request entity too large"}


class ApiGuard:
    """Middleware: loopback only, and no page of another site may speak through a reader's browser.

    The API knows no cookie, so that Django's token does not protect it: a plain form of any site could write in a
    service's name. Browsers say where a request comes from (Origin, Sec-Fetch-Site); programs say neither and pass.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        if request.META.get("REMOTE_ADDR") not in LOOPBACK:
            return problem(
                request, code="not_from_here", title="not from here", status=403,
                detail="the API answers this machine only until roles exist", mend="call it from the machine itself",
            )  # fmt: skip
        if comes_from_another_site(request):
            return problem(
                request, code="from_another_site", title="from another site", status=403,
                detail="a page of another site sent this request",
                mend="call the API from a program, or from its own pages",
            )  # fmt: skip
        if holds_nul(request):
            return problem(
                request, code="invalid_request", title="invalid request", status=422,
                detail="a text holds the character NUL, which no record can hold", mend="send it without",
            )  # fmt: skip
        answer = self.get_response(request)
        if answer.status_code < 400 or answer.headers.get("Content-Type") == "application/problem+json":
            return answer
        title = PHRASES.get(answer.status_code) or HTTPStatus(answer.status_code).phrase.lower()
        refused = problem(
            request, code=title.replace(" ", "_"), title=title, status=answer.status_code,
            mend=MENDS.get(answer.status_code, "see /api/openapi.json"),
        )  # fmt: skip
        if "Allow" in answer.headers:
            refused.headers["Allow"] = answer.headers["Allow"]
        return refused


def holds_nul(request: HttpRequest) -> bool:
    """Whether any text of the address or of a JSON body holds NUL: PostgreSQL's text holds none."""
    if "\0" in request.path or any("\0" in value for value in request.GET.values()):
        return True
    if not (request.content_type or "").startswith("application/json") or b"\\u0000" not in request.body:
        return False
    try:
        return _nul_in(json.loads(request.body))
    except (ValueError, RecursionError):
        # What is no JSON is refused as that.
        return False


def _nul_in(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_nul_in(key) or _nul_in(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_nul_in, value))


def comes_from_another_site(request: HttpRequest) -> bool:
    """True when a browser says so. Another port of this machine is another site too."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.META.get("HTTP_HOST", request.META["SERVER_NAME"])
