"""How a page is answered: a template, an exported table, or a refusal with its mend."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from blanko.doors.said import in_readers_words
from blanko.doors.web.tables import Table
from blanko.kernel.errors import BlankoError

__all__ = ["in_readers_words", "named_errors", "page"]

Page = Callable[..., HttpResponse]
CELLS_SHOWN = 200


def page(request: HttpRequest, template: str, *tables: Table, **context: Any) -> HttpResponse:
    """The page, or the export of one of its tables when the address asks for it."""
    for table in tables:
        if (exported := table.export(request)) is not None:
            return exported
    return render(request, template, {**context, **{table.name: table for table in tables}})


def named_errors(view: Page) -> Page:
    """A rule that refuses becomes a page that says why and what would mend it; nothing of the request is kept."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        # PostgreSQL's text holds no NUL, so that nothing can be found under such an address.
        if "\0" in request.path or any("\0" in value for value in request.GET.values()):
            raise Http404
        try:
            return view(request, *arguments, **named)
        except BlankoError as error:
            status = 404 if isinstance(error, LookupError) or error.code == "nothing_held" else 422
            says, mend = in_readers_words(error)
            # A list that is refused whole names all its wrong cells.
            cells = [
                {"row": row, "column": cause.column, "value": cause.value, "mend": gettext(cause.mend)}
                for row, cause in error.causes[:CELLS_SHOWN]
            ]
            return render(request, "refused.html", {"says": says, "mend": mend, "cells": cells}, status=status)

    return answer
