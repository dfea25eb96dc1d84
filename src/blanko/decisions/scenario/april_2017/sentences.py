"""The table's words: keys and parameters in, sentences in the reader's language out. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Literal, assert_never

from blanko.decisions.scenario.april_2017.lines import AreaName, Line, Number, Param, Percent, Sentence
from blanko.ground.places import gazetteer

Language = Literal["en", "id"]
MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
}
# Thousands and decimals as the reader writes them.
MARKS: Mapping[str, tuple[str, str]] = {"en": (",", "."), "id": (".", ",")}


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """All sentences by key, each in both languages."""
    return tomllib.loads((files(__package__) / "sentences.toml").read_text(encoding="utf-8"))


def written(param: Param, language: str, name_of: Callable[[str], str] = gazetteer.name_of) -> str:
    """One parameter in the reader's way: 7,000,000 or 7.000.000, 4 April 2017, 96.54 % or 96,54 %."""
    match param:
        case str():
            return param
        case date():
            return f"{param.day} {MONTHS[language][param.month - 1]} {param.year}"
        case AreaName(code):
            return name_of(code)
        case Percent(share, places):
            return f"{_decimal(share * 100, places, language)} %"
        case Number(number, places):
            return _decimal(number, places, language)
        case int():
            return _grouped(param, language)
        case _:
            assert_never(param)


def _grouped(number: int, language: str) -> str:
    return f"{number:,}".replace(",", MARKS[language][0])


def _decimal(number: Fraction, places: int, language: str) -> str:
    scaled = int(abs(number) * 10**places + Fraction(1, 2))
    whole, part = divmod(scaled, 10**places)
    sign = "-" if number < 0 and scaled else ""
    text = sign + _grouped(whole, language)
    return f"{text}{MARKS[language][1]}{part:0{places}d}" if places else text


def spoken(sentence: Sentence, language: Language) -> str:
    """One sentence in the reader's language. Raises KeyError for a key that has no words."""
    key, params = sentence
    template = sentences()[key][language]
    return template.format(**{name: written(value, language) for name, value in params.items()})


def render(line: Line, language: Language) -> dict[str, object]:
    """A line as doors show it: said, records_say (one text), sentences, verdict and its words, figures, arithmetic."""
    records = [spoken(sentence, language) for sentence in line.records_say]
    return {
        "key": line.key,
        "said": spoken(line.said, language),
        "records_say": " ".join(records),
        "sentences": records,
        "verdict": line.verdict,
        "verdict_text": sentences()[f"verdict.{line.verdict}"][language],
        "figures": list(line.figures),
        "arithmetic": [spoken(sentence, language) for sentence in line.arithmetic],
        "details": [{name: written(value, language) for name, value in row.items()} for row in line.details],
    }
