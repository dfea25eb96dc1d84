"""Looser keys for small files, where every likely pair can be afforded: at a nation's size each alone would make more
pairs than all others together. Names are not asked to be alike first.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import CAP
from blanko.engines.linkage.errors import UnreadableRecords
from blanko.engines.linkage.features import Loaded
from blanko.engines.linkage.groups import Groups, cut, group
from blanko.engines.linkage.jit import loop
from blanko.engines.linkage.keys import either_way, ranks, rarest_two
from blanko.engines.linkage.text import join

SMALL: Final = 20_000
"""Records of a file that these keys are made for."""
LOOSE: Final = ("birth date", "a name and village", "mother and village", "mother and birth place")


@loop
def _fill(f, words, name_rank, mother_rank, out):  # type: ignore[no-untyped-def]
    for i in range(len(f.nik)):
        n1, _ = rarest_two(f.name, i, name_rank, words)
        m1, _ = rarest_two(f.mother, i, mother_rank, words)
        village = np.uint64(f.village[i])
        place = words.fold[f.place[i]] if f.place[i] >= 0 else np.uint64(0)
        for k in range(4):
            out[k, i] = 0
        if f.born[i] and not f.born_shared[i]:
            out[0, i] = join(21, np.uint64(either_way(f.born[i])))
        if village and n1:
            out[1, i] = join(join(22, n1), village)
        if village and m1:
            out[2, i] = join(join(23, m1), village)
        if place and m1:
            out[3, i] = join(join(24, m1), place)


def loose_groups(loaded: Loaded) -> list[Groups]:
    """Rows that share each key of LOOSE, blocks above the cap left out. Raises UnreadableRecords: more than SMALL."""
    n, f, words = len(loaded), loaded.features, loaded.words.arrays
    if n > SMALL:
        raise UnreadableRecords(
            "{count} records are too many to compare thoroughly",
            mend="give up to {most}, or leave --thorough out",
            count=f"{n:,}",
            most=f"{SMALL:,}",
        )
    keys: npt.NDArray[np.uint64] = np.empty((len(LOOSE), n), dtype=np.uint64)
    _fill(f, words, *ranks(words, loaded.words.size), keys)
    return [cut(group(column), CAP, f.mother_whole, f.village)[0] for column in keys]
