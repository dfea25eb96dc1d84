"""Refusals as problems. Source: RFC 9457."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError

from blanko.ground.access.acting import UnknownOfficer
from blanko.kernel.errors import BlankoError


def problem(*, code: str, title: str, status: int, detail: str = "", mend: str = "", **more: Any) -> HttpResponse:
    """One problem document."""
    body = {
        "type": f"urn:blanko:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "mend": mend,
        **more,
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


def status_of(error: BlankoError) -> int:
    """404 for what is not there, 403 for who may not, 422 for what a rule refuses."""
    if isinstance(error, UnknownOfficer):
        return 403
    return 404 if isinstance(error, LookupError) or error.code == "nothing_held" else 422


def install(api: NinjaAPI) -> None:
    """Answer every error of the rooms, of validation and of addresses as a problem."""

    def refused(_request: HttpRequest, error: BlankoError) -> HttpResponse:
        title = error.code.replace("_", " ")
        # A list that is refused whole names all its wrong cells.
        wrong = [
            {"where": ["row", row, cause.column], "what": f"{cause.reason}: {cause.value}", "mend": cause.mend}
            for row, cause in getattr(error, "causes", [])
        ]
        return problem(
            code=error.code, title=title, status=status_of(error), detail=str(error), mend=error.mend,
            **({"errors": wrong} if wrong else {}),
        )  # fmt: skip

    def invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        wrong = [{"where": list(item["loc"]), "what": item["msg"]} for item in error.errors]
        return problem(
            code="invalid_request", title="invalid request", status=422,
            detail="the request does not fit its description",
            mend="see /api/openapi.json", errors=wrong,
        )  # fmt: skip

    def missing(_request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(code="not_found", title="not found", status=404, detail=str(error), mend="check the address")

    api.add_exception_handler(BlankoError, refused)
    api.add_exception_handler(ValidationError, invalid)
    api.add_exception_handler(Http404, missing)
