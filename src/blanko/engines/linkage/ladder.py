"""How many people a rule would close by mistake for each double that it removes: the dispute of 2018 as a measurement.

In 2018 parties claimed 25 million doubles among the voters by three fields (name, birth date, and the twelve digits of
the NIK that they could see); by a fourth, the birth place, 6.3 million were left. Source: Republika, 12 September 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blanko.engines.linkage.columns import batches, open_files, text
from blanko.engines.linkage.errors import UnreadableRecords

FIELDS: Final = ("record_id", "nik", "name", "birth_date", "birth_place")
RULES: Final[tuple[tuple[str, tuple[str, ...], int], ...]] = (
    ("two fields: name, birth date", ("name", "birth_date"), 0),
    ("three fields: name, birth date, twelve digits of the NIK", ("name", "birth_date", "nik"), 12),
    ("four fields: name, birth date and place, six digits of the NIK", ("name", "birth_date", "birth_place", "nik"), 6),
    ("three fields: name, birth date, the whole NIK", ("name", "birth_date", "nik"), 16),
)
"""What it is called, the fields that must be the same, and how many digits of the NIK are seen."""
ENGINE: Final = "the engine: what is merged without anybody looking"
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rung:
    """What a rule does when all but one record of each group are closed.

    ``closed`` records; ``removed`` of them leave their person another open record, a true double less; ``people`` have
    no open record any more, of ``doubles`` records that are one too many in all.
    """

    rule: str
    closed: int
    removed: int
    people: int
    doubles: int

    @property
    def people_per_double(self) -> float | None:
        """People wrongly closed for each true double removed; None where none was."""
        return self.people / self.removed if self.removed else None


def read(paths: Sequence[Path]) -> pa.Table:
    """FIELDS of all records as text, sorted by record id, empty where missing. Raises UnreadableRecords."""
    parts = []
    for _, batch in batches(open_files(paths)):
        columns = {
            name: text(batch.column(name)) if name in batch.schema.names else pa.array([""] * batch.num_rows)
            for name in FIELDS
        }
        parts.append(pa.table(columns))
    if not sum(len(part) for part in parts):
        raise UnreadableRecords("the files hold no record", mend="give files with rows")
    return pa.concat_tables(parts).combine_chunks().sort_by("record_id")


def persons(records: pa.Table, truth: Path) -> Rows:
    """The planted person of each record, from ``truth.parquet`` of a synthetic nation. Raises UnreadableRecords."""
    try:
        table = pq.read_table(truth, columns=["record_id", "person_id"])
    except (OSError, pa.ArrowException, KeyError) as error:
        raise UnreadableRecords(
            "cannot read {path} ({reason})",
            mend="name the truth.parquet that ./blanko synth wrote beside the records",
            path=truth,
            reason=str(error).splitlines()[0],
        ) from error
    place = pc.index_in(records["record_id"], table["record_id"])
    if place.null_count:
        lost = records["record_id"].filter(pc.is_null(place))[0].as_py()
        raise UnreadableRecords(
            "{path} does not say whose record {record} is",
            mend="name the truth of the nation that the records are from",
            path=truth,
            record=lost,
        )
    return np.asarray(table["person_id"].take(place).to_numpy(), dtype=np.int64)


def groups(records: pa.Table, fields: Sequence[str], digits: int) -> Rows:
    """For each record the first row that agrees with it in all ``fields``; itself where one of them is missing.

    Names count in capitals without spaces around them, as a spreadsheet's user would compare them.
    """
    columns = {}
    known = np.ones(len(records), dtype=np.bool_)
    for name in fields:
        column = pc.utf8_upper(pc.utf8_trim_whitespace(records[name]))
        if name == "nik":
            column = pc.utf8_slice_codeunits(column, 0, digits)
            known &= np.asarray(pc.equal(pc.utf8_length(column), digits))
        known &= np.asarray(pc.not_equal(column, ""))
        columns[name] = column
    rows = np.arange(len(records), dtype=np.int64)
    some = pa.table(columns).append_column("row", pa.array(rows)).filter(pa.array(known))
    first = some.group_by(list(fields)).aggregate([("row", "min")])
    joined = some.join(first, keys=list(fields)).select(["row", "row_min"])
    found = rows.copy()
    found[joined["row"].to_numpy()] = joined["row_min"].to_numpy()
    return found


def rung(rule: str, first: Rows, person: Rows) -> Rung:
    """What closing every record but the first of each group does to the ``person`` behind each."""
    closed = first != np.arange(len(first))
    _, who = np.unique(person, return_inverse=True)
    held = np.bincount(who)
    shut = np.bincount(who, weights=closed).astype(np.int64)
    gone = shut == held
    return Rung(rule, int(closed.sum()), int(shut[~gone].sum()), int(gone.sum()), int((held - 1).sum()))


def ladder(records: pa.Table, person: Rows, engine: Rows) -> tuple[Rung, ...]:
    """All RULES, and last the engine, whose ``engine`` [n] is the first row of each record's person."""
    return (
        *(rung(rule, groups(records, fields, digits), person) for rule, fields, digits in RULES),
        rung(ENGINE, engine, person),
    )
