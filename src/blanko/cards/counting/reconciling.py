"""Compare the journal with the book (boxes and ranges) and the balances, and name what differs.

Nightly and on demand, of the nation, a province or an office. A reconcile changes nothing in custody; it is one event
with its figures and its differences as sealed facts.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.transaction import atomic

from blanko.cards.counting import balance, queries
from blanko.cards.counting.balance import BREACHES, NATION, Difference, Sheet, Source
from blanko.cards.counting.folding import Piece, fold, gaps
from blanko.cards.counting.models import Reconcile, ReconcileDifference
from blanko.cards.custody import queries as custody
from blanko.cards.custody.rules import NothingHeld
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.kernel.boxes import BoxId


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The number of the run (its event), the equation, the differences, and whether journal and book are one."""

    number: int
    sheet: Sheet
    differences: tuple[Difference, ...]
    nodes: tuple[Sheet, ...] = ()

    @property
    def holds(self) -> bool:
        return self.sheet.closes and not any(found.source in BREACHES for found in self.differences)


def reconcile(
    *,
    by: str,
    at: datetime,
    scope: str = NATION,
    outside: Iterable[Difference] = (),
    thorough: bool = False,
    nodes: bool = False,
    keep: bool = True,
) -> Reconciled:
    """Compare a node's accounts; with ``keep`` the run is stored and sealed (number 0 otherwise).

    Of each office and condition the number and the print of the blanks are compared, so that boxes or blanks that were
    exchanged for each other are found too; the boxes that differ are folded. ``thorough`` folds every box of the node,
    and trusts no print; it takes 10 to 50 ms a box. ``nodes`` keeps the equation of every province and office below
    too, from the same look. ``outside`` are differences that a higher room found, for example cards without a printed
    blank. Raises InvalidValue for what is no node.
    """
    balance.check_scope(scope, (office.code for office in gazetteer.offices()))
    with atomic():
        accounts = Accounts.read(scope)
        differences = (*_compare(accounts, thorough=thorough), *outside)
        sheets = [accounts.sheet(scope), *(accounts.below() if nodes else ())]
        number = _store(sheets, differences, upto=accounts.upto, by=by, at=at) if keep else 0
    return Reconciled(number, sheets[0], differences, tuple(sheets[1:]))


@dataclass(frozen=True, slots=True)
class Accounts:
    """Blanks of a node by (office, condition), as the journal says and as the book (boxes and ranges) has them.

    ``exchanged``: where both have as many, but not the same blanks. ``of_series``: the journal's by series too.
    """

    scope: str
    journal: dict[tuple[str, str], int]
    book: dict[tuple[str, str], int]
    of_series: dict[tuple[str, str, str], int]
    exchanged: frozenset[tuple[str, str]]
    upto: int
    received: int
    # Of the prints of this run; nobody can know it before.
    salt: int

    @classmethod
    def read(cls, scope: str) -> Accounts:
        salt = secrets.randbits(62)
        found = queries.rows("reconcile.sql", scope=scope, salt=salt)
        journal: dict[tuple[str, str], int] = defaultdict(int)
        book: dict[tuple[str, str], int] = defaultdict(int)
        for office, condition, _series, said, kept, *_rest in found:
            journal[office, condition] += said
            book[office, condition] += kept
        received = sum(row[7] for row in found) if scope == NATION else sum(journal.values())
        return cls(
            scope, dict(journal), dict(book), {(row[0], row[2], row[1]): row[3] for row in found},
            frozenset((row[0], row[1]) for row in found if row[5]), max((row[6] for row in found), default=0), received,
            salt,
        )  # fmt: skip

    @property
    def wrong(self) -> set[str]:
        """Offices where the two accounts differ, in number or in the blanks themselves."""
        return {key[0] for key in self.journal if self.journal[key] != self.book[key]} | {o for o, _c in self.exchanged}

    @property
    def offices(self) -> set[str]:
        return {office for office, _condition in self.journal}

    def sheet(self, scope: str) -> Sheet:
        """The equation of the node or of one below it."""
        inside = [key for key in self.journal if balance.within(key[0], scope) or scope == self.scope]
        book: dict[str, int] = defaultdict(int)
        for key in inside:
            book[key[1]] += self.book[key]
        received = self.received if scope == self.scope else sum(self.journal[key] for key in inside)
        return balance.sheet(scope, received=received, book=book)

    def below(self) -> list[Sheet]:
        provinces = {office[:2] for office in self.offices if office[:2].isdigit()}
        return [self.sheet(scope) for scope in sorted((provinces | self.offices) - {self.scope, "?"})]


def _compare(accounts: Accounts, *, thorough: bool) -> list[Difference]:
    differing = balance.account_differences(Source.BOOK, accounts.journal, accounts.book)
    suspect = accounts.wrong
    if suspect and accounts.scope != NATION:
        # What is missing from one office's book may stand in that of another one.
        suspect = suspect | Accounts.read(NATION).wrong
    boxes = (
        {(row[0], row[1]) for row in queries.rows("boxes_at.sql", offices=sorted(accounts.offices))}
        if thorough
        else set()
    )
    if suspect:
        found = queries.rows("boxes_of.sql", offices=sorted(suspect), salt=accounts.salt)
        boxes |= {(row[0], row[1]) for row in found}
    return [
        *_in_boxes(differing, boxes, accounts),
        *_balances(accounts),
        *(_of_lots() if accounts.scope == NATION else ()),
        *_of_stock_files(accounts.scope),
    ]


def _balances(accounts: Accounts) -> list[Difference]:
    """Where the running balance of an office, series and condition is not what the journal says."""
    running = {tuple(row[:3]): row[3] for row in queries.rows("balances.sql", offices=sorted(accounts.offices))}
    found = []
    for office, series, condition in sorted(accounts.of_series.keys() | running.keys()):
        expected = accounts.of_series.get((office, series, condition), 0)
        got = running.get((office, series, condition), 0)
        if expected != got:
            found.append(Difference(Source.BALANCE, office, condition, expected, got, series=series))
    return found


def _in_boxes(
    differing: Sequence[Difference], boxes: Collection[tuple[str, int]], accounts: Accounts
) -> list[Difference]:  # fmt: skip
    """Differences of offices as differences of boxes, where folding finds them; what it leaves unexplained stays.

    Only what the journal has at offices of the node, or nowhere, is named.
    """
    named: list[Difference] = []
    for series, box_no in sorted(boxes):
        named += [f for f in box_differences(series, box_no) if f.office in accounts.offices or not f.office]
    explained: dict[tuple[str, str], int] = defaultdict(int)
    for found in named:
        explained[found.office, found.condition] += found.expected - found.found
    rest = [f for f in differing if f.expected > f.found and explained[f.office, f.condition] != f.expected - f.found]
    # Where the book has more, the blanks are named where the journal has them.
    rest = rest if named else list(differing)
    if not named and not rest:
        rest = [
            Difference(Source.BOOK, *key, accounts.journal[key], accounts.book[key], note="not the journal's blanks")
            for key in sorted(accounts.exchanged)
        ]  # fmt: skip
    return [*named, *rest]


def box_differences(series: str, box_no: int) -> list[Difference]:
    """What of one box the book has elsewhere than the journal."""
    box = str(BoxId(series, box_no))
    try:
        steps = custody.way_of(box)
    except NothingHeld:
        steps = []
    book = [
        Piece(row["first"], row["last"], row["office"] or "", row["movement"] or "", row["condition"])
        for row in custody.places(box)
    ]
    leads_to = {step["movement"]: step["to_office"] for step in steps}
    return balance.box_differences(series, box_no, gaps(fold(steps), book), leads_to)


def _of_lots() -> list[Difference]:
    """Lots of which some blanks have no place, or more than were accepted."""
    wrong = queries.rows("lots.sql")
    found = []
    for lot, series, accepted, boxes, accepted_blanks, blanks in wrong:
        note = f"lot {lot}: {accepted} boxes accepted, {boxes} in the book"
        found.append(Difference(Source.LOT, "", "", accepted_blanks, blanks, series=series, note=note))
    for series, box_no, size, placed in queries.rows("lot_boxes.sql", lots=[row[0] for row in wrong]):
        whole = Difference(Source.LOT, "", "", size, placed, series, box_no, 1, size, note="no place in the book")
        named = box_differences(series, box_no)
        found += [replace(difference, source=Source.LOT) for difference in named] or [whole]
    return found


def _of_stock_files(scope: str) -> list[Difference]:
    found = []
    for row in queries.stock_files(scope):
        note = f"counted on {row['counted_on']:%Y-%m-%d}"
        for condition, counted in (("good", row["counted_good"]), ("spoiled", row["counted_spoiled"])):
            if counted != row[condition]:
                found.append(
                    Difference(Source.STOCK_FILE, row["office"], condition, row[condition], counted, note=note)
                )
    return found


def _store(sheets: Sequence[Sheet], differences: Sequence[Difference], *, upto: int, by: str, at: datetime) -> int:
    top = sheets[0].scope
    runs: list[dict[str, Any]] = [
        {
            "scope": sheet.scope, "run_scope": top, "at": at, "by": by, "upto": upto, "received": sheet.received,
            **sheet.terms,
            "differences": sum(sheet.scope == top or balance.within(d.office, sheet.scope) for d in differences),
        }
        for sheet in sheets
    ]  # fmt: skip
    lines = [found.row(number) for number, found in enumerate(differences, 1)]
    event = audit.record(
        operation="counting.reconcile", by=by, at=at,
        facts=Facts.of({"counting_reconcile": runs, "counting_difference": lines}),
        subject={"scope": top, "differences": len(lines), "upto": upto},
    )  # fmt: skip
    Reconcile.objects.bulk_create([Reconcile(event_id=event, **run) for run in runs], batch_size=1_000)
    ReconcileDifference.objects.bulk_create(
        [ReconcileDifference(event_id=event, **line) for line in lines], batch_size=2_000
    )
    return event
