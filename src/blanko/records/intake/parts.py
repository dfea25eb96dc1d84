"""A part of a file: rows that are sealed by one event and stored by one statement. Pure: Arrow and numpy in and out.

A long file is sealed in parts, so that memory stays flat, and the database stores one part while the next is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from blanko.ground.audit.merkle import Facts
from blanko.records.intake import canonical
from blanko.records.intake import columns as parse
from blanko.records.intake.checks import NIK_LENGTH, Checked
from blanko.records.intake.kinds import Kind

# COPY reads the canonical form itself. No cell can hold one of these (control characters are refused), so that no cell
# needs a quote or an escape.
COPY_FORMAT = "FORMAT csv, DELIMITER E'\\x1f', QUOTE E'\\x02'"


@dataclass(slots=True)
class Part:
    """``copy`` what COPY takes, ``rows`` the rows' numbers in the file, ``leaves`` their hashes, ``facts`` the seal."""

    copy: bytes
    rows: npt.NDArray[np.int64]
    leaves: list[bytes]
    facts: Facts
    warnings: dict[str, int]


def part(kind: Kind, checked: Checked) -> Part:
    """Seal the rows of a batch, and write them as COPY takes them: the kind's columns, regency, warnings, row."""
    texts = canonical.texts([checked.values[column.name] for column in kind.columns])
    leaves = canonical.leaves(kind.table, texts)
    counts: dict[str, int] = {}
    warned = ["{}"] * len(checked.rows)
    for place, found in checked.warnings.items():
        warned[place] = "{" + ",".join(found) + "}"
        for warning in found:
            counts[warning] = counts.get(warning, 0) + 1
    more = [
        pc.fill_null(checked.regency, ""),
        pa.array(warned, pa.string()),
        pa.array(checked.rows, pa.int32()).cast(pa.string()),
    ]
    return Part(canonical.lines([*texts, *more]).to_pybytes(), checked.rows, leaves, Facts.of_leaves(leaves), counts)


def repeated_numbers(niks: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The NIKs, as numbers and in order, that stand more than once."""
    whole = np.concatenate(niks) if niks else np.zeros(0, np.int64)
    whole.sort()
    return np.unique(whole[1:][whole[1:] == whole[:-1]])


def nik_numbers(column: pa.Array) -> tuple[npt.NDArray[np.int64], parse.Mask]:
    """The cells as numbers, and which of them are 16 digits."""
    matrix, fits = parse.fixed(parse.trimmed(column), NIK_LENGTH)
    numbers, numeric = parse.digits(matrix)
    return numbers, fits & numeric
