"""``cases.xlsx``: cases out to an office, decisions back in. All of it or nothing; every wrong cell is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from django.db.transaction import atomic

from blanko.decisions.cases import operations, queries
from blanko.decisions.cases.rules import Key, Kind, Outcome, State
from blanko.ground.files import spreadsheets
from blanko.ground.files.headers import map_heads
from blanko.ground.files.rejects import Cause
from blanko.ground.files.tables import open_table
from blanko.kernel.errors import BlankoError, InvalidValue

SHOWN: Final = (
    "nik",
    "name",
    "birth_place",
    "birth_date",
    "sex",
    "mother_name",
    "address",
    "regency",
    "recorded_on",
    "status",
)
HEADS: Final = (
    "case_no", "kind", "office", "state", "weight", "opened_on", "record_1", *(f"{name}_1" for name in SHOWN),
    "record_2", *(f"{name}_2" for name in SHOWN), "more_records", "decision", "keep", "due", "reason",
)  # fmt: skip
_READ: Final = {
    "case_no": ("kasus", "nomor kasus"),
    "decision": ("keputusan", "putusan"),
    "keep": ("dipertahankan", "rekaman aktif", "domisili"),
    "due": ("batas", "batas waktu"),
    "reason": ("alasan",),
}
_SAME: Final = ("same", "sama")
_DIFFERENT: Final = ("different", "berbeda", "beda")
_ASK: Final = ("ask", "tanya")
ROWS_MAX: Final = 20_000


class BadCases(InvalidValue):
    """A sheet of cases has cells that cannot be what they should be; ``causes`` names each with its row."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sheet decided: cases settled, waiting for a second officer, asked, and said before."""

    settled: int = 0
    second: int = 0
    asked: int = 0
    unchanged: int = 0
    undecided: int = 0


def export(*, office: str | None = None, kind: str | None = None, form: str = "xlsx") -> bytes:
    """The cases that wait, one row each, with the columns that an officer fills: decision, keep, due, reason."""
    rows = []
    for listed in queries.queue(office=office, kind=kind, limit=ROWS_MAX):
        if listed["kind"] == Kind.DEATH:
            # Who died is no question of same or different.
            continue
        shown = queries.case(listed["case_no"])
        members = shown["members"]
        row: list[Any] = [shown[name] for name in ("case_no", "kind", "office", "state", "weight", "opened_on")]
        for member in [*members[:2], *[{}] * (2 - len(members))]:
            key = f"{member['recorded_office']}/{member['record_id']}" if member else ""
            row += [key, *(member.get(name) for name in SHOWN)]
        more = " ".join(f"{m['recorded_office']}/{m['record_id']}" for m in members[2:])
        rows.append([*row, more, "", "", "", ""])
    if form == "csv":
        return spreadsheets.csv_bytes(HEADS, rows)
    return spreadsheets.xlsx_bytes(HEADS, rows, sheet="cases")


def take(path: Path, *, by: str, at: datetime) -> Taken:
    """Do what the rows decide: same, different or ask (also in Indonesian). Rows without a decision say nothing.

    ``keep`` is the record that stays, as office/number. Read twice, it changes nothing: a case that stands so already
    is counted as unchanged. Raises BadCases with every wrong cell, and UnreadableFile.
    """
    causes: list[tuple[int, Cause]] = []
    counts: dict[str, int] = {}
    with atomic():
        for number, cells in _rows(path):
            try:
                with atomic():
                    what = _one(cells, by=by, at=at)
            except _Wrong as wrong:
                causes.append((number, wrong.cause))
                continue
            except BlankoError as error:
                causes.append((number, Cause("case_no", cells["case_no"], str(error), error.mend)))
                continue
            counts[what] = counts.get(what, 0) + 1
        if causes:
            row, first = causes[0]
            raise BadCases(
                "{path}, row {row}: {column} cannot be {value} ({count} wrong cells)", mend=first.mend, path=path.name,
                row=row, column=first.column, value=repr(first.value), count=len(causes), causes=causes,
            )  # fmt: skip
    return Taken(**counts)


class _Wrong(Exception):
    def __init__(self, column: str, value: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.cause = Cause(column, value, reason, mend)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    table = open_table(path)
    mapping = map_heads(table.heads, _READ)
    missing = [name for name in ("case_no", "decision") if name not in mapping.columns]
    if missing or mapping.repeated:
        raise BadCases(
            "{path} lacks the columns {listed}" if missing else "{path} has two heads for {listed}",
            mend="take the sheet out again with cases export", path=path.name,
            listed=", ".join(missing or mapping.repeated),
        )  # fmt: skip
    for batch in table.batches():
        columns = [column.to_pylist() for column in batch.columns.columns]
        for number, *cells in zip(batch.rows, *columns, strict=True):
            yield (
                int(number),
                {
                    name: (cells[mapping.columns[name]] or "").strip() if name in mapping.columns else ""
                    for name in _READ
                },
            )


def _one(cells: dict[str, str], *, by: str, at: datetime) -> str:
    """What a row did: a field of Taken."""
    said = cells["decision"].lower()
    if not said:
        return "undecided"
    if not cells["case_no"].isdecimal():
        raise _Wrong("case_no", cells["case_no"], "no number of a case", "leave the number as it was taken out")
    if said not in (*_SAME, *_DIFFERENT, *_ASK):
        raise _Wrong("decision", cells["decision"], "no decision", "write same, different or ask")
    if not cells["reason"]:
        raise _Wrong("reason", "", "empty", "say what was seen or who was asked")
    number = int(cells["case_no"])
    case = queries.case(number)
    keep = _keep(cells["keep"], case)
    if said in _ASK:
        due = _day(cells["due"])
        if case["state"] == State.ASKED and due in (None, case["due"]):
            return "unchanged"
        operations.ask(case_no=number, reason=cells["reason"], due=due, by=by, at=at)
        return "asked"
    outcome = Outcome.SAME if said in _SAME else Outcome.DIFFERENT
    if case["state"] in (State.SETTLED, State.SECOND) and case["outcome"] == outcome:
        stays = {part[0] for part in case["steps"][-1]["parts"]}
        if {"/".join(key) for key in keep} <= stays:
            return "unchanged"
        raise _Wrong("keep", cells["keep"], "decided otherwise before", "undo the case first")
    done = operations.settle(case_no=number, outcome=outcome, keep=keep, reason=cells["reason"], by=by, at=at)
    return "second" if done.second else "settled"


def _keep(text: str, case: dict[str, Any]) -> list[Key]:
    if not text:
        return []
    known = {(m["recorded_office"], m["record_id"]) for m in case["members"]}
    office, _slash, record = text.partition("/")
    if (office, record) not in known:
        listed = ", ".join("/".join(key) for key in sorted(known))
        raise _Wrong("keep", text, "no record of this case", f"write one of {listed}")
    return [(office, record)]


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Wrong("due", text, "no day", "write it as 2017-05-04") from None
