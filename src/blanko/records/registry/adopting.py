"""The linkage model that counts: learned from the registry's own records or from files, adopted by a named officer."""

from __future__ import annotations

import csv
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.registry.models import LinkageModel
from blanko.records.registry.operations import TAKE_IN_LOCK, ReasonMissing

if TYPE_CHECKING:
    from blanko.engines.linkage.packed import Book


class NoModel(BlankoError):
    """No linkage model was adopted, so that nobody can be compared."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A model by its number, the records it was learned from, and how many records wait for its keys."""

    version: int
    sha256: str
    records: int
    waiting: int


def adopt(
    *,
    by: str,
    at: datetime,
    reason: str,
    files: Sequence[Path] = (),
    weights: Path | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Adopted:
    """Learn a model and adopt it. All keys of the one before are forgotten: each record waits for its own again.

    Learned from the registry's records, or from ``files`` (columns of linkage); ``weights`` is a model.json whose
    weights are taken, while words and frequencies are the records' own. Raises ReasonMissing, UnreadableRecords,
    InvalidModel, NoModel.
    """
    from blanko.engines.linkage.frozen import digest, learn
    from blanko.engines.linkage.model import read_model, told

    if not reason.strip():
        raise ReasonMissing("a model is adopted without a reason", mend="say what it was learned from, and why now")
    model = read_model(weights) if weights else None
    with tempfile.TemporaryDirectory(prefix="blanko-model-") as folder:
        paths = list(files) or [_exported(Path(folder) / "records.csv")]
        frozen = learn(paths, model=model, seed=seed, progress=progress)
    data = frozen.to_bytes()
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKE_IN_LOCK])
        row: dict[str, Any] = {
            "version": (newest() or 0) + 1, "sha256": digest(data), "model": told(frozen.model),
            "records": frozen.records, "reason": reason.strip(),
        }  # fmt: skip
        event = audit.record(
            operation="registry.adopt_model", by=by, at=at, facts=Facts.of({"registry_linkage_model": [row]}),
            reason=reason.strip(), subject={"version": row["version"], "sha256": row["sha256"]},
        )  # fmt: skip
        LinkageModel.objects.create(**row, frozen=data, event_id=event)
        cursor.execute("SELECT registry_forget_keys(%s, %s)", [at, event])
        (waiting,) = cursor.fetchone()
    return Adopted(row["version"], row["sha256"], frozen.records, int(waiting))


def _exported(path: Path) -> Path:
    """The registry's records in the columns of linkage."""
    with connection.cursor() as cursor, path.open("wb") as file:
        copied = cursor.connection.cursor().copy(
            f"COPY ({sql.text(__package__, 'linkage_rows.sql')}) TO STDOUT (FORMAT csv, HEADER)"
        )
        with copied as copy:
            for block in copy:
                file.write(block)
    with path.open(encoding="utf-8", newline="") as file:
        if len([row for _, row in zip(range(2), csv.reader(file), strict=False)]) < 2:
            raise NoModel("the registry holds no record to learn from", mend="load registrations, or name files")
    return path


def newest() -> int | None:
    """The number of the adopted model; None while there is none."""
    return LinkageModel.objects.order_by("-version").values_list("version", flat=True).first()


def models() -> list[dict[str, Any]]:
    """Every model that was adopted, newest first."""
    return list(LinkageModel.objects.order_by("-version").values("version", "sha256", "records", "reason", "event_id"))


_OPEN: dict[str, tuple[int, Book]] = {}
"""The models at work by their SHA-256: the one that counts."""
_OPENING = threading.Lock()


def at_hand() -> tuple[int, Book] | None:
    """The model that counted when this process last asked; whoever uses it asks whether it still does (``named``)."""
    return next(iter(_OPEN.values()), None)


def named(book: Book) -> str | None:
    """The SHA-256 of an open model; None once another took its place."""
    return next((sha256 for sha256, (_, found) in _OPEN.items() if found is book), None)


def book() -> tuple[int, Book]:
    """(number, the model at work) of the newest model, opened once a process. Raises NoModel."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, sha256 FROM registry_linkage_model ORDER BY version DESC LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        raise NoModel("no linkage model was adopted", mend="adopt one: ./blanko registry adopt-model --by OFFICER")
    version, sha256 = row
    held = _OPEN.get(sha256)
    if held is None or held[0] != version:
        from blanko.engines.linkage.frozen import from_bytes
        from blanko.engines.linkage.packed import Book

        with _OPENING:
            data = LinkageModel.objects.values_list("frozen", flat=True).get(version=version)
            held = int(version), Book(from_bytes(bytes(data)))
            # One model counts at a time.
            _OPEN.clear()
            _OPEN[sha256] = held
    return held
