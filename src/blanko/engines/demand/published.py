"""The real series at hand: what was published of persons recorded, and what a rate would have said of it beforehand.

It is no series of applications: drives, holidays and missing blanks shaped it, and sources disagree (174,715,105 on
10 September 2017 lies below the count of 30 August, and is left out). It shows how far a
rate carries where much is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

# (day, persons recorded in the nation up to it, where it was published)
RECORDED = (
    (
        date(2016, 8, 31), 162_047_403,
        "https://desapandansari.magelangkab.go.id/First/detail_artikel/jumlah-penduduk-2017",
    ),
    (
        date(2017, 3, 29), 172_046_898,
        "https://www.tempo.co/politik/nyaris-100-persen-wni-yang-telah-merekam-data-e-ktp-nbsp--1283997",
    ),
    (
        date(2017, 4, 4), 173_030_119,
        "https://news.republika.co.id/berita/ooxcxc383/dirjen-dukcapil-perekaman-data-ktpel-capai-9709-persen",
    ),
    (
        date(2017, 8, 30), 175_859_563,
        "https://kastara.id/11/09/2017/perekaman-data-kependudukan-capai-lebih-175-juta-wni/",
    ),
    (
        date(2017, 9, 18), 175_949_127,
        "https://jpnn.com/news/catat-nih-angka-terakhir-penduduk-terekam-di-data-e-ktp",
    ),
    (
        date(2017, 11, 23), 178_000_000,
        "https://m.jpnn.com/amp/news/10-juta-penduduk-sudah-rekam-tapi-belum-pegang-e-ktp",
    ),
)  # fmt: skip
# How much the pace of one span differs from the last's, as the standard deviation of its logarithm, before any pair of
# spans was seen (an estimate: a drive or a shortage doubles or halves it), worth so many pairs.
PACE_SPREAD, PACE_WORTH = 0.7, 2.0
# The logarithm of the pace forgets what lies back: each older span counts this much of the next.
KEEPS = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """What was ``said`` beforehand of the persons recorded from ``since`` to ``until`` (80 %: ``low`` to ``high``),
    what ``happened``, and what the pace of the span before alone would have said.
    """

    since: date
    until: date
    said: float
    low: float
    high: float
    happened: float
    last_pace: float
    source: str


def pace_of_recording() -> tuple[Span, ...]:
    """Rolling origins: at each published day from the second on, the next from those before it alone."""
    days = [(later[0] - earlier[0]).days for earlier, later in zip(RECORDED, RECORDED[1:], strict=False)]
    came = [later[1] - earlier[1] for earlier, later in zip(RECORDED, RECORDED[1:], strict=False)]
    pace = np.log(np.array(came) / np.array(days))
    found = []
    for place in range(1, len(came)):
        seen = pace[:place]
        weight = np.array(days[:place]) * KEEPS ** np.arange(place)[::-1]
        middle = float(weight @ seen / weight.sum())
        jumps = np.diff(seen)
        spread = float(np.sqrt((PACE_WORTH * PACE_SPREAD**2 + (jumps**2).sum()) / (PACE_WORTH + len(jumps))))
        said = [days[place] * np.exp(middle + z * spread) for z in (0.0, -1.28155, 1.28155)]
        found.append(
            Span(
                RECORDED[place][0], RECORDED[place + 1][0], said[0], said[1], said[2], float(came[place]),
                days[place] * float(np.exp(seen[-1])), RECORDED[place + 1][2],
            )
        )  # fmt: skip
    return tuple(found)
