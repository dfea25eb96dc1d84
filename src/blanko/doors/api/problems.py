"""Refusals as problems, in the caller's language. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import NinjaAPI
from ninja.errors import ValidationError

from blanko.doors.said import in_readers_words
from blanko.ground.access.acting import UnknownOfficer
from blanko.kernel.errors import BlankoError

LANGUAGES = ("en", "id")
# What a value of a request can lack, by the types of pydantic; what is none of them is told in its own English.
MISFITS = {
    "missing": "the field is missing",
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_parsing": "a number is needed",
    "float_type": "a number is needed",
    "string_type": "a text is needed",
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "list_type": "a list is needed",
    "date_parsing": "a day is needed, written as 2017-04-19",
    "date_from_datetime_parsing": "a day is needed, written as 2017-04-19",
    "date_type": "a day is needed, written as 2017-04-19",
    "enum": "use one of the values of the description",
    "literal_error": "use one of the values of the description",
}


def language_of(request: HttpRequest) -> str:
    """The language that the request asks for: the first of its Accept-Language that is ours, else English.

    Programs that ask for none read English; the pages' own choice (a cookie) is not the API's.
    """
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if (short := wanted.partition("-")[0]) in LANGUAGES:
            return short
    return "en"


@contextmanager
def spoken_to(request: HttpRequest) -> Iterator[str]:
    """What is said inside is said in the request's language."""
    language = language_of(request)
    with translation.override(language):
        yield language


def problem(
    request: HttpRequest, *, code: str, title: str, status: int, detail: str = "", mend: str = "", **more: Any
) -> HttpResponse:
    """One problem document; ``title``, ``detail`` and ``mend`` in the request's language where they are known."""
    with spoken_to(request) as language:
        body = {
            "type": f"urn:blanko:problem:{code}",
            "title": gettext(title),
            "status": status,
            "detail": gettext(detail) if detail else "",
            "mend": gettext(mend) if mend else "",
            **more,
        }
    answer = JsonResponse(body, status=status, content_type="application/problem+json")
    answer.headers["Content-Language"] = language
    answer.headers["Vary"] = "Accept-Language"
    return answer


def status_of(error: BlankoError) -> int:
    """404 for what is not there, 403 for who may not, 422 for what a rule refuses."""
    if isinstance(error, UnknownOfficer):
        return 403
    return 404 if isinstance(error, LookupError) or error.code == "nothing_held" else 422


def refusal(request: HttpRequest, error: BlankoError) -> HttpResponse:
    """The problem of what a room refused."""
    with spoken_to(request) as language:
        says, mend = in_readers_words(error)
        # A list that is refused whole names all its wrong cells.
        wrong = [
            {
                "where": ["row", row, cause.column],
                # The kind of a wrong cell is a word of programs; other languages read the cell and what mends it.
                "what": f"{cause.reason}: {cause.value}" if language == "en" else cause.value,
                "mend": gettext(cause.mend) if cause.mend else "",
            }
            for row, cause in error.causes
        ]  # fmt: skip
        title = error.code.replace("_", " ")
        if language != "en":
            # The code is for programs and stays; a person reads what kind of refusal it is.
            title = gettext("not there") if status_of(error) == 404 else gettext("refused")
    return problem(
        request, code=error.code, title=title, status=status_of(error), detail=says, mend=mend,
        **({"errors": wrong} if wrong else {}),
    )  # fmt: skip


def install(api: NinjaAPI) -> None:
    """Answer every error of the rooms, of validation and of addresses as a problem."""

    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        with spoken_to(request):
            wrong = [
                {
                    "where": list(item["loc"]),
                    "what": gettext(MISFITS[item["type"]]) if item["type"] in MISFITS else item["msg"],
                }
                for item in error.errors
            ]
        return problem(
            request, code="invalid_request", title="invalid request", status=422,
            detail="the request does not fit its description", mend="see /api/openapi.json", errors=wrong,
        )  # fmt: skip

    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(
            request, code="not_found", title="not found", status=404, detail=str(error), mend="check the address"
        )

    api.add_exception_handler(BlankoError, refusal)
    api.add_exception_handler(ValidationError, invalid)
    api.add_exception_handler(Http404, missing)
