"""How blanks get from the warehouse to an office: by courier, or fetched by the office itself. Pure.

A route that somebody stated (with its source) goes before these estimates. No courier's tariff was published in 2017;
the days on the way are estimated by distance (``gazetteer.transport_days``), the costs are assumptions of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Mode = Literal["courier", "collection"]
MODES: tuple[Mode, ...] = ("courier", "collection")

# One lot costs this a day on the way, one blank that (assumed).
LOT_DAY_RUPIAH, BLANK_DAY_RUPIAH = 250_000, 20
# An officer who fetches a lot travels there and back and stays a day: fares and allowance of a day (assumed).
OFFICER_DAY_RUPIAH = 900_000
# Who flies home with boxes needs no more than two days, however far away.
COLLECTION_DAYS_MAX = 2
ESTIMATE = "estimate by distance, docs/planning.md"
COLLECTION_SOURCE = (
    "the Home Minister, 22 October 2017: 'Kalau memang habis, ambil di Pusat', "
    "https://liputan6.com/news/read/3138005/dinas-dukcapil-dki-pastikan-blangko-e-ktp-sudah-tersedia"
)


@dataclass(frozen=True, slots=True)
class Route:
    """Days on the way, and rupiah for one lot and for each blank of it. ``kind`` is estimated unless it was stated.

    By weight: ``kg_cost`` rupiah a kilogram and ``blank_mg`` milligrams a packed blank give ``blank_cost``.
    """

    regency: str
    mode: Mode
    days: int
    lot_cost: int
    blank_cost: int
    source: str = ESTIMATE
    kind: Literal["estimated", "stated"] = "estimated"
    from_date: date | None = None
    kg_cost: int | None = None
    blank_mg: int | None = None

    def cost(self, blanks: int) -> int:
        """Rupiah for one lot of so many blanks; nothing for nothing."""
        return self.lot_cost + blanks * self.blank_cost if blanks else 0


def by_weight(*, kg_cost: int, blank_mg: int) -> int:
    """What a blank costs by a tariff by weight: whole rupiah, rounded up, so that no lot costs more than is planned."""
    return -(-kg_cost * blank_mg // 1_000_000)


def estimated(regency: str, mode: Mode, *, transport_days: int) -> Route:
    """What a way probably takes and costs, by the courier's days."""
    if mode == "courier":
        return Route(regency, mode, transport_days, transport_days * LOT_DAY_RUPIAH, transport_days * BLANK_DAY_RUPIAH)
    days = min(transport_days, COLLECTION_DAYS_MAX)
    # The office pays the officer's days; the boxes are luggage.
    return Route(regency, mode, days, (2 * days + 1) * OFFICER_DAY_RUPIAH, 0)


def table(
    stated: Iterable[Route], *, on: date, transport_days: Mapping[str, int]
) -> dict[tuple[str, Mode], Route]:  # fmt: skip
    """Each regency's routes on a day, by regency and mode: the newest stated one that holds, else the estimate."""
    found = {
        (code, mode): estimated(code, mode, transport_days=days)
        for code, days in sorted(transport_days.items())
        for mode in MODES
    }
    for route in sorted(stated, key=lambda route: route.from_date or date.min):
        if (route.from_date or date.min) <= on and (route.regency, route.mode) in found:
            found[(route.regency, route.mode)] = route
    return found
