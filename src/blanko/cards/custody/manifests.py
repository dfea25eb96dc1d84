"""A manufacturer's list of a lot: its boxes, and where it has them the UID of each chip. Read, and checked whole.

A manifest is taken or refused as one thing: a lot of which some boxes are known is worse than one that is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from blanko.cards.custody.uids import UID_BYTES, LotShape, uid_text
from blanko.ground.files.batches import Batch, TableFile
from blanko.ground.files.headers import map_heads
from blanko.ground.files.rejects import Cause
from blanko.ground.files.tables import open_table
from blanko.kernel.boxes import BOX_SIZE_MAX
from blanko.kernel.errors import BlankoError

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "series": ("seri",),
    "box": ("box_no", "dus", "nomor_dus", "no_dus"),
    "first_serial": ("first", "nomor_awal", "awal", "dari"),
    "last_serial": ("last", "nomor_akhir", "akhir", "sampai"),
    "position": ("serial", "nomor_seri", "nomor", "posisi"),
    "uid": ("chip_uid", "chip", "uid_chip"),
}
# A refused manifest tells so many of its faults; the rest is counted.
FAULTS_TOLD: Final = 200
_SERIAL = r"^(?P<series>[A-Z0-9]{2,12})-(?P<number>[0-9]{6})-(?P<position>[0-9]{4})$"
_BOX = r"^(?P<series>[A-Z0-9]{2,12})-(?P<number>[0-9]{6})$"


class ManifestRefused(BlankoError, ValueError):
    """The manifest is wrong, and nothing of it was used. ``faults`` say where, ``count`` how many there are."""

    faults: tuple[Fault, ...] = ()
    count: int = 0

    @property
    def causes(self) -> list[tuple[int, Cause]]:
        """The faults as every refused list tells them: by row, each with its mend."""
        mend = "mend the row, or ask the manufacturer"
        return [(fault.row, Cause(fault.column, fault.value, fault.reason, mend)) for fault in self.faults]


class Fault(NamedTuple):
    """One wrong row of a manifest; row 0 is the manifest as a whole."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked manifest. ``uid`` (int64), ``box_no`` (int32), ``position`` (int16) are sorted by box and position,
    one entry a chip; empty where the manufacturer gave no UIDs.
    """

    lot: LotShape
    uid: np.ndarray[Any, np.dtype[np.int64]]
    box_no: np.ndarray[Any, np.dtype[np.int32]]
    position: np.ndarray[Any, np.dtype[np.int16]]

    def box_digests(self) -> list[str]:
        """For each box of the lot in order: sha256 of its UIDs by position, 8 bytes big-endian each; or ''."""
        if not len(self.uid):
            return [""] * self.lot.box_count
        rows = self.uid.astype(">i8").reshape(self.lot.box_count, self.lot.box_size)
        return [sha256(row.tobytes()).hexdigest() for row in rows]


@dataclass(slots=True)
class _Faults:
    lot: LotShape
    told: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, column: str, value: object, reason: str) -> None:
        self.count += 1
        if len(self.told) < FAULTS_TOLD:
            self.told.append(Fault(row, column, str(value)[:80], reason))

    def end(self) -> None:
        if not self.count:
            return
        first = min(self.told)
        error = ManifestRefused(
            "manifest of lot {lot}: {count} faults, the first in row {row}, {column}: {reason} ({value})",
            mend="mend the file and load it again; nothing of it was used",
            lot=self.lot.lot_no,
            count=self.count,
            row=first.row,
            column=first.column,
            reason=first.reason,
            value=first.value,
        )
        error.faults, error.count = tuple(sorted(self.told)), self.count
        raise error


def read(path: Path, lot: LotShape, *, progress: Callable[[float], None] | None = None) -> Manifest:
    """Read and check a manifest against its lot.

    Columns: series, box, first_serial, last_serial, one row a box; or series, box, position (or a whole serial), uid,
    one row a chip. Raises UnreadableFile, and ManifestRefused with every fault (up to FAULTS_TOLD of them) by its row.
    """
    table = open_table(path, whole_numbers=True)
    heads = map_heads(table.heads, COLUMNS)
    faults = _Faults(lot)
    chips = "uid" in heads.columns
    needed = {"uid", "position"} if chips else {"box", "first_serial", "last_serial"}
    for column in sorted(needed - set(heads.columns)):
        faults.add(1, column, ", ".join(table.heads), "the column is missing")
    for column in heads.repeated:
        faults.add(1, column, column, "the column stands twice")
    faults.end()
    batches = table.batches()
    parts = [_part(batch, heads.columns, table, lot, faults, progress) for batch in batches]
    if not parts:
        faults.add(0, "", "", "the manifest has no rows")
    faults.end()
    rows = np.concatenate([part["row"] for part in parts])
    box = np.concatenate([part["box"] for part in parts])
    if not chips:
        _check_boxes(lot, faults, rows, box)
        faults.end()
        nothing = np.zeros(0, np.int64)
        return Manifest(lot, nothing, nothing.astype(np.int32), nothing.astype(np.int16))
    position = np.concatenate([part["position"] for part in parts])
    uid = np.concatenate([part["uid"] for part in parts])
    order = _check_chips(lot, faults, rows, box, position, uid)
    faults.end()
    if order is not None:
        uid, box, position = uid[order], box[order], position[order]
    return Manifest(lot, uid, box.astype(np.int32), position.astype(np.int16))


def _part(
    batch: Batch, columns: Mapping[str, int], table: TableFile, lot: LotShape, faults: _Faults,
    progress: Callable[[float], None] | None,
) -> dict[str, np.ndarray[Any, Any]]:  # fmt: skip
    """The numbers of one batch of rows; what is wrong in them is told, and stands as zero."""
    if progress:
        progress(batch.done)
    for bad in batch.bad:
        faults.add(bad.row, "", bad.text, bad.reason)
    rows = _row_numbers(batch.rows)
    text = {name: batch.columns.column(place) for name, place in columns.items()}
    if "series" in text and pc.all(pc.equal(text["series"], lot.series)).as_py():
        # As it should be: millions of texts are not tidied first.
        del text["series"]
    text = {name: cells if name == "uid" else _tidy(cells) for name, cells in text.items()}
    found: dict[str, np.ndarray[Any, Any]] = {"row": rows}
    if "series" in text:
        _told(faults, rows, text["series"], "series", pc.not_equal(text["series"], lot.series),
              f"the lot's series is {lot.series}")  # fmt: skip
    last = lot.first_box + lot.box_count - 1
    box, first, final = text.get("box"), text.get("first_serial"), text.get("last_serial")
    named = text.get("position")
    if "uid" in text:
        found["position"], of_serial = _numbers(faults, rows, named, "position", lot, _SERIAL)
        if box is None and of_serial is None and len(rows):
            faults.add(int(rows[0]), "box", "", "neither a box nor a whole serial is given")
            found["box"] = np.zeros(len(rows), np.int64)
            found["uid"] = np.zeros(len(rows), np.int64)
            return found
        boxes = _numbers(faults, rows, box, "box", lot, _BOX)[0] if box is not None else of_serial
        assert boxes is not None
        found["box"] = boxes
        if box is not None and of_serial is not None:
            _wrong(faults, rows, of_serial, "position", of_serial != found["box"], "the serial is of another box")
        _wrong(
            faults, rows, found["position"], "position",
            (found["position"] < 1) | (found["position"] > lot.box_size), f"a box has positions 1 to {lot.box_size}",
        )  # fmt: skip
        found["uid"] = _uids(faults, rows, text["uid"])
    else:
        found["box"] = _numbers(faults, rows, box, "box", lot, _BOX)[0]
        for column, values, right in (("first_serial", first, 1), ("last_serial", final, lot.box_size)):
            number, of_serial = _numbers(faults, rows, values, column, lot, _SERIAL)
            _wrong(faults, rows, number, column, number != right, f"a box of this lot has {column} {right}")
            if of_serial is not None:
                _wrong(faults, rows, of_serial, column, of_serial != found["box"], "the serial is of another box")
    outside = (found["box"] < lot.first_box) | (found["box"] > last)
    _wrong(faults, rows, found["box"], "box", outside, f"the lot has boxes {lot.first_box} to {last}")
    return found


def _numbers(
    faults: _Faults, rows: np.ndarray[Any, Any], text: pa.Array, column: str, lot: LotShape, pattern: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Plain numbers, or the last part of whole identifiers; then also the box that these name."""
    if pa.types.is_integer(text.type):
        return text.to_numpy(zero_copy_only=False), None
    try:
        return pc.cast(text, pa.int64()).to_numpy(zero_copy_only=False), None
    except pa.ArrowInvalid:
        pass
    plain = pc.match_substring_regex(text, r"^[0-9]{1,6}$")
    whole = pc.match_substring_regex(text, pattern)
    parts = pc.extract_regex(text, pattern)
    _told(faults, rows, text, column, pc.invert(pc.or_(plain, whole)), "this is no number of a blank or a box")
    series = pc.if_else(whole, pc.struct_field(parts, 0), lot.series)
    _told(faults, rows, text, column, pc.not_equal(series, lot.series), f"the lot's series is {lot.series}")
    number = pc.struct_field(parts, 1)
    last = pc.struct_field(parts, 2) if pattern is _SERIAL else number
    values = pc.if_else(whole, last, pc.if_else(plain, text, "0"))
    found = pc.cast(values, pa.int64()).to_numpy(zero_copy_only=False)
    if pattern is _BOX or not pc.any(whole).as_py():
        return found, None
    # Of a plain number the box is not known here: the column beside it says it.
    box = pc.cast(pc.if_else(whole, number, "-1"), pa.int64()).to_numpy(zero_copy_only=False)
    if (box < 0).any():
        _wrong(faults, rows, found, column, box < 0, "some rows have whole serials and this one has not")
    return found, box


def _row_numbers(rows: list[int] | range) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.arange(rows.start, rows.stop, dtype=np.int64) if isinstance(rows, range) else np.asarray(rows, np.int64)


def _tidy(cells: pa.Array) -> pa.Array:
    return cells if pa.types.is_integer(cells.type) else pc.utf8_upper(pc.utf8_trim_whitespace(cells))


def _uids(faults: _Faults, rows: np.ndarray[Any, Any], cells: pa.Array) -> np.ndarray[Any, Any]:
    cells = cells.cast(pa.string())
    values, good = _digits(cells)
    if not good.all():
        cells = _tidy(cells)
        values, good = _digits(pc.replace_substring(pc.replace_substring(cells, ":", ""), " ", ""))
        _told(faults, rows, cells, "uid", pa.array(~good), "a UID is 4 or 7 bytes in hexadecimal")
    return values


def _digits(plain: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """UIDs that are written as digits and nothing else, as ``uid_of`` makes them, and which of them are any."""
    length = pc.binary_length(plain).to_numpy(zero_copy_only=False)
    values = np.zeros(len(plain), np.int64)
    good = np.zeros(len(plain), bool)
    for size in UID_BYTES:
        at = np.flatnonzero(length == 2 * size)
        if not len(at):
            continue
        chosen = plain if len(at) == len(plain) else plain.take(pa.array(at))
        chosen = pa.concat_arrays([chosen]) if chosen.offset == 0 else pa.array(chosen.to_pylist(), pa.string())
        offset = np.frombuffer(chosen.buffers()[1], np.int32)[0]
        digits = np.frombuffer(chosen.buffers()[2], np.uint8)[offset : offset + len(at) * 2 * size]
        nibbles = _NIBBLE[digits].reshape(len(at), size, 2)
        good[at] = (nibbles < 16).all(axis=(1, 2))
        # The length stands above 56 bits; a UID of 4 bytes leaves three of them empty.
        eight = np.zeros((len(at), 8), np.uint8)
        eight[:, 0] = size
        eight[:, 8 - size :] = nibbles[:, :, 0] << 4 | nibbles[:, :, 1] & 15
        values[at] = eight.view(">i8").ravel()
    values[~good] = 0
    return values, good


_NIBBLE = np.full(256, 255, np.uint8)
for _place, _digit in enumerate("0123456789ABCDEF"):
    _NIBBLE[[ord(_digit), ord(_digit.lower())]] = _place


def _told(
    faults: _Faults, rows: np.ndarray[Any, Any], text: pa.Array, column: str, wrong: pa.Array, reason: str
) -> None:
    at = np.flatnonzero(pc.fill_null(wrong, True).to_numpy(zero_copy_only=False))
    faults.count += max(0, len(at) - FAULTS_TOLD)
    for place in at[:FAULTS_TOLD]:
        faults.add(int(rows[place]), column, text[int(place)].as_py(), reason)


def _wrong(
    faults: _Faults, rows: np.ndarray[Any, Any], values: np.ndarray[Any, Any], column: str,
    wrong: np.ndarray[Any, Any], reason: str,
) -> None:  # fmt: skip
    at = np.flatnonzero(wrong)
    faults.count += max(0, len(at) - FAULTS_TOLD)
    for place in at[:FAULTS_TOLD]:
        faults.add(int(rows[place]), column, values[place], reason)


def _check_boxes(lot: LotShape, faults: _Faults, rows: np.ndarray[Any, Any], box: np.ndarray[Any, Any]) -> None:
    order = np.argsort(box, kind="stable")
    again = np.flatnonzero(box[order][1:] == box[order][:-1]) + 1
    for place in order[again]:
        faults.add(int(rows[place]), "box", box[place], "the box stands twice")
    every = np.arange(lot.first_box, lot.first_box + lot.box_count)
    for number in np.setdiff1d(every, box):
        faults.add(0, "box", number, "the box is missing")


def _check_chips(
    lot: LotShape, faults: _Faults, rows: np.ndarray[Any, Any], box: np.ndarray[Any, Any],
    position: np.ndarray[Any, Any], uid: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any] | None:  # fmt: skip
    """The order by box and position (None: as they stand), when every blank of the lot has one chip and no chip stands
    twice.
    """
    place = (box - lot.first_box) * (BOX_SIZE_MAX + 1) + position
    order = None
    if not (place[1:] > place[:-1]).all():
        order = np.argsort(place, kind="stable")
        again = np.flatnonzero(np.diff(place[order]) == 0) + 1
        for at in order[again][:FAULTS_TOLD]:
            faults.add(int(rows[at]), "position", f"{box[at]}/{position[at]}", "the blank stands twice")
    in_order = np.sort(uid)
    if (in_order[1:] == in_order[:-1]).any():
        by_uid = np.argsort(uid, kind="stable")
        twice = np.flatnonzero(np.diff(uid[by_uid]) == 0) + 1
        for at in by_uid[twice][:FAULTS_TOLD]:
            faults.add(int(rows[at]), "uid", uid_text(int(uid[at])), "the chip stands twice")
    inside = (box >= lot.first_box) & (box < lot.first_box + lot.box_count)
    held = np.bincount(box[inside] - lot.first_box, minlength=lot.box_count)
    for number in np.flatnonzero(held != lot.box_size)[:FAULTS_TOLD]:
        faults.add(
            0, "box", lot.first_box + number, f"{held[number]} chips are listed of the {lot.box_size} of the box"
        )
    return order
