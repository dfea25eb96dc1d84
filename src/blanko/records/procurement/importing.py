"""Take a portal's list in: plans of SiRUP or tenders of SPSE. All of it or nothing, every row accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.files import originals
from blanko.ground.files.batches import ReadByLine, TableFile, UnreadableFile
from blanko.ground.files.headers import HeadMapping, map_heads
from blanko.ground.files.rejects import Cause, Reject, RejectsFile, rejects_name
from blanko.ground.files.tables import open_table
from blanko.records.procurement import models, notices
from blanko.records.procurement.notices import NoticeKind

LOCK_SPACE = 0x17A_5B
_CONTENT = tuple(notices.Notice.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A list's balance: accepted + unchanged + refused = read. ``rejects`` is the path of rejects.csv or None."""

    file: str
    kind: str
    format: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    rejects: str | None
    mapping: dict[str, str]
    ignored: tuple[str, ...]
    near: dict[str, str]
    sha256: str
    seen_before: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would bring: ``rows`` are (row, new or changed, what it says), ``refused`` names every wrong cell."""

    kind: str
    format: str
    read: int
    unchanged: int
    rows: list[tuple[int, str, dict[str, Any]]]
    refused: list[Reject]
    mapping: dict[str, str]
    ignored: tuple[str, ...]


class _Refusals(Protocol):
    def add(self, reject: Reject) -> None: ...


@dataclass(slots=True)
class _Gathered:
    refused: list[Reject] = field(default_factory=list)

    def add(self, reject: Reject) -> None:
        self.refused.append(reject)


@dataclass(slots=True)
class _Tally:
    read: int = 0
    refused: int = 0
    unchanged: int = 0
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)


def import_notices(
    *, path: Path, by: str, at: datetime, data_dir: Path, kind: str | None = None, rejects_dir: Path | None = None,
    name: str | None = None,
) -> ImportResult:  # fmt: skip
    """Take one list in as ``kind`` (plan or tender, or as its heads say) and return its balance.

    The original is kept first. A list whose bytes were loaded before changes nothing; a row that says what the row of
    its code said last is unchanged, another becomes its next version. Raises UnreadableFile, UnknownNotices or
    OriginalNotKept, and then nothing of the list is kept in the database.
    """
    shown = name or path.name
    try:
        table = open_table(path)
        mapping, chosen = _mapping(table, kind)
        sha256, original = originals.keep(path, store=data_dir / "originals")
        rejects = (rejects_dir or data_dir / "rejects") / rejects_name(shown, sha256)
        with atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK_SPACE])
            known = models.NoticeFile.objects.filter(sha256=sha256).first()
            if known is not None:
                return _result(known, mapping, table, seen_before=True)
            try:
                # A savepoint: a quote that is never closed may show itself after some rows.
                with atomic():
                    return _take_in(open_table(original), mapping, chosen, shown, sha256, rejects, by=by, at=at)
            except ReadByLine:
                again = open_table(original, line_by_line=True)
                return _take_in(again, mapping, chosen, shown, sha256, rejects, by=by, at=at)
    except UnreadableFile as error:
        # The refusal names the file as its owner calls it, not where it lies for the moment.
        raise type(error)(error.message, mend=error.mend_message, **{**error.values, "path": shown}) from error


def preview_notices(*, path: Path, kind: str | None = None, name: str | None = None) -> Preview:
    """What ``import_notices`` would take of a list, row by row. Nothing is kept.

    Raises UnreadableFile, UnknownNotices.
    """
    try:
        table = open_table(path)
        mapping, chosen = _mapping(table, kind)
        try:
            return _previewed(table, mapping, chosen)
        except ReadByLine:
            return _previewed(open_table(path, line_by_line=True), mapping, chosen)
    except UnreadableFile as error:
        raise type(error)(
            error.message, mend=error.mend_message, **{**error.values, "path": name or path.name}
        ) from error


def _previewed(table: TableFile, mapping: HeadMapping, kind: NoticeKind) -> Preview:
    tally, gathered, standing = _Tally(), _Gathered(), _standing(kind)
    rows = [
        (number, "changed" if content["code"] in standing else "new", content)
        for number, content in _new_rows(table, mapping, kind, gathered, tally, standing)
    ]
    return Preview(
        kind=str(kind), format=table.details, read=tally.read, unchanged=tally.unchanged, rows=rows,
        refused=gathered.refused, mapping={column: table.heads[place] for column, place in mapping.columns.items()},
        ignored=mapping.unknown,
    )  # fmt: skip


def _mapping(table: TableFile, wanted: str | None) -> tuple[HeadMapping, NoticeKind]:
    mapping = map_heads(table.heads, notices.NAMES)
    if mapping.repeated:
        raise notices.UnknownNotices(
            "two heads for {listed}", mend="keep one of the two columns", listed=", ".join(mapping.repeated)
        )
    return mapping, notices.kind_of(mapping.columns, wanted=wanted)


def _result(file: models.NoticeFile, mapping: HeadMapping, table: TableFile, *, seen_before: bool) -> ImportResult:
    return ImportResult(
        file=file.name, kind=file.kind, format=file.format, read=file.read,
        accepted=0 if seen_before else file.accepted,
        unchanged=file.unchanged + (file.accepted if seen_before else 0), refused=file.refused, rejects=file.rejects,
        mapping={column: table.heads[place] for column, place in mapping.columns.items()},
        ignored=mapping.unknown, near=mapping.near, sha256=file.sha256, seen_before=seen_before,
    )  # fmt: skip


def _take_in(
    table: TableFile, mapping: HeadMapping, kind: NoticeKind, shown: str, sha256: str, rejects_path: Path, *, by: str,
    at: datetime,
) -> ImportResult:  # fmt: skip
    tally = _Tally()
    standing = _standing(kind)
    with RejectsFile(rejects_path, table.heads) as rejects:
        rows = [
            {**content, "version": standing.get(content["code"], ({}, 0))[1] + 1, "sha256": sha256, "row_no": number}
            for number, content in _new_rows(table, mapping, kind, rejects, tally, standing)
        ]
        file = models.NoticeFile(
            sha256=sha256, name=shown, kind=str(kind), format=table.details, read=tally.read, accepted=len(rows),
            unchanged=tally.unchanged, refused=tally.refused, rejects=str(rejects_path) if tally.refused else None,
            loaded_at=at, loaded_by=by,
        )  # fmt: skip
        seal = {name: getattr(file, name) for name in models.NoticeFile.columns_to_seal()}
        facts = {"procurement_notice_file": [seal], **({"procurement_notice": rows} if rows else {})}
        file.event_id = audit.record(
            operation="procurement.import_notices", by=by, at=at, facts=Facts.of(facts),
            subject={"file": shown, "sha256": sha256, "kind": str(kind), "accepted": len(rows)},
        )  # fmt: skip
        file.save(force_insert=True)
        models.Notice.objects.bulk_create(
            [models.Notice(event_id=file.event_id, **row) for row in rows], batch_size=2_000
        )
    return _result(file, mapping, table, seen_before=False)


def _standing(kind: NoticeKind) -> dict[str, tuple[dict[str, Any], int]]:
    """code -> (what stands, its version)."""
    rows = models.Notice.objects.filter(kind=str(kind)).order_by("version").values(*_CONTENT, "version")
    return {row["code"]: ({name: row[name] for name in _CONTENT}, row["version"]) for row in rows}


def _new_rows(
    table: TableFile, mapping: HeadMapping, kind: NoticeKind, rejects: _Refusals, tally: _Tally,
    standing: dict[str, tuple[dict[str, Any], int]],
) -> Iterator[tuple[int, dict[str, Any]]]:  # fmt: skip
    """The rows that say something new, with their numbers; all others are counted, refused ones written."""
    for batch in table.batches():
        for bad in batch.bad:
            tally.read += 1
            tally.refused += 1
            rejects.add(Reject(bad.row, [Cause("", bad.text[:200], bad.reason, bad.mend)], (bad.text,)))
        columns = [column.to_pylist() for column in batch.columns.columns]
        for number, *cells in zip(batch.rows, *columns, strict=True):
            texts = tuple(cell or "" for cell in cells)
            if not any(text.strip() for text in texts):
                continue
            tally.read += 1
            content = _content(kind, {column: texts[place] for column, place in mapping.columns.items()}, tally)
            if isinstance(content, list):
                tally.refused += 1
                rejects.add(Reject(number, content, texts))
            elif content is None or standing.get(content["code"], ({}, 0))[0] == content:
                tally.unchanged += 1
            else:
                yield number, content


def _content(kind: NoticeKind, cells: dict[str, str], tally: _Tally) -> dict[str, Any] | list[Cause] | None:
    """What a row says; the causes of its refusal; or None when an earlier row of the list said the same."""
    notice, causes = notices.read(kind, cells)
    if notice is None:
        return causes
    content = notice.content()
    before = tally.seen.setdefault(notice.code, content)
    if before is content:
        return content
    if before == content:
        return None
    column = notices.CODE[kind]
    return [Cause(column, notice.code, "repeated_code", "keep the row of this code that is right")]
