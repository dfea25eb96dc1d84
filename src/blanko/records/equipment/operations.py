"""Tell one printer's state or one office's report by hand. Each becomes a file of one row and goes the way of files."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from blanko.records.equipment.rules import RefusedReport
from blanko.records.intake import operations as intake
from blanko.records.intake.checks import check
from blanko.records.intake.kinds import PRINTERS, PRINTING, Kind
from blanko.records.intake.operations import LoadResult


def report_printer(
    *, office: str, printer: str, state: str, since: date, by: str, at: datetime, data_dir: Path,
    cards_an_hour: int | None = None, note: str = "",
) -> LoadResult:  # fmt: skip
    """Say that a printer stands at an office and works, has failed or is retired, since a day.

    Equal to what stands it changes nothing (unchanged); other content for the same printer and day takes its place.
    Raises RefusedReport, naming the cell.
    """
    cells = {
        "office": office, "printer": printer, "state": state, "since": since, "cards_an_hour": cards_an_hour,
        "note": note,
    }  # fmt: skip
    return _tell(PRINTERS, cells, by=by, at=at, data_dir=data_dir)


def report_printing(
    *, office: str, reported_on: date, by: str, at: datetime, data_dir: Path, ribbon_cards: int | None = None,
    ink_cards: int | None = None, operators: int | None = None, operator_hours: int | None = None,
    print_hours: int | None = None,
) -> LoadResult:  # fmt: skip
    """Say what an office has on a day: ribbon and ink in cards, operators, hours of a week. Raises RefusedReport."""
    cells = {
        "office": office, "reported_on": reported_on, "ribbon_cards": ribbon_cards, "ink_cards": ink_cards,
        "operators": operators, "operator_hours": operator_hours, "print_hours": print_hours,
    }  # fmt: skip
    if all(value is None for name, value in cells.items() if name not in ("office", "reported_on")):
        raise RefusedReport("the report says nothing", mend="give ribbon, ink, operators or hours")
    return _tell(PRINTING, cells, by=by, at=at, data_dir=data_dir)


def _tell(kind: Kind, cells: dict[str, object], *, by: str, at: datetime, data_dir: Path) -> LoadResult:
    texts = {name: "" if value is None else str(value) for name, value in cells.items()}
    _check(kind, texts, at)
    # Who told it when: a word that is taken back and given again is a file of its own.
    texts |= {"told_by": by, "told_at": at.isoformat()}
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerows([list(texts), list(texts.values())])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "told.csv"
        path.write_text(body.getvalue(), encoding="utf-8")
        return intake.load(path=path, kind=kind.name, name=f"{kind.name}-told.csv", by=by, at=at, data_dir=data_dir)


def _check(kind: Kind, texts: dict[str, str], at: datetime) -> None:
    batch = pa.RecordBatch.from_pydict({name: pa.array([text], pa.string()) for name, text in texts.items()})
    positions = {name: place for place, name in enumerate(texts)}
    for reject in check(batch, kind=kind, positions=positions, rows=[1], today=at.date()).rejects:
        cause = reject.causes[0]
        raise RefusedReport(
            "{column} cannot be {value}", mend=cause.mend, column=cause.column, value=repr(cause.value),
        )  # fmt: skip
