"""Follow boxes, blanks and chips through every hand; many at once; and look back at what an office held on a day."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.db import connection
from psycopg import Cursor

from blanko.cards.custody import queries
from blanko.cards.custody.rules import NothingHeld
from blanko.cards.custody.uids import NotAUid, uid_of, uid_text
from blanko.ground.database import sql
from blanko.ground.files.tables import open_table
from blanko.kernel.boxes import BlankSerial, BoxId
from blanko.kernel.errors import BlankoError, InvalidValue

SEIZED_MAX: Final = 10_000
# The heads under which a seized list names its blanks.
HEADS: Final = frozenset({"serial", "uid", "identifier", "nomor seri", "no seri", "nomor"})


class TooManySeized(BlankoError, ValueError):
    """A seized list is longer than one trace takes."""


class Holder(NamedTuple):
    """Who had a blank from ``since`` until ``until`` (None: still): an office, or a consignment on its way to one.

    ``person`` signed for it: who took it over, or on the way who sent it. ``movement`` brought it there.
    """

    office: str
    on_the_way: bool
    person: str
    movement: str
    since: datetime
    until: datetime | None = None


class HeldThen(NamedTuple):
    """Blanks ``first`` to ``last`` of a box that an office held at a moment, and what they were; or were sent to it."""

    series: str
    box_no: int
    first: int
    last: int
    condition: str

    @property
    def quantity(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Trace:
    """One identifier's whole way. ``named`` is its box or serial, ``uid`` its chip where a manifest names one."""

    identifier: str
    named: str
    uid: str | None
    now: tuple[dict[str, Any], ...]
    steps: tuple[dict[str, Any], ...]
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Seized blanks whose last holder was the same."""

    holder: Holder
    conditions: tuple[str, ...]
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seized:
    """A seized list, traced. ``together`` is the last holder who had all of the known ones; None when nobody had."""

    groups: tuple[Group, ...]
    together: Holder | None
    unknown: tuple[str, ...]


class Blanks(NamedTuple):
    """Blanks ``first`` to ``last`` of a box, and how they were named."""

    identifier: str
    series: str
    box_no: int
    first: int
    last: int


def trace(identifier: str) -> Trace:
    """The whole way of a box, a serial or a chip's UID.

    Raises InvalidValue for what is none of them and NothingHeld for what was never in custody.
    """
    blanks = _resolve([identifier])
    if not blanks:
        raise _never(identifier)
    steps = ways_of(blanks)[0]
    if not steps:
        raise _never(identifier)
    named = _name(blanks[0])
    return Trace(
        identifier=identifier,
        named=named,
        uid=_chip(blanks[0]),
        now=tuple(_places(blanks)[0]),
        steps=tuple(steps),
        holders=holders(steps),
    )


def seized(identifiers: Sequence[str]) -> Seized:
    """Trace serials and UIDs at once, and group them by their last holder; the largest group first.

    What is no identifier, or was never in custody, is in ``unknown``. Raises TooManySeized.
    """
    if len(identifiers) > SEIZED_MAX:
        raise TooManySeized(
            "{count} are more than one trace takes", mend="send at most 10,000 at once", count=len(identifiers)
        )
    wanted = list(dict.fromkeys(text for given in identifiers if (text := given.strip())))
    blanks = _resolve(wanted, refuse=False)
    ways, now = ways_of(blanks), _places(blanks)
    paths = {number: holders(steps) for number, steps in enumerate(ways) if steps}
    known = {blanks[number].identifier for number in paths}
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for number, path in paths.items():
        found[_key(path[-1])].append(number)
    groups = [
        Group(
            holder=paths[numbers[0]][-1],
            conditions=tuple(sorted({place["condition"] for number in numbers for place in now[number]})),
            serials=tuple(sorted(_name(blanks[number]) for number in numbers)),
        )
        for numbers in found.values()
    ]
    return Seized(
        groups=tuple(sorted(groups, key=lambda group: (-len(group.serials), group.serials))),
        together=last_common(list(paths.values())),
        unknown=tuple(text for text in wanted if text not in known),
    )


def identifiers_in(path: Path) -> list[str]:
    """The serials and UIDs of a table file (CSV, XLSX, Parquet): its column of that name, or else its first.

    A file without heads is read too. Raises UnreadableFile, and InvalidValue when it names nothing.
    """
    table = open_table(path)
    named = [place for place, head in enumerate(table.heads) if head.strip().lower() in HEADS]
    place = named[0] if named else 0
    found = [] if named else [table.heads[place]]
    for batch in table.batches(place):
        found += [str(cell) for cell in batch.columns.column(0).to_pylist() if cell]
    if not named and not _is_identifier(found[0]):
        del found[0]  # a head of another name
    found = [text.strip() for text in found if text.strip()]
    if not found:
        raise InvalidValue("{path} names no blanks", mend="give a column serial or uid", path=path.name)
    return found


def at_office(office: str, *, at: datetime) -> list[HeldThen]:
    """What an office held at a moment by the journal, and, as ``in_transit``, what was then on its way to it."""
    return [HeldThen(*row) for row in _rows("office_on.sql", office=office, at=at)]


def holders(steps: Iterable[Mapping[str, Any]]) -> tuple[Holder, ...]:
    """Who had the blanks, one after the other, from the steps of their way in order. Pure."""
    found: list[Holder] = []
    for step in steps:
        held = _holder_after(step)
        if held is None or (found and held[:2] == found[-1][:2] and not held.on_the_way):
            continue
        if found:
            found[-1] = found[-1]._replace(until=held.since)
        found.append(held)
    return tuple(found)


def last_common(paths: Sequence[Sequence[Holder]]) -> Holder | None:
    """The last holder who had all of them; the same movement makes it the same holder. Pure."""
    common: Holder | None = None
    for level in zip(*paths, strict=False):
        if len({_key(holder) for holder in level}) > 1:
            break
        common = level[0]
    return common


def ways_of(blanks: Sequence[Blanks]) -> list[list[dict[str, Any]]]:
    """The steps of each of these, in order: at, movement, kind, phase, offices, by, conditions, papers, event, ..."""
    found: list[list[dict[str, Any]]] = [[] for _ in blanks]
    for row in _dicts("ways.sql", blanks):
        papers = row["papers"]
        row["papers"] = json.loads(papers) if isinstance(papers, str) else papers
        found[row.pop("number")].append(row)
    return found


def _holder_after(step: Mapping[str, Any]) -> Holder | None:
    """Who has the blanks after a step; None when it leaves them where they are."""
    begins, phase = step["is_begin"], step["phase"]
    if phase == "returned":
        return None  # the movement back, of the same event, follows
    on_the_way = phase == "pending"
    office = step["from_office"] if phase == "voided" else step["to_office"]
    if begins and not on_the_way and step["from_office"] == step["to_office"]:
        return None
    return Holder(office, on_the_way, step["by"], step["movement"], step["at"])


def _key(holder: Holder) -> tuple[Any, ...]:
    return (holder.office, holder.on_the_way, holder.movement)


def _is_identifier(text: str) -> bool:
    try:
        queries.parse(text)
    except InvalidValue:
        try:
            uid_of(text)
        except NotAUid:
            return False
    return True


def _resolve(identifiers: Sequence[str], *, refuse: bool = True) -> list[Blanks]:
    """Boxes, serials and UIDs as blanks, in order; an unknown UID is left out, and what is none of them refused."""
    found: dict[str, Blanks] = {}
    chips: dict[int, str] = {}
    for identifier in identifiers:
        try:
            box, first, last = queries.parse(identifier)
        except InvalidValue:
            try:
                chips[uid_of(identifier)] = identifier
            except NotAUid:
                if refuse:
                    raise InvalidValue(
                        "{identifier} is neither a box nor a serial nor a chip's UID",
                        mend="write PB17-000042, PB17-000042-0007, or 8 or 14 hexadecimal digits",
                        identifier=repr(identifier),
                    ) from None
            continue
        found[identifier] = Blanks(identifier, box.series, box.number, first, last)
    if chips:
        for uid, series, box_no, position in _rows("serials_of.sql", uids=list(chips)):
            found[chips[uid]] = Blanks(chips[uid], series, box_no, position, position)
    return [found[identifier] for identifier in identifiers if identifier in found]


def _places(blanks: Sequence[Blanks]) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = [[] for _ in blanks]
    for row in _dicts("places_of.sql", blanks):
        found[row.pop("number")].append(row)
    return found


def _name(blanks: Blanks) -> str:
    box = BoxId(blanks.series, blanks.box_no)
    return str(BlankSerial(box, blanks.first)) if blanks.first == blanks.last else str(box)


def _chip(blanks: Blanks) -> str | None:
    """The UID of one blank's chip; None of a box, or where no manifest names it."""
    if blanks.first != blanks.last:
        return None
    rows = _rows("uid_at.sql", series=blanks.series, box_no=blanks.box_no, position=blanks.first)
    return uid_text(rows[0][0]) if rows else None


def _never(identifier: str) -> NothingHeld:
    return NothingHeld("{identifier} was never in custody", mend="look the number up on the box", identifier=identifier)


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with _prepared(file, values) as cursor:
        return list(cursor.fetchall())


def _dicts(file: str, blanks: Sequence[Blanks]) -> list[dict[str, Any]]:
    values = {
        "numbers": list(range(len(blanks))),
        "serieses": [item.series for item in blanks],
        "boxes": [item.box_no for item in blanks],
        "firsts": [item.first for item in blanks],
        "lasts": [item.last for item in blanks],
    }
    with _prepared(file, values) as cursor:
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def _prepared(file: str, values: Mapping[str, object]) -> Iterator[Cursor[Any]]:
    """A query that the server plans once a connection: planning would be half of a trace's time."""
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(sql.text(__package__, file), values, prepare=True)
        yield cursor
