"""Texts that the release stores in English, and addresses of sources, in the reader's words.

What a person wrote (the reason of a change by hand) stays as it was written; only what our own files and the replay
write is known beforehand and has its words here. ``tests/doors/web/test_stored.py`` holds the list complete.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html, format_html_join
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
    # Who carries a consignment of a round.
    gettext_noop("courier of the directorate"),
    # Where the parts of a card and their days come from.
    gettext_noop("an estimate of this replay"),
    gettext_noop(
        "the minister on 4 April 2017: the chips come from abroad; country not told, days an estimate of this replay"
    ),
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

# The same with numbers (``n`` ...) and days (``day``) in them, which are written in the reader's way.
SHAPES = (
    gettext_noop("each regency by its best source"),
    gettext_noop("registry"),
    gettext_noop("custody"),
    gettext_noop("of %(day)s"),
    gettext_noop("applications of the regencies that are loaded whole"),
    gettext_noop("%(n)s applications in %(n_months)s months, for %(n_obliged)s obliged"),
    gettext_noop("%(n)s rates overruled"),
    gettext_noop("%(n)s blanks on 10 April 2017"),
    gettext_noop("the province's share by population of 7 million, every fourth week"),
    gettext_noop("%(n)s print-ready on 29 March 2017, shared by population of 2024"),
    gettext_noop("%(n)s cards a year (the minister, 4 April 2017), shared by population of 2024 over 52 weeks"),
    gettext_noop(
        "one printer for %(n)s districts, %(n_cards)s cards a printer and day, %(n_days)s days a week "
        "(docs/planning.md)"
    ),
    gettext_noop("%(n)s days of handling and days on the way by distance, whole weeks"),
    gettext_noop("Rp %(n)s a lot and Rp %(n_blank)s a blank for each day on the way"),
    gettext_noop("no tariff known"),
    gettext_noop("spread of demand and delay of deliveries as in docs/allocation.md, seeded"),
    gettext_noop("%(n)s blanks evenly over the %(n_weeks)s weeks to 19 September 2017"),
)


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each shape as a pattern that reads its numbers and days back out of a stored text."""
    kinds = {"n": r"\d[\d,]*", "day": r"\d{4}-\d\d-\d\d"}
    found = []
    for shape in SHAPES:
        pattern = re.sub(
            r"%\\\((\w+)\\\)s", lambda name: f"(?P<{name[1]}>{kinds[name[1].partition('_')[0]]})", re.escape(shape)
        )
        found.append((re.compile(pattern), shape))
    return tuple(found)


def _said(part: str) -> str:
    """One text without its sources."""
    if part in TEXTS:
        return _(part)
    for pattern, shape in _shapes():
        if values := pattern.fullmatch(part):
            return _(shape) % {
                name: words.day(date.fromisoformat(value))
                if name == "day"
                else words.count(int(value.replace(",", "")))
                for name, value in values.groupdict().items()
            }
    return part


def _parts(text: str) -> list[str]:
    """A text is whole, or several with their source joined by semicolons."""
    return [text] if text in TEXTS else text.split("; ")


@register.filter
def stored(text: str | None) -> str:
    """A text that the release may have written, in the reader's words; anything else as it is."""
    if not text:
        return words.NOTHING
    return "; ".join(site(part) if part.startswith("http") else _said(part) for part in _parts(text))


@register.filter
def site(source: str) -> str:
    """Where a source stands: of a web address its site, the rest stands behind the link and in the export."""
    return urlsplit(source).netloc.removeprefix("www.") if source.startswith("http") else source


@register.filter
def linked(source: str) -> SafeString | str:
    """A source as a link that is called by its site; what is no address stays text."""
    if source.startswith(("http://", "https://")):
        return format_html('<a href="{}">{}</a>', source, site(source))
    parts = _parts(source)
    return stored(source) if len(parts) == 1 else format_html_join("; ", "{}", ((linked(part),) for part in parts))


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
