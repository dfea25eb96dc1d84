"""Store a checked manifest: its boxes, and its chips in a part of their own that is indexed when it is full."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db import Error, connection
from django.db.transaction import atomic
from psycopg import sql as compose
from psycopg.types.json import Jsonb

from blanko.cards.custody import manifests, queries
from blanko.cards.custody.manifests import Manifest, ManifestRefused
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.ground.files import originals
from blanko.kernel.errors import BlankoError

# Rows of one write to the server, in PostgreSQL's binary form of COPY.
ROWS_AT_ONCE = 1 << 18


class UnknownLot(BlankoError, LookupError):
    """No lot has this number."""


class ManifestLoaded(BlankoError):
    """Another manifest of the lot was loaded before."""


def load(
    *, path: Path, lot_no: str, store: Path, by: str, at: datetime, progress: Callable[[float], None] | None = None,
    shown: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Check a lot's manifest whole and store it; returns lot_no, boxes, chips, sha256, repeated.

    The file is kept as an original. The same file again changes nothing. Raises UnknownLot, UnreadableFile,
    ManifestRefused (with the faults by row; a chip that another lot has is one), ManifestLoaded, OriginalNotKept.
    """
    shape = queries.lot_shape(lot_no)
    if shape is None:
        raise UnknownLot("there is no lot {lot_no}", mend="announce the lot first", lot_no=lot_no)
    manifest = manifests.read(path, shape, progress=progress)
    digest, _kept = originals.keep(path, store=store)
    return store_manifest(manifest, name=shown or path.name, digest=digest, by=by, at=at)


def store_manifest(manifest: Manifest, *, name: str, digest: str, by: str, at: datetime) -> dict[str, Any]:
    """Store a checked manifest in one transaction. Raises ManifestRefused, ManifestLoaded."""
    lot, chips = manifest.lot, len(manifest.uid)
    row = {"lot_no": lot.lot_no, "sha256": digest, "name": name, "boxes": lot.box_count, "chips": chips, "by": by,
           "at": at}  # fmt: skip
    boxes = [
        {"series": lot.series, "box_no": lot.first_box + place, "lot_no": lot.lot_no, "size": lot.box_size,
         "chips": lot.box_size if chips else 0, "chips_sha256": sha256}
        for place, sha256 in enumerate(manifest.box_digests())
    ]  # fmt: skip
    facts = Facts.of({"custody_manifest": [row], "custody_manifest_box": boxes})
    try:
        with atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT custody_manifest_known(%s)", [lot.lot_no])
            known = cursor.fetchone()[0]
            if known == digest:
                return {**_answer(row), "repeated": True}
            if known:
                raise ManifestLoaded(
                    "lot {lot_no} has another manifest",
                    mend="look at the one that was loaded; a wrong one is mended by the manufacturer's next lot",
                    lot_no=lot.lot_no,
                )
            if chips:
                cursor.execute("SELECT custody_uid_open(%s)", [lot.lot_no])
                _copy(cursor, cursor.fetchone()[0], manifest)
            cursor.execute(
                sql.text(__package__, "load_manifest.sql"),
                {
                    "manifest": Jsonb({**row, "at": at.isoformat()}),
                    "series": lot.series,
                    "size": lot.box_size,
                    "first_box": lot.first_box,
                    "chips": [box["chips"] for box in boxes],
                    "digests": [box["chips_sha256"] for box in boxes],
                    "by": by,
                    "at": at,
                    "row_count": facts.count,
                    "root": facts.root,
                    "subject": Jsonb({"lot": lot.lot_no, "boxes": lot.box_count, "chips": chips, "sha256": digest}),
                },
            )
    except Error as error:
        diag = getattr(error.__cause__, "diag", None)
        if not diag or diag.sqlstate != "BL520":
            raise
        refused = ManifestRefused(
            "manifest of lot {lot}: {said}",
            mend="ask the manufacturer which of the two lots is right; nothing of the file was used",
            lot=lot.lot_no,
            said=diag.message_primary,
        )
        refused.faults, refused.count = (manifests.Fault(0, "uid", "", diag.message_primary),), 1
        raise refused from error
    return {**_answer(row), "repeated": False}


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("lot_no", "boxes", "chips", "sha256")}


def _copy(cursor: Any, table: str, manifest: Manifest) -> None:
    """COPY in its binary form, made of whole arrays: three fields a row, each with its length before it.

    The part was made by this transaction, so that its rows can be written as if they had always been there: nothing
    visits them again, and its indexes alone answer who has a chip.
    """
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    shape = np.dtype(
        [("fields", ">i2"), ("a", ">i4"), ("uid", ">i8"), ("b", ">i4"), ("box", ">i4"), ("c", ">i4"), ("at", ">i2")]
    )
    into = compose.SQL("COPY {} (uid, box_no, position) FROM STDIN (FORMAT binary, FREEZE)").format(
        compose.Identifier(table)
    )
    with cursor.copy(into) as copy:
        copy.write(head)
        for start in range(0, len(manifest.uid), ROWS_AT_ONCE):
            piece = slice(start, start + ROWS_AT_ONCE)
            rows = np.empty(len(manifest.uid[piece]), shape)
            rows["fields"], rows["a"], rows["b"], rows["c"] = 3, 8, 4, 2
            rows["uid"], rows["box"], rows["at"] = manifest.uid[piece], manifest.box_no[piece], manifest.position[piece]
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
