"""Where the people of a synthetic nation live: every village, with the people of 16 and over of 2017. Pure.

An ESTIMATE: one ratio of the obliged of mid-2017 to the civil registry's population of 2024, for all regencies.
"""

from __future__ import annotations

from blanko.engines.synth.villages import VillageTable
from blanko.ground.places import gazetteer

# Obliged in the country, semester I 2017 (see april_2017/facts.csv, metric obliged_domestic).
OBLIGED_2017 = 185_249_711


def people_2017() -> dict[str, int]:
    """The people of 16 and over of each regency of 2017 (estimated), at least one."""
    regencies = gazetteer.regencies_2017()
    ratio = OBLIGED_2017 / sum(regency.population_2024 for regency in regencies)
    return {regency.code: max(1, round(regency.population_2024 * ratio)) for regency in regencies}


def villages() -> VillageTable:
    """Every village, with its regency's people divided over it."""
    names = {regency.code: regency.name for regency in gazetteer.regencies_2017()}
    return VillageTable.of(gazetteer.village_codes().tolist(), people=people_2017(), names=names)
