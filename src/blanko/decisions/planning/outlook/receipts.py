"""What offices receive of what they are sent: what is believed, then what was counted. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from blanko.decisions.planning.outlook.case import Number

# What is believed counts as so many consignments: those of one lose or delay blanks together, so that they, and not
# blanks, are what is counted.
BELIEVED = 20.0
# A share that is hardly ever above 0 has a spread without bounds; a path's share is a lognormal number round its mean.
CV_MAX = 1.5


def learned(
    believed: Mapping[str, Number], *, consignments: int, sent: float, lost: float, late: float, day: date
) -> dict[str, Number]:
    """The shares ``lost`` and ``late`` after so many consignments of ``sent`` blanks; the beliefs where none ended."""
    if not consignments or sent <= 0:
        return dict(believed)
    found = {}
    for name, blanks in (("lost", lost), ("late", late)):
        before = believed.get(name, Number(0.0)).value
        mean = (before * BELIEVED + blanks / sent * consignments) / (BELIEVED + consignments)
        spread = math.sqrt((1 - mean) / (mean * (BELIEVED + consignments + 1))) if mean > 0 else 0.0
        found[name] = Number(mean, min(spread, CV_MAX), "modelled", day, "custody", f"{consignments:,} consignments")
    return found
