"""One registration that is written plainly, checked without Arrow: what ``checks.check`` says, at a tenth of its price.

Whatever is not plain (another alphabet, a date in another form, a word that stands for a choice, anything that would be
refused) is none of this module's business: the caller asks ``checks``. A test compares the two. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np

from blanko.records.intake import columns as parse
from blanko.records.intake.checks import ADULT_AGE, EVER_MARRIED, NIK_LENGTH, years_before
from blanko.records.intake.kinds import REGISTRATIONS, Column

_DAY: Final = re.compile(r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]")
_SEXES: Final = ("L", "P")
Values = dict[str, str | None]


def checked(row: Mapping[str, str | None], *, today: date) -> tuple[Values, str, list[str]] | None:
    """(values, regency, warnings) of a registration; None when it is not plain, or would be refused."""
    values: Values = {}
    for column in REGISTRATIONS.columns:
        given = row.get(column.name)
        if given is None or given == "":
            if column.required:
                return None
            values[column.name] = None
            continue
        value = _value(column, given) if given.isascii() and given.isprintable() and given.strip() == given else None
        if value is None:
            return None
        values[column.name] = value
    village = str(values["village_code"])
    number = int(village)
    warnings = []
    if not _known(number // 10_000, parse.district_numbers()):
        warnings.append("district_unknown")
    elif not _known(number, parse.village_numbers()):
        warnings.append("village_unknown")
    return values, village[:4], warnings + _warnings(values, today)


def _value(column: Column, given: str) -> str | None:
    """The value that a plain cell holds; None when it is not plain."""
    fits = len(given) <= column.length_max
    if column.type == "office":
        return parse.office_words().get(given)
    if column.type == "nik":
        fits = len(given) == NIK_LENGTH and given.isdigit()
    elif column.type == "date":
        fits = _DAY.fullmatch(given) is not None and _day(given) is not None
    elif column.type == "sex":
        fits = given in _SEXES
    elif column.type == "choice":
        fits = given in column.choices
    elif column.type == "digits":
        fits = fits and given.isdigit()
    elif column.type == "village":
        # One whose regency has another code today is put into those of 2017 elsewhere.
        fits = len(given) == 10 and given.isdigit() and parse.regency_table()[int(given[:4])] == int(given[:4])
    return given if fits else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _known(number: int, known: parse.Ints) -> bool:
    at = int(np.searchsorted(known, number))
    return at < len(known) and int(known[at]) == number


def _warnings(values: Values, today: date) -> list[str]:
    """In the order of ``checks``."""
    nik, sex = values["nik"], values["sex"]
    born = date.fromisoformat(values["birth_date"]) if values["birth_date"] else None
    recorded = date.fromisoformat(values["recorded_on"]) if values["recorded_on"] else None
    found = []
    if nik is None:
        found.append("nik_missing")
    else:
        day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
        woman = day > 40
        if born and (day - 40 * woman, month, year) != (born.day, born.month, born.year % 100):
            found.append("nik_contradicts_birth_date")
        if sex and woman != (sex == "P"):
            found.append("nik_contradicts_sex")
    if born is None:
        found.append("birth_date_missing")
    if sex is None:
        found.append("sex_missing")
    if values["name"] is None:
        found.append("name_missing")
    if born and born > today:
        found.append("birth_date_in_future")
    if recorded and recorded > today:
        found.append("recorded_in_future")
    if born and years_before(today, ADULT_AGE) < born <= today and values["marital_status"] not in EVER_MARRIED:
        found.append("under_17")
    return found
