"""Thieves: blanks leave or change places, cards are made past the queue, and books are changed past the journal."""

from __future__ import annotations

from random import Random

from blanko.cards.counting.balance import BREACHES, Difference, Source
from blanko.cards.custody.rules import CENTRE, Condition, Kind, Line
from blanko.cards.issuance import comparing
from blanko.decisions.scenario.custody_world import judge
from blanko.decisions.scenario.custody_world.book import GONE, blanks_in, lines_of
from blanko.decisions.scenario.custody_world.compose import OFFICES
from blanko.decisions.scenario.custody_world.counters import COUNTERS
from blanko.decisions.scenario.custody_world.run import Run, Wrong
from blanko.decisions.scenario.custody_world.session import PRINCIPAL
from blanko.decisions.scenario.custody_world.world import THIEF
from blanko.ground.access.acting import acting


def theft(run: Run, draw: Random) -> str:
    """Blanks leave an office or a truck, and no book knows: part of a box, a whole one, or a slit sealed one."""
    name = run.composer.box(draw)
    if name is None:
        return "nothing"
    lies = [
        (*name, position)
        for position, (place, cell) in enumerate(zip(run.world.where[name], run.book.boxes[name].cells, strict=True), 1)
        if place == cell.place and cell.condition not in GONE
    ]
    lies = [blank for blank in lies if blank not in run.world.suspects]
    if not lies:
        return "nothing"
    place = run.world.at(draw.choice(lies))
    lies = [blank for blank in lies if run.world.at(blank) == place]
    taken = lies if draw.random() < 0.3 else lies[: draw.randint(1, len(lies))]
    run.world.put(taken, THIEF)
    kind = "theft on the way" if ":" in place else "theft"
    run.world.commit_fraud(kind, run.composer.step, taken)
    return f"{kind} {len(taken)}"


def swap(run: Run, draw: Random) -> str:
    """Two sealed boxes of two offices change places, and no book knows."""
    sealed = [
        (line, place)
        for line, place in sealed_in_offices(run)
        if not any(blank in run.world.suspects for blank in blanks_in(line))
    ]
    if len(sealed) < 2:
        return "nothing"
    (one, here), (two, there) = draw.sample(sealed, 2)
    if here == there:
        return "nothing"
    blanks = [*blanks_in(one), *blanks_in(two)]
    run.world.put(blanks_in(one), there)
    run.world.put(blanks_in(two), here)
    run.world.commit_fraud("swap", run.composer.step, blanks)
    return "swapped"


def sealed_in_offices(run: Run) -> list[tuple[Line, str]]:
    """Sealed boxes that lie whole where the book has them."""
    found = []
    for name in run.composer.active:
        box = run.book.boxes[name]
        place, condition = box.cells[0]
        line = Line(*name, 1, box.size)
        if box.sealed and place in OFFICES and condition not in GONE and run.world.holds(line, place):
            found.append((line, place))
    return found


def made_past_the_queue(run: Run, draw: Random) -> str:
    """A blank becomes a card that nobody is owed, or a waiting card goes away: custody is told, and no counter."""
    kinds = {
        "printed without right": (Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED),
        "issued without right": (Kind.ISSUANCE, Condition.PERSONALISED, Condition.ISSUED),
    }
    kind = draw.choice(list(kinds))
    change, before, after = kinds[kind]
    blanks = [
        (*name, position)
        for name in run.composer.active
        if not run.book.boxes[name].sealed
        for position, cell in enumerate(run.book.boxes[name].cells, 1)
        if cell.place in COUNTERS and cell.condition == before and run.world.where[name][position - 1] == cell.place
        and ((*name, position) in run.book.cards.waiting) == (change is Kind.ISSUANCE)
        and (*name, position) not in run.book.cards.busy
        and (*name, position) not in run.world.suspects
    ]  # fmt: skip
    if not blanks:
        return "nothing"
    blank = draw.choice(blanks)
    office = run.book.cell(blank).place
    run.world.commit_fraud(kind, run.composer.step, [blank])
    told = run.deliver(run.composer.change(change, before, after, lines_of([blank]), office))
    reconcile(run, draw)
    return f"{kind} {told}"


def past_the_journal(run: Run, draw: Random) -> str:
    """Somebody with the owner's rights changes the book itself: two boxes change places in it, or a balance grows."""
    run.commit()
    moved: list[tuple[object, ...]]
    back: list[tuple[object, ...]]
    expected: set[tuple[object, ...]]
    if draw.random() < 0.5:
        sealed = sealed_in_offices(run)
        pair = next(
            ((one, two) for one in sealed for two in sealed
             if one[1] != two[1] and one[0].quantity == two[0].quantity
             and run.book.cell((*one[0][:2], 1)).condition == run.book.cell((*two[0][:2], 1)).condition), None,
        )  # fmt: skip
        if pair is None:
            return "nothing"
        (one, here), (two, there) = pair
        moved = [(there, *one[:2]), (here, *two[:2])]
        back = [(here, *one[:2]), (there, *two[:2])]
        change = "UPDATE custody_box SET office = %s WHERE series = %s AND box_no = %s"
        expected = {("book", *one), ("book", *two)}
        kind = "boxes exchanged in the book"
    else:
        office, series, condition, _quantity = draw.choice(judge.balances())
        moved, back = [(1, office, series, condition)], [(-1, office, series, condition)]
        change = (
            "UPDATE custody_balance SET quantity = quantity + %s WHERE ctid = (SELECT ctid FROM custody_balance"
            " WHERE office = %s AND series = %s AND condition = %s ORDER BY quantity DESC LIMIT 1)"
        )
        expected = {("balance", office, series, condition)}
        kind = "a balance raised"
    fraud = run.world.commit_fraud(kind, run.composer.step, [])
    for values in moved:
        run.admin.execute(change, values)
    with acting(principal=PRINCIPAL):
        done = comparing.reconcile(by=PRINCIPAL, at=run.composer.at(CENTRE), keep=False)
    for values in back:
        run.admin.execute(change, values)
    named: set[tuple[object, ...]] = {
        ("book", d.series, d.box_no, d.first, d.last) if d.source is Source.BOOK else
        ("balance", d.office, d.series, d.condition)
        for d in done.differences if d.source in BREACHES
    }  # fmt: skip
    if named != expected or done.holds:
        raise Wrong(f"{kind}: the reconcile names {sorted(map(str, named))}, it was {sorted(map(str, expected))}")
    run.world.open_frauds.pop(fraud.number)
    return kind


def reconcile(run: Run, _draw: Random) -> str:
    """The real reconcile: journal, book and balances are one, and the cards differ exactly where the model has them."""
    run.commit()
    with acting(principal=PRINCIPAL):
        done = comparing.reconcile(by=PRINCIPAL, at=run.composer.at(CENTRE))
    if not done.holds:
        raise Wrong(f"journal and book are not one: {done.differences[:3]}")
    named = {blank for d in done.differences if d.source is Source.CARD for blank in blanks_in(Line(*_line(d)))}
    expected = {*run.book.cards.astray(run.book), *run.book.cards.without_card(run.book), *run.world.issued_past}
    if named != expected:
        raise Wrong(
            f"the reconcile names {sorted(named - expected)[:3]} for nothing, and not {sorted(expected - named)[:3]}"
        )
    for blank in named:
        run.world.named(blank)
    return f"{len(named)}"


def _line(difference: Difference) -> tuple[str, int, int, int]:
    assert difference.box_no is not None and difference.first is not None and difference.last is not None
    return difference.series, difference.box_no, difference.first, difference.last
