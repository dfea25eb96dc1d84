"""Which head of a file is which column. Pure.

Heads are compared without case, accents, spaces and punctuation; Indonesian and English names are both understood.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Heads that are looked at for a likeness: a table has few that are meant, and a comparison costs a millisecond.
NEAR_SOUGHT = 100


def folded(head: str) -> str:
    """A head without case, accents, spaces and punctuation: "Tanggal Lahir" and "tanggal_lahir" are one."""
    plain = unicodedata.normalize("NFKD", head).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


@dataclass(frozen=True, slots=True)
class HeadMapping:
    """``columns`` column -> position in the file; ``unknown`` heads that are ignored; ``repeated`` columns with two
    heads;
    ``near`` unknown head -> column that it may have meant."""

    columns: dict[str, int]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    near: dict[str, str]


def map_heads(heads: Sequence[str], names: Mapping[str, Sequence[str]]) -> HeadMapping:
    """Find each column's head. ``names`` column -> the other names it goes by."""
    known = {folded(name): column for column, others in names.items() for name in (column, *others)}
    columns: dict[str, int] = {}
    unknown, repeated, near = [], [], {}
    for position, head in enumerate(heads):
        column = known.get(folded(head))
        if column is None:
            if head.strip():
                unknown.append(head.strip())
                if len(unknown) > NEAR_SOUGHT:
                    continue
                close = difflib.get_close_matches(folded(head), known, n=1, cutoff=0.8)
                if close:
                    near[head.strip()] = known[close[0]]
        elif column in columns:
            repeated.append(column)
        else:
            columns[column] = position
    return HeadMapping(columns, tuple(unknown), tuple(repeated), near)
