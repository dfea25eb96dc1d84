"""The planner's tables out and in: what stands, what a file would change, and the change itself."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone

from blanko.decisions.planning import demand, offices, operations, queries, rules, tables
from blanko.decisions.planning.routes import by_weight
from blanko.decisions.planning.tables import Row, Table
from blanko.engines.allocation import check_override
from blanko.engines.allocation.rules import REASON_LENGTH_MIN
from blanko.ground.files import spreadsheets
from blanko.kernel.errors import BlankoError
from blanko.records.intake import operations as intake

Change = Literal["new", "changed", "unchanged"]
# What of the counts a table's rows become, and how they are known.
COUNT_KINDS = {"reported": "observed", "estimated": "estimated", "unknown": "observed", "registry": "observed"}


class RegistryDecides(BlankoError, ValueError):
    """A count is stated for a regency whose own records decide its need."""


class StatedOtherwise(BlankoError, ValueError):
    """What was published, or a letter that was given, is said to be otherwise afterwards."""


class WhichRound(BlankoError, ValueError):
    """Overrides are loaded without saying of which round."""


@dataclass(slots=True)
class Preview:
    """What a file would do. ``changes`` stands beside ``table.rows``; ``known`` is what stands now, by key."""

    table: Table
    changes: list[Change] = field(default_factory=list)
    known: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    round_no: int | None = None

    @property
    def problems(self) -> list[tables.CellRefused]:
        return self.table.problems

    def rows(self, *changes: Change) -> list[Row]:
        return [row for row, change in zip(self.table.rows, self.changes, strict=True) if change in changes]

    def count(self, change: Change) -> int:
        return self.changes.count(change)

    def before(self, row: Row) -> dict[str, Any]:
        """What stood where a row would stand."""
        return self.known.get(tuple(row.values[name] for name in self.table.kind.key), {})


def standing(kind: str, *, day: date, round_no: int | None = None) -> list[dict[str, Any]]:
    """A table as it stands, with the columns that a file of this kind has. Raises UnknownWord, WhichRound."""
    return [
        {name: row.get(name) for name in tables.kind_of(kind).heads}
        for row in _standing(tables.kind_of(kind).name, day, round_no)
    ]


def _standing(kind: str, day: date, round_no: int | None) -> list[dict[str, Any]]:
    if kind == "needs":
        return [
            {"regency": need.regency, "need_source": need.need_source, "need": need.print_ready,
             "counted_on": need.counted_on, "source": need.source}
            for _code, need in sorted(queries.needs(day).items())
        ]  # fmt: skip
    if kind == "requests":
        return [
            {"area": area, "requested": row["value"], "date": row["date"], "source": row["source"]}
            for area, row in sorted(queries.requests(day).items())
        ]
    if kind == "priorities":
        return queries.priority_rows(day)
    if kind == "deadlines":
        return queries.deadlines(day)
    if kind == "deferrals":
        return queries.deferrals()
    if kind == "collections":
        return queries.collections()
    if kind == "routes":
        return [{name: getattr(way, name) for name in tables.ROUTES.heads} for way in queries.route_table(day).values()]
    if kind == "rates":
        newest = {(row["cause"], row["area"]): row for row in reversed(demand.overrules())}
        return [newest[key] for key in sorted(newest)]
    if round_no is None:
        raise WhichRound("overrides of which round?", mend="name the round's number")
    found = queries.round(round_no)
    last = {row["regency"]: row for row in found["overrides"]}
    return [
        {"regency": row["regency"], "share": row["share"], "reason": last.get(row["regency"], {}).get("reason", ""),
         "second": last.get(row["regency"], {}).get("second", "")}
        for row in found["shares"]
    ]  # fmt: skip


def export(kind: str, form: Literal["csv", "xlsx"], *, day: date, round_no: int | None = None) -> bytes:
    """A table as it stands, as a file that comes in again unchanged. The same table gives the same bytes."""
    heads = tables.kind_of(kind).heads
    rows = [[row[name] for name in heads] for row in standing(kind, day=day, round_no=round_no)]
    if form == "csv":
        return spreadsheets.csv_bytes(heads, rows)
    return spreadsheets.xlsx_bytes(heads, rows, sheet=kind)


def preview(path: Path, kind: str, *, at: datetime, by: str = "", round_no: int | None = None) -> Preview:
    """What a file would change, and every wrong cell of it. Nothing is stored.

    Raises UnreadableFile, TableRefused for its heads, UnknownWord, WhichRound, UnknownRound.
    """
    today = timezone.localtime(at).date()
    table = tables.read(path, tables.kind_of(kind), today=today)
    made = Preview(table, round_no=round_no)
    for known in standing(kind, day=today, round_no=round_no):
        made.known[tuple(known[name] for name in table.kind.key)] = known
    good: list[Row] = []
    found = queries.round(round_no) if kind == "overrides" and round_no is not None else None
    for row in map(_weighed, table.rows) if kind == "routes" else table.rows:
        before = made.before(row)
        heads = [name for name in table.kind.heads if name != "need_source" or row.values[name]]
        same = bool(before) and tables.same(row.values, before, heads)
        change: Change = "unchanged" if same else "changed" if before else "new"
        refusal = None if same else _refusal(kind, row.values, before, today=today, by=by, found=found)
        if refusal is not None:
            table.refuse(row.number, *refusal)
            continue
        good.append(row)
        made.changes.append(change)
    table.rows = good
    if found is not None:
        _check_sum(made, found)
    table.problems.sort(key=lambda problem: int(str(problem.values["row"])))
    return made


WAY = ("mode", "days", "lot_cost", "blank_cost", "kg_cost", "blank_mg", "source")


def _weighed(row: Row) -> Row:
    """A way by weight with what a blank costs by it, so that the same tariff is the same row."""
    kg_cost, blank_mg = row.values["kg_cost"], row.values["blank_mg"]
    if row.values["blank_cost"] is not None or kg_cost is None or blank_mg is None:
        return row
    return Row(row.number, {**row.values, "blank_cost": by_weight(kg_cost=kg_cost, blank_mg=blank_mg)})


def _refusal(
    kind: str, row: Mapping[str, Any], before: Mapping[str, Any], *, today: date, by: str,
    found: Mapping[str, Any] | None,
) -> tuple[str, BlankoError] | None:  # fmt: skip
    """What a rule refuses of a row that would change something, and in which column."""
    empty = tables.CellEmpty("the cell is empty", mend="fill it")
    if kind == "needs":
        if before.get("need_source") == "registry":
            return "need", RegistryDecides(
                "the records of {regency} are whole and decide its need", mend="mend the records, or leave the row out",
                regency=row["regency"],
            )  # fmt: skip
        return next(((name, empty) for name in ("counted_on", "source") if not row[name]), None)
    if kind == "deadlines":
        if before:
            return "reason", StatedOtherwise(
                "the deadline {deadline} of {regency} was published with other words", mend="leave the row out",
                deadline=row["deadline"], regency=row["regency"],
            )  # fmt: skip
        if row["deadline"] < today:
            return "deadline", tables.DeadlinePassed(
                "the deadline {day} has passed, today is {today}", mend="name a day to come", day=row["deadline"],
                today=today,
            )  # fmt: skip
        if row["published_on"] > row["deadline"]:
            return "published_on", tables.DeadlinePassed(
                "the deadline {day} passed before it was published on {today}", mend="check both days",
                day=row["deadline"], today=row["published_on"],
            )  # fmt: skip
        return None
    if kind == "collections" and before:
        return "letter", StatedOtherwise(
            "the letter {letter} was given with other words", mend="give another letter", letter=row["letter"]
        )
    if kind == "routes" and not row["from_date"]:
        return "from_date", empty
    return _asked(kind, row, today=today, by=by, found=found)


def _asked(
    kind: str, row: Mapping[str, Any], *, today: date, by: str, found: Mapping[str, Any] | None
) -> tuple[str, BlankoError] | None:  # fmt: skip
    """What the operations' own checks say of a row."""
    try:
        if kind == "deferrals":
            column = "blanks"
            offices.check_deferral(blanks=row["blanks"], reason=row["reason"])
        elif kind == "collections":
            column = "collect_on"
            offices.check_collection(
                letter=row["letter"], officer=row["officer"], collect_on=row["collect_on"], today=today
            )
        elif kind == "routes":
            column = "mode"
            offices.check_route(**{name: row[name] for name in WAY})
        elif kind == "rates":
            column = "reason"
            demand.check_reason(row["reason"])
        elif kind == "overrides" and found is not None:
            column = "reason" if len(row["reason"].strip()) < REASON_LENGTH_MIN else "second"
            check_override(by=by, second_officer=row["second"], reason=row["reason"])
            rules.check_second(second=row["second"], persons=queries.persons())
            column = "share"
            share = next(share for share in found["shares"] if share["regency"] == row["regency"])
            rules.check_override(
                share=row["share"], remaining=share["remaining"], reason=row["reason"], by=by, second=row["second"],
                total_after=0, release=found["release"],
            )  # fmt: skip
    except BlankoError as refusal:
        return column, refusal
    return None


def _check_sum(made: Preview, found: Mapping[str, Any]) -> None:
    """The shares of a round with all overrides of a file must fit into its release."""
    changed = {row.values["regency"]: row.values["share"] for row in made.rows("changed", "new")}
    total = sum(changed.get(share["regency"], share["share"]) for share in found["shares"])
    if total > found["release"] and changed:
        last = made.rows("changed", "new")[-1]
        made.table.refuse(
            last.number, "share",
            rules.OverrideExceedsRelease(
                "the shares would sum to {total_after} of {release} released",
                mend="take the blanks from another area first", total_after=total, release=found["release"],
            ),
        )  # fmt: skip


def told(made: Preview) -> dict[str, Any]:
    """What a file would change, as plain values."""
    return {
        "kind": made.table.kind.name,
        "new": made.count("new"),
        "changed": made.count("changed"),
        "unchanged": made.count("unchanged"),
        "ignored_columns": list(made.table.ignored),
        "stored": 0,
        "problems": [
            {"row": problem.values["row"], "column": problem.values["column"], "says": str(problem),
             "mend": problem.mend}
            for problem in made.problems
        ],
        "rows": [
            {"row": row.number, "change": change, "values": dict(row.values), "before": made.before(row)}
            for row, change in zip(made.table.rows, made.changes, strict=True)
            if change != "unchanged"
        ],
    }  # fmt: skip


def store(made: Preview, *, by: str, at: datetime) -> int:
    """Store what a preview would change, all of it or nothing; return how many rows. Raises TableRefused."""
    if made.problems:
        raise tables.TableRefused(
            "{count} cells are wrong; {refusal}", mend="mend them in the file and load it again",
            count=len(made.problems), refusal=made.problems[0],
        )  # fmt: skip
    rows = [dict(row.values) for row in made.rows("new", "changed")]
    if not rows:
        return 0
    kind = made.table.kind.name
    with atomic():
        if kind in ("needs", "requests", "priorities"):
            _store_counts(kind, rows, by=by, at=at)
        elif kind == "deadlines":
            operations.publish_deadlines(deadlines=rows, by=by, at=at)
        elif kind == "deferrals":
            offices.defer(deferrals=rows, by=by, at=at)
        elif kind == "collections":
            offices.announce_collections(collections=rows, by=by, at=at)
        elif kind == "routes":
            offices.state_routes(routes=rows, by=by, at=at)
        elif kind == "rates":
            day = queries.claims_day() or timezone.localtime(at).date()
            for row in rows:
                cv = 0.1 if row["cv"] is None else row["cv"]
                demand.overrule(
                    cause=row["cause"], rate=row["rate"], reason=row["reason"], area=row["area"], cv=cv, by=by, at=at,
                    day=day,
                )  # fmt: skip
        else:
            _store_overrides(made, rows, by=by, at=at)
    return len(rows)


def _store_overrides(made: Preview, rows: list[dict[str, Any]], *, by: str, at: datetime) -> None:
    """What is taken away first, then what is given: so that the sum fits into the release at every step."""
    assert made.round_no is not None
    before = {key[0]: known["share"] for key, known in made.known.items()}
    for row in sorted(rows, key=lambda row: row["share"] - before[row["regency"]]):
        if row["share"] != before[row["regency"]]:
            operations.override_share(round_no=made.round_no, by=by, at=at, **row)


def _store_counts(kind: str, rows: list[dict[str, Any]], *, by: str, at: datetime) -> None:
    """Counts go the way of every stated count: through intake, each with its source and the day it became known."""
    today = timezone.localtime(at).date()
    told = []
    for row in rows:
        count = {"denominator": "", "kind": "observed", "known_on": today, "loaded_at": at.isoformat()}
        if kind == "needs":
            count |= {"area": row["regency"], "metric": rules.READY_METRICS[0], "value": row["need"],
                      "date": row["counted_on"], "kind": COUNT_KINDS[row["need_source"] or "reported"]}  # fmt: skip
        elif kind == "requests":
            count |= {"area": row["area"], "metric": rules.REQUEST_METRIC, "value": row["requested"],
                      "date": row["date"]}  # fmt: skip
        else:
            count |= {"area": row["regency"], "metric": rules.PRIORITY_METRIC + row["class"], "value": row["people"],
                      "date": row["date"]}  # fmt: skip
        told.append(count | {"source": row["source"]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"planning-{kind}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(told[0]))
            writer.writeheader()
            writer.writerows(told)
        loaded = intake.load(path=path, kind="counts", by=by, at=at, data_dir=settings.DATA_DIR)
    if loaded.refused:
        raise tables.TableRefused("intake refused {count} rows of it", mend="check its cells", count=loaded.refused)
    if loaded.unchanged:
        # Intake keeps a row of the same content once, so that an older version cannot come back as the newest.
        raise tables.TableRefused(
            "{count} rows say what an older version of the same source said", mend="name as source what confirms it",
            count=loaded.unchanged,
        )  # fmt: skip


def known_kinds() -> tuple[str, ...]:
    """The tables that go out and come in."""
    return tuple(tables.KINDS)
