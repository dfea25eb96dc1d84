"""Texts that the release stores in English, and addresses of sources, in the reader's words.

What a person wrote (the reason of a change by hand) stays as it was written; only what our own files and the replay
write is known beforehand and has its words here. ``tests/doors/web/test_stored.py`` holds the list complete.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from blanko.doors.web import codes, words

register = template.Library()

# The three ways in which ``scenario.april_2017.estimates`` says how it came to a number.
ESTIMATE = re.compile(
    r"estimate: (?:(?P<own>its own figure)|(?P<value>\d+)(?P<province> of its province)?)"
    r" (?:of|on) (?P<day>\d{4}-\d\d-\d\d)(?: shared by population of (?P<year>\d{4}))?; (?P<source>.*)"
)

TEXTS = (
    # Reasons that the replay gives.
    gettext_noop("all records of this regency were loaded, one row a person (synthetic)"),
    gettext_noop("chip does not answer"),
    # What became of a regency since 2017.
    gettext_noop("to Papua Selatan"),
    gettext_noop("to Papua Tengah"),
    gettext_noop("to Papua Pegunungan"),
    gettext_noop("to Papua Barat Daya"),
    gettext_noop("Mamuju Utara became Pasangkayu (the day of signature; in force when promulgated)"),
    gettext_noop("Maluku Tenggara Barat became Kepulauan Tanimbar (signed 23 January; in force when promulgated)"),
    gettext_noop("Toba Samosir became Toba (signed 24 February; in force when promulgated)"),
    # What the numbers of the built-in case rest on.
    gettext_noop("sent for enrolment"),
    gettext_noop("120,000 cards lay uncollected in Jakarta alone; as many for each quarter of the country"),
    gettext_noop(
        "about 3 million, said of the master data; they may be the 3.2 million sent for enrolment and may sit inside "
        "the 4.5 million"
    ),
    gettext_noop("two lots of the contract accepted by 3 April, less what went to Jakarta"),
    gettext_noop("cards a year that need no check: loss, damage, marriage, move, change; two fifths of the 5 million"),
    gettext_noop("cards a year after a check of uniqueness, mostly 17th birthdays; three fifths of the 5 million"),
    gettext_noop("share of those not yet recorded who are recorded in a week, once the campaign of March is over"),
    gettext_noop("of what was held back while blanks lacked; in Britain less than half of the missing demand came"),
    gettext_noop("October 2016 to March 2017: direct claims of a year that nobody made because there was no blank"),
    gettext_noop(
        "nothing was published; 3.2 million waiting after six months of recording at about 50,000 a day says that "
        "checks lag"
    ),
    gettext_noop("doubles and failures stay behind"),
    gettext_noop("no figure was published"),
    gettext_noop("share of waiting cards that is fetched in a week"),
    gettext_noop("Maintenance of the servers"),
)


@register.filter
def stored(text: str | None) -> str:
    """A text that the release may have written, in the reader's words; anything else as it is."""
    if not text:
        return words.NOTHING
    return _(text) if text in TEXTS else text


@register.filter
def site(source: str) -> str:
    """Where a source stands: of a web address its site, the rest stands behind the link and in the export."""
    return urlsplit(source).netloc.removeprefix("www.") if source.startswith("http") else source


@register.filter
def linked(source: str) -> SafeString | str:
    """A source as a link that is called by its site; what is no address stays text."""
    if not source.startswith(("http://", "https://")):
        return stored(source)
    return format_html('<a href="{}">{}</a>', source, site(source))


@register.filter
def how_known(source: str) -> SafeString | str:
    """What a need rests on, by the kind of its source: the office's records, an estimate, or what somebody stated."""
    if source == "registry":
        return _("the records of this office, all loaded")
    if not source:
        return _("nobody stated it")
    estimate = ESTIMATE.fullmatch(source)
    if estimate is None:
        return linked(source)
    # The day and the number are written in the reader's way; the address becomes a link.
    values = {"day": words.day(date.fromisoformat(estimate["day"])), "year": estimate["year"]}
    if estimate["own"]:
        says = _("its own figure of %(day)s") % values
    else:
        values["people"] = words.count(int(estimate["value"]))
        says = (
            _("the %(people)s of its province on %(day)s, shared by the population of %(year)s") % values
            if estimate["province"]
            else _("the nation's %(people)s of %(day)s, shared by the population of %(year)s") % values
        )
    return format_html("{} ({})", says, linked(estimate["source"]))


@register.filter
def figure_key(key: str) -> str:
    """A key of a figure (name/area/day/source) as its name, area, day and site."""
    parts = key.split("/", 3)
    if len(parts) < 4:
        return key
    name, area, day, source = parts
    return f"{codes.figure(name)}, {words.area(area)}, {words.day(date.fromisoformat(day))} ({site(source)})"
