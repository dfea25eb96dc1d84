"""The template library ``house``: the filters of ``words`` and the few tags that pages share."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

from blanko.doors.web import codes, stored, words

register = template.Library()
register.filters.update(words.register.filters | codes.register.filters | stored.register.filters)


@register.simple_tag
def querystring_without(request: HttpRequest, **changed: object) -> str:
    """The present query with some keys set anew, for links that sort, page or export what is seen.

    An export keeps all rows of the view, so that ``page`` never travels on with another change.
    """
    query = request.GET.copy()
    for dropped in ("format", "table", "page"):
        query.pop(dropped, None)
    for key, value in changed.items():
        query[key] = str(value)
    return query.urlencode()


@register.inclusion_tag("_plain_table.html", takes_context=True)
def plain_table(context: dict[str, object], table: object) -> dict[str, object]:
    """A table that is read whole, with its export."""
    return {"table": table, "request": context["request"]}


@register.inclusion_tag("_table.html", takes_context=True)
def data_table(context: dict[str, object], table: object) -> dict[str, object]:
    """A table with its filter, sort, copy and export."""
    request = context["request"]
    assert isinstance(request, HttpRequest)
    keep = [(key, value) for key, value in request.GET.items() if key not in ("q", "sort", "page", "format", "table")]
    return {"table": table, "request": request, "keep": keep}
