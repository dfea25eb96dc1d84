"""Take a file in: all of it or nothing, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.files import originals
from blanko.ground.files.batches import ReadByLine, TableFile, UnreadableFile
from blanko.ground.files.headers import HeadMapping, map_heads
from blanko.ground.files.rejects import Cause, Reject, RejectsFile, rejects_name
from blanko.ground.files.tables import open_table
from blanko.records.intake.ahead import ahead
from blanko.records.intake.checks import check
from blanko.records.intake.kinds import KINDS, MOVE_CLAIMS, REGISTRATIONS, Kind
from blanko.records.intake.models import File
from blanko.records.intake.parts import Part, nik_numbers, part, repeated_numbers
from blanko.records.intake.rules import MissingColumns, UnknownKind, recognise
from blanko.records.intake.storing import Store

LOCK_SPACE = 0x17A_1E
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A file's balance: accepted + unchanged + refused = read. ``rejects`` is the path of rejects.csv or None."""

    file: str
    kind: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    warnings: int
    rejects: str | None
    format: str
    mapping: dict[str, str]
    ignored: tuple[str, ...]
    near: dict[str, str]
    warning_counts: dict[str, int]
    sha256: str
    seen_before: bool

    @property
    def moves_claims(self) -> bool:
        """True when persons and claims are to be brought up to date after this file."""
        return self.accepted > 0 and self.kind in MOVE_CLAIMS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def load(
    *, path: Path, by: str, at: datetime, data_dir: Path, kind: str | None = None, rejects_dir: Path | None = None,
    name: str | None = None, progress: Progress | None = None,
) -> LoadResult:  # fmt: skip
    """Take one file in as ``kind`` (or as its heads say) and return its balance.

    The original is kept first. A file whose bytes were loaded before changes nothing. Raises UnreadableFile,
    UnknownKind, MissingColumns, OriginalNotKept or RejectsNotKept, and then nothing of the file is kept in the
    database. Memory: a few batches, and 8 bytes a row while repeated NIKs are looked for.
    """
    shown = name or path.name
    with _called(shown):
        # What is no such file is refused before it is copied.
        _mapping(open_table(path), shown, kind)
    sha256, original = originals.keep(path, store=data_dir / "originals")
    folder = rejects_dir or data_dir / "rejects"
    rejects_path = folder / rejects_name(shown, sha256)
    with _called(shown), atomic():
        # The file may have changed since: what was kept counts.
        table = open_table(original)
        chosen, mapping = _mapping(table, shown, kind)
        _one_at_a_time(chosen, sha256)
        known = File.objects.filter(sha256=sha256).first()
        if known is not None:
            return _seen_before(known, shown, table, mapping)
        try:
            # A savepoint: that it cannot be read in blocks may show itself after the first parts are stored.
            with atomic():
                return _take_in(table, chosen, mapping, shown, sha256, rejects_path, by=by, at=at, progress=progress)
        except ReadByLine:
            again = open_table(original, line_by_line=True)
            return _take_in(again, chosen, mapping, shown, sha256, rejects_path, by=by, at=at, progress=progress)


@contextmanager
def _called(shown: str) -> Iterator[None]:
    """A refusal names the file as its owner calls it, not where it lies for the moment."""
    try:
        yield
    except UnreadableFile as error:
        raise type(error)(error.message, mend=error.mend_message, **{**error.values, "path": shown}) from error


def _mapping(table: TableFile, shown: str, wanted: str | None) -> tuple[Kind, HeadMapping]:
    mappings = {
        name: map_heads(table.heads, {column.name: column.others for column in kind.columns})
        for name, kind in KINDS.items()
    }
    missing = {
        name: [
            column.name for column in kind.columns if column.head_required and column.name not in mappings[name].columns
        ]
        for name, kind in KINDS.items()
    }
    if wanted is None:
        wanted = recognise({name: (len(mappings[name].columns), missing[name]) for name in KINDS})
    if wanted not in KINDS:
        raise UnknownKind(
            "there is no kind {wanted}", mend="use one of {kinds}", wanted=repr(wanted), kinds=", ".join(KINDS)
        )
    if missing[wanted]:
        raise MissingColumns(
            "{name} lacks the columns {listed} of {wanted}",
            mend="add them, or correct the heads",
            name=shown,
            listed=", ".join(missing[wanted]),
            wanted=wanted,
        )
    if mappings[wanted].repeated:
        raise MissingColumns(
            "{name} has two heads for {listed}",
            mend="keep one of the two columns",
            name=shown,
            listed=", ".join(mappings[wanted].repeated),
        )
    return KINDS[wanted], mappings[wanted]


def _one_at_a_time(kind: Kind, sha256: str) -> None:
    """Two people who load the same kind at once take turns: versions and counts then follow one order.

    So do those who load one file, be it as two kinds.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, list(KINDS).index(kind.name)])
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [sha256, LOCK_SPACE])


def _seen_before(known: File, shown: str, table: TableFile, mapping: HeadMapping) -> LoadResult:
    return LoadResult(
        file=shown, kind=known.kind, read=known.read, accepted=0, unchanged=known.accepted + known.unchanged,
        refused=known.refused, warnings=known.warnings, rejects=known.rejects, format=known.format,
        mapping=known.mapping, ignored=mapping.unknown, near=mapping.near,
        warning_counts=known.warning_counts, sha256=known.sha256, seen_before=True,
    )  # fmt: skip


class _Tally:
    """What went by while the file streamed."""

    def __init__(self) -> None:
        self.read = self.refused = self.unchanged = 0
        self.warnings: dict[str, int] = {}


def _take_in(
    table: TableFile, kind: Kind, mapping: HeadMapping, shown: str, sha256: str, rejects_path: Path, *, by: str,
    at: datetime, progress: Progress | None,
) -> LoadResult:  # fmt: skip
    """Store the file part by part, each under an event of its own, and last the file's balance under another."""
    tally = _Tally()
    repeated = _repeated_niks(table, mapping) if "nik" in mapping.columns and kind is REGISTRATIONS else None
    file_id = _next_file_id()
    with (
        RejectsFile(rejects_path, table.heads) as rejects,
        Store(kind, file_id=file_id, sha256=sha256, by=by, at=at) as store,
        closing(ahead(_parts(table, kind, mapping, rejects, tally, repeated, at, progress))) as parts,
    ):
        for item in parts:
            tally.unchanged += store.take(item)
            for warning, count in item.warnings.items():
                tally.warnings[warning] = tally.warnings.get(warning, 0) + count
    warnings = dict(sorted(tally.warnings.items()))
    file = File(
        id=file_id, sha256=sha256, name=shown, kind=kind.name, format=table.details,
        mapping={column: table.heads[place] for column, place in mapping.columns.items()},
        read=tally.read, accepted=tally.read - tally.refused - tally.unchanged, unchanged=tally.unchanged,
        refused=tally.refused, warnings=sum(warnings.values()), warning_counts=warnings,
        rejects=str(rejects_path) if tally.refused else None, loaded_at=at, loaded_by=by,
    )  # fmt: skip
    seal = {name: getattr(file, name) for name in File.columns_to_seal()}
    file.event_id = audit.record(
        operation="intake.load", by=by, at=at, facts=Facts.of({"intake_file": [seal]}),
        subject={"file": shown, "sha256": sha256, "kind": kind.name, "accepted": file.accepted},
    )  # fmt: skip
    file.save(force_insert=True)
    return LoadResult(
        file=shown, kind=kind.name, read=file.read, accepted=file.accepted, unchanged=file.unchanged,
        refused=file.refused, warnings=file.warnings, rejects=file.rejects, format=file.format, mapping=file.mapping,
        ignored=mapping.unknown, near=mapping.near, warning_counts=warnings, sha256=sha256,
        seen_before=False,
    )  # fmt: skip


def _next_file_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('intake_file', 'id'))")
        (number,) = cursor.fetchone()
    return int(number)


def _repeated_niks(table: TableFile, mapping: HeadMapping) -> npt.NDArray[np.int64]:
    """The NIKs that stand on several rows. Their first row must know too, hence a look at the one column beforehand."""
    place = mapping.columns["nik"]
    found = []
    for batch in table.batches(place):
        numbers, are_niks = nik_numbers(batch.columns.column(0))
        found.append(numbers[are_niks])
    return repeated_numbers(found)


def _parts(
    table: TableFile, kind: Kind, mapping: HeadMapping, rejects: RejectsFile, tally: _Tally,
    repeated: npt.NDArray[np.int64] | None, at: datetime, progress: Progress | None,
) -> Generator[Part]:  # fmt: skip
    today = timezone.localdate(at)
    for batch in table.batches():
        bad = [
            Reject(item.row, [Cause("", item.text[:200], item.reason, item.mend)], (item.text,)) for item in batch.bad
        ]
        found = check(
            batch.columns, kind=kind, positions=mapping.columns, rows=batch.rows, today=today, repeated=repeated
        )
        for reject in sorted([*bad, *found.rejects], key=lambda reject: reject.row):
            rejects.add(reject)
        refused = len(bad) + len(found.rejects)
        tally.read += len(found.rows) + refused
        tally.refused += refused
        if progress:
            progress(batch.done)
        if len(found.rows):
            yield part(kind, found)
