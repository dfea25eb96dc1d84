"""The page on which a reader chooses in whose name to act."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from blanko.doors.web import officer, words
from blanko.doors.web.pages.responses import named_errors, page
from blanko.ground.access import queries as access

CENTRE = "00"
SHOWN = 40


@require_http_methods(["GET", "POST"])
@named_errors
def choose(request: HttpRequest) -> HttpResponse:
    """``/officer?next=&q=``: the officers of the centre, or of an office; POST chooses one."""
    given = request.POST if request.method == "POST" else request.GET
    following = given.get("next", "/")
    if not url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()}):
        following = "/"
    unknown = False
    if request.method == "POST":
        if officer.choose(request, request.POST.get("officer", "")):
            return HttpResponseRedirect(following)
        unknown = True
    query = request.GET.get("q", "").strip().casefold()
    found = [
        one
        for one in access.officers()
        if (query in f"{one['username']} {one['name']} {words.area(one['office'])}".casefold() if query
            else one["office"] == CENTRE)
    ]  # fmt: skip
    return page(
        request, "officer.html", officers=found[:SHOWN], query=query, next=following, unknown=unknown,
        acting=officer.chosen(request),
    )  # fmt: skip
