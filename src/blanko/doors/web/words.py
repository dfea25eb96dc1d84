"""Numbers, dates, names and marks in the reader's way. Used by templates (as filters) and by page functions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blanko.ground.places import gazetteer

register = template.Library()

NOTHING = "–"


@register.filter
def count(value: int | None) -> str:
    """A whole number with the reader's thousands: 7.000.000 in Indonesian, 7,000,000 in English."""
    return NOTHING if value is None else formats.number_format(value, decimal_pos=0, force_grouping=True)


@register.filter
def signed(value: int | None) -> str:
    """A change with its sign and the reader's thousands; nothing changed is no number."""
    return NOTHING if not value else f"{'+' if value > 0 else '−'}{count(abs(value))}"


@register.filter
def rounded(value: float | None, places: int = 0) -> str:
    """A number that is not counted, to so many places, in the reader's way."""
    return NOTHING if value is None else formats.number_format(value, decimal_pos=places, force_grouping=True)


@register.filter
def percent(value: float | Fraction | Decimal | None, places: int = 1) -> str:
    """A share (1 is all) in percent with the reader's decimal mark."""
    if value is None:
        return NOTHING
    return f"{formats.number_format(float(value) * 100, decimal_pos=places, force_grouping=True)} %"


@register.filter
def hundredths(value: str | float | Decimal | None) -> str:
    """A figure that was published in percent, with the reader's decimal mark and the decimals it was published with."""
    return NOTHING if value is None or value == "" else f"{formats.number_format(Decimal(str(value)))} %"


@register.filter
def rupiah(value: int | None) -> str:
    return NOTHING if value is None else f"Rp {count(value)}"


@register.filter
def day(value: date | datetime | None) -> str:
    """A date in words: 4 April 2017 in both languages' order."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return formats.date_format(value, "j F Y")


@register.filter
def moment(value: datetime | None) -> str:
    """A date with the time in Jakarta."""
    return NOTHING if value is None else formats.date_format(timezone.localtime(value), "j F Y, H.i") + " WIB"


@register.filter
def area(code: str | None) -> str:
    """The name of an area or an office from its code."""
    if not code:
        return NOTHING
    if code == "00":
        return _("Central warehouse")
    if code == "ID":
        return "Indonesia"
    try:
        return gazetteer.name_of(code)
    except (LookupError, ValueError):
        return code


@register.filter
def mark(kind: str) -> SafeString | str:
    """How a figure is known, as a small visible mark: observed, estimated, modelled or synthetic."""
    names = {
        "observed": _("observed"),
        "estimated": _("estimated"),
        "modelled": _("modelled"),
        "synthetic": _("synthetic"),
        "registry": _("registry"),
        "reported": _("reported"),
    }
    if kind not in names:
        return kind
    return format_html('<span class="mark mark-{}">{}</span>', kind, names[kind])


def whole(text: str) -> int | None:
    """The whole number that stands in an address, or None. More than nine digits number nothing here."""
    # isdecimal, not isdigit: int() does not read a superscript.
    return int(text) if text.isdecimal() and len(text) <= 9 else None


@register.filter
def get(mapping: dict[str, object], key: str) -> object:
    """A value of a dictionary by a key that the template holds in a variable."""
    return mapping.get(key)


def language() -> Literal["en", "id"]:
    """The reader's language, ``id`` or ``en``."""
    return "en" if (get_language() or "id").startswith("en") else "id"
