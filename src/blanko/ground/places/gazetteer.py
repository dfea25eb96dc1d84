"""The areas of April 2017 and of today, from the tables in ``data``. Pure: no database, no network.

Codes are the Interior Ministry's (Kemendagri). The system keeps the codes of 2017 as its own; today's code of the same
regency is
understood and turned into it. Districts and villages are today's, keyed to the regency code of 2017: a district that is
not known falls back to its regency, and the caller counts it.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt

import numpy as np

from blanko.kernel.errors import BlankoError

# UU 14, 15 and 16/2022 and UU 29/2022 made four provinces; until then their regencies lay in Papua and Papua Barat.
NEW_PROVINCES = frozenset({"93", "94", "95", "96"})
CENTRE = "00"
CENTRE_POINT = (-6.2, 106.83)
REGENCY_COUNT = 514


class UnknownArea(BlankoError, LookupError):
    """No area has this code, in 2017 or today."""


@dataclass(frozen=True, slots=True)
class Regency:
    """A regency or city of April 2017. ``population_2024`` is the civil registry's count (persons)."""

    code: str
    code_today: str
    name: str
    name_today: str
    latitude: float
    longitude: float
    utc_hours: int
    population_2024: int

    @property
    def province(self) -> str:
        return self.code[:2]

    @property
    def kind(self) -> str:
        return "kota" if self.name.startswith("Kota") else "kabupaten"


@dataclass(frozen=True, slots=True)
class Province:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a regency after April 2017, with its law."""

    code_2017: str
    code_today: str
    kind: str
    effective: date
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Office:
    """An office that holds blanks. ``transport_days`` from the centre is an estimate by distance, see
    ``transport_days``.
    """

    code: str
    name: str
    kind: str
    regency: str | None
    province: str | None
    transport_days: int


def _rows(name: str) -> Iterator[dict[str, str]]:
    data = (files(__package__) / "data" / name).read_bytes()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    yield from csv.DictReader(io.StringIO(data.decode("utf-8")))


@cache
def _provinces() -> dict[str, str]:
    return {row["code"]: row["name"] for row in _rows("provinces.csv")}


@cache
def _regencies() -> dict[str, Regency]:
    return {
        row["code"]: Regency(
            code=row["code"],
            code_today=row["code_today"],
            name=row["name"],
            name_today=row["name_today"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            utc_hours=int(row["utc_hours"]),
            population_2024=int(row["population_2024"]),
        )
        for row in _rows("regencies.csv")
    }


@cache
def _from_today() -> dict[str, str]:
    return {regency.code_today: code for code, regency in _regencies().items()}


@cache
def changes() -> tuple[Change, ...]:
    """Our own dated table of what changed between April 2017 and today."""
    return tuple(
        Change(
            row["code_2017"],
            row["code_today"],
            row["kind"],
            date.fromisoformat(row["effective"]),
            row["source"],
            row["note"],
        )
        for row in _rows("changes.csv")
    )


def provinces_2017() -> tuple[Province, ...]:
    """The 34 provinces of April 2017, by code."""
    return tuple(Province(code, name) for code, name in sorted(_provinces().items()) if code not in NEW_PROVINCES)


def provinces_today() -> tuple[Province, ...]:
    """The 38 provinces of today, by code."""
    return tuple(Province(code, name) for code, name in sorted(_provinces().items()))


def regencies_2017() -> tuple[Regency, ...]:
    """The 514 regencies and cities of April 2017, by code."""
    return tuple(_regencies()[code] for code in sorted(_regencies()))


@cache
def _districts() -> dict[str, str]:
    return {row["code"]: row["name"] for row in _rows("districts.csv.gz")}


@cache
def _villages() -> tuple[np.ndarray, np.ndarray]:
    rows = list(_rows("villages.csv.gz"))
    codes = np.array([row["code"] for row in rows], dtype="U10")
    return codes, np.array([row["name"] for row in rows], dtype=object)


def village_codes() -> np.ndarray:
    """All village codes, sorted, as ``U10``; their regency part is the code of 2017."""
    return _villages()[0]


def district_codes() -> frozenset[str]:
    """All district codes (6 digits), their regency part in the code of 2017."""
    return frozenset(_districts())


def to_2017(code: str) -> str:
    """The same area with the regency code of 2017, whether 2017's or today's was given. Raises UnknownArea.

    Only the regency (or province) has to be known: districts and villages come and go.
    """
    if len(code) == 2:
        if code in _provinces():
            return code
    elif len(code) in (4, 6, 10) and code.isascii() and code.isdigit():
        head = code[:4]
        if head in _regencies():
            return code
        if head in _from_today():
            return _from_today()[head] + code[4:]
    raise UnknownArea(
        "no area has the code {code}",
        mend="use the Interior Ministry's code, not the statistics office's",
        code=repr(code),
    )


def resolve(code: str, *, on: date) -> str:
    """The code that the regency of ``code`` bore on a day; 2017's or today's code is understood. Raises UnknownArea."""
    own = to_2017(code)
    for change in changes():
        if change.kind == "recoded" and change.code_2017 == own[:4] and on >= change.effective:
            return change.code_today + own[4:]
    return own


def successors(code: str) -> tuple[Change, ...]:
    """What became of a regency since April 2017; empty when it still is what it was. Raises UnknownArea."""
    own = to_2017(code)[:4]
    return tuple(change for change in changes() if change.code_2017 == own)


def regency_of(code: str) -> str:
    """The regency code of 2017 of a regency, district or village. Raises UnknownArea, also for a province."""
    if len(code) < 4:
        raise UnknownArea(
            "{code} lies in no single regency", mend="name the regency, district or village", code=repr(code)
        )
    return to_2017(code)[:4]


def regency(code: str) -> Regency:
    """A regency by its code of 2017 or today. Raises UnknownArea."""
    return _regencies()[regency_of(code)]


def name_of(code: str) -> str:
    """The name of an area of any level, as of 2017. Raises UnknownArea."""
    own = to_2017(code)
    if len(own) == 2:
        return _provinces()[own]
    if len(own) == 4:
        return _regencies()[own].name
    if len(own) == 6:
        found = _districts().get(own)
    else:
        codes, names = _villages()
        at = int(np.searchsorted(codes, own))
        found = str(names[at]) if at < len(codes) and codes[at] == own else None
    if found is None:
        raise UnknownArea(
            "no district or village has the code {code} today", mend="use its regency's code", code=repr(code)
        )
    return found


def transport_days(code: str) -> int:
    """Days from the central warehouse to an office: an ESTIMATE by distance, not a measured lead time.

    One day within 150 km, two on Java and within 800 km, then one more for each 800 km begun.
    """
    latitude, longitude = _regencies()[code].latitude, _regencies()[code].longitude
    lat, lon, lat0, lon0 = map(radians, (latitude, longitude, *CENTRE_POINT))
    across = sin((lat - lat0) / 2) ** 2 + cos(lat) * cos(lat0) * sin((lon - lon0) / 2) ** 2
    km = 2 * 6371 * asin(sqrt(across))
    if km <= 150:
        return 1
    return 2 + int(km // 800)


@cache
def offices() -> tuple[Office, ...]:
    """The central warehouse, 34 provincial and 514 regency offices of April 2017."""
    found = [Office(CENTRE, "Gudang Pusat Ditjen Dukcapil", "central", None, None, 0)]
    for province in provinces_2017():
        inside = [code for code in _regencies() if code[:2] == province.code]
        days = min(transport_days(code) for code in inside)
        found.append(
            Office(province.code, f"Dinas Dukcapil Provinsi {province.name}", "province", None, province.code, days)
        )
    for place in regencies_2017():
        found.append(
            Office(
                place.code,
                f"Disdukcapil {place.name}",
                "regency",
                place.code,
                place.province,
                transport_days(place.code),
            )
        )
    return tuple(found)


def today_codes() -> dict[str, str]:
    """From today's regency code to that of 2017, for every one of the 514."""
    return dict(_from_today())
