"""What every page needs: the places of the house that a reader can go to."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from blanko.doors.web.forms import done_words

# Pages that stand under a place of the navigation, though their address does not begin with it.
STANDS_UNDER = {"/alerts": "/custody", "/trace": "/custody", "/destruction": "/custody", "/turns": "/counter"}


def house(request: HttpRequest) -> dict[str, object]:
    """The main navigation, with the place where the reader is, and what was done last."""
    places = [
        ("/", _("Said and recorded")),
        ("/map", _("Map")),
        ("/rounds", _("Rounds")),
        ("/plan", _("Plan")),
        ("/supply", _("Supply")),
        ("/custody", _("Custody")),
        ("/dispatches", _("Dispatches")),
        ("/counter", _("Counter")),
        ("/cases", _("Doubles")),
        ("/files", _("Your file")),
        ("/blanks", _("Follow a blank")),
    ]
    path = next((top for below, top in STANDS_UNDER.items() if request.path.startswith(below)), request.path)
    here = max((href for href, _label in places if path.startswith(href)), key=len, default="/")
    return {
        # What a form did last stands on the page that follows it.
        "done": done_words().get(request.GET.get("done", ""), ""),
        "navigation": [
            {"href": href, "label": label, "here": href == here and (href != "/" or request.path == "/")}
            for href, label in places
        ],
    }
