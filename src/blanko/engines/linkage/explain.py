"""Why a pair weighs what it weighs: what each field adds, in bits, so that the parts add up to the weight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from blanko.engines.linkage.compare import DATE, FIELDS, LEVELS, NAME, NIK, SEX
from blanko.engines.linkage.features import Features
from blanko.engines.linkage.packed import Book
from blanko.engines.linkage.shared import date_slot

PRIOR, RELATIVES = "prior", "relatives"
"""Two parts that are no fields: how rare doubles are among all pairs; and what relatives would explain as well."""


class Part(NamedTuple):
    """``level`` how much the field agrees, in words; ``bits`` what that adds. A field that is missing adds nothing."""

    field: str
    level: str
    bits: float


def explain(book: Book, f: Features, i: int, j: int) -> list[Part]:
    """The parts of the weight of opened records i and j (i has the smaller id), the prior first."""
    left, right = np.array([i], np.int32), np.array([j], np.int32)
    pair = book.weigh(f, left, right)
    pattern, t = int(pair.pattern[0]), book.tables
    levels = [pattern >> 3 * field & 7 for field in range(len(FIELDS))]
    place = float(book.words.bits[2, f.place[i]]) if f.place[i] >= 0 else 0.0
    values = {
        0: float(pair.name_bits[0]), 1: float(pair.mother_bits[0]),
        2: float(book.frequencies.date_bits[date_slot(f.born[i : i + 1])[0]]), 5: place, 7: place,
    }  # fmt: skip
    parts = [Part(PRIOR, "any two records", float(t.prior[0]))]
    for field, name in enumerate(FIELDS):
        level, bits = levels[field], 0.0
        # The NIK holds birth date and sex, and a name has a sex (score.weigh).
        said = (levels[NIK] == 4 and ((field == DATE and level == 5) or (field == SEX and level == 2))) or (
            field == SEX and level == 2 and levels[NAME] >= 4
        )
        if level and not said:
            bits = float(t.stranger[field, level])
            if t.valued[field, level] > 0:
                bits += values[field]
        parts.append(Part(name, LEVELS[name][level], bits))
    against_strangers = sum(part.bits for part in parts)
    parts.append(Part(RELATIVES, "relatives would agree as much", float(pair.weight[0]) - against_strangers))
    return parts
