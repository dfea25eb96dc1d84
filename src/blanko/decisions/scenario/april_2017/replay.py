"""20 March to 30 April 2017, day by day, through the files and operations that any other day uses.

Records are synthetic and say so; counts are public facts or named estimates; the days of lots and transports are
estimates.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.rules import Receipt
from blanko.cards.issuance import operations as issuance
from blanko.cards.issuance import queries as queue
from blanko.cards.suket import operations as suket
from blanko.decisions.cases import operations as cases
from blanko.decisions.planning import operations as planning
from blanko.decisions.scenario.april_2017 import doubles, estimates, fingerprints, inputs, supply
from blanko.decisions.scenario.villages import people_2017, villages
from blanko.decisions.transparency import operations as transparency
from blanko.engines.synth.nation import synthesise
from blanko.engines.synth.writing import write
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.places import gazetteer
from blanko.records.entitlement import operations as entitlement
from blanko.records.intake import operations as intake
from blanko.records.intake.operations import LoadResult
from blanko.records.procurement import operations as procurement
from blanko.records.procurement.rules import Stage
from blanko.records.registry import adopting, matching
from blanko.records.registry import operations as registry
from blanko.records.registry.queries import NikOfSeveral

FIRST, SAID_ON, LAST = date(2017, 3, 20), date(2017, 4, 4), date(2017, 4, 30)
RUNOFF = date(2017, 4, 19)
STAGE_DAY = date(2017, 3, 29)
STAGE_RELEASE = 200_000
# Kept from whole boxes in each weekly round, so that an office that needs less than a box is served in step with all
# others.
PART_RESERVE = 80_000
ROUND_DAYS = tuple(date(2017, 4, 4) + timedelta(weeks=i) for i in range(4))
JAKARTA = ZoneInfo("Asia/Jakarta")
# Loaded whole, one record a person: small enough for a demo, and both in the story (Jakarta's date; Lampung's equal
# counts).
WHOLE = ("3101", "1872")
WHOLE_SHARE_MAX = 0.9
SUKETS_A_DAY = 150
PRINTS_A_DAY, HANDED_SHARE, SPOIL_EVERY = 400, 0.8, 90
# Who is printed for before so many others, and what the office wrote beside it.
PASSED = 6
TURNS = (("medical", "surat rawat inap"), ("departure", "tiket ke luar negeri"), ("disability", "diantar keluarganya"))
TITLES = {"stage": "Jakarta, putaran kedua 19 April", "weekly": "Putaran mingguan"}

Told = Callable[[str, float], None]


def at(day: date, hour: int = 9) -> datetime:
    """A moment of a day in Jakarta."""
    return datetime.combine(day, time(hour), JAKARTA)


@dataclass(slots=True)
class Replay:
    """What the replay leaves in hand: the files' balances, the rounds, the followed blank, and how long each part
    took.
    """

    loads: list[LoadResult] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    whole: tuple[str, ...] = ()
    followed: str | None = None
    truth: dict[tuple[str, str], int] = field(default_factory=dict)
    found: dict[str, dict[str, int]] = field(default_factory=dict)
    weeks: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)


def play(*, people: int, seed: int, folder: Path, data_dir: Path, tell: Told, linkage: bool = True) -> Replay:
    """Replay the weeks into an empty, ready database. ``tell(what, done)`` hears each step, from 0 to 1.

    Without ``linkage`` only records that are alike to the letter become one person, and nothing has to be compiled.
    The same arguments give the same facts. Raises what the operations raise: nothing here is caught.
    """
    replay = Replay()

    def timed(name: str, job: Callable[[], None]) -> None:
        start = perf_counter()
        job()
        replay.timings[name] = round(replay.timings.get(name, 0.0) + perf_counter() - start, 2)

    with acting(principal="svc.demo"):
        audit.record(
            operation="scenario.begin", by="svc.demo", at=at(FIRST, 7), facts=Facts.none(),
            subject={"scenario": "2017-04", "people": people, "seed": seed},
        )  # fmt: skip
    timed("synth", lambda: _write_files(replay, people, seed, folder, tell))
    timed("intake", lambda: _load_files(replay, folder, data_dir, tell))
    timed("registry", lambda: _settle_records(replay, tell))
    if linkage:
        timed("linkage", lambda: _link(tell))
    timed("cases", lambda: _look_for_cases(replay, "at_first", FIRST, tell))
    timed("supply", _order)
    day = FIRST
    while day <= LAST:
        tell(f"{day:%d %B %Y}", (day - FIRST).days / ((LAST - FIRST).days or 1))
        if day.weekday() == 0 and day > FIRST:
            timed("fingerprints", partial(_fingerprints, replay, day, folder, data_dir))
        _one_day(replay, day, timed)
        day += timedelta(days=1)
    timed("figures", lambda: _publish(LAST))
    timed("cases", lambda: _look_for_cases(replay, "at_the_end", LAST, tell))
    return replay


def _write_files(replay: Replay, people: int, seed: int, folder: Path, tell: Told) -> None:
    by_regency = people_2017()
    whole: dict[str, int] = {}
    for code in WHOLE:
        if sum(whole.values()) + by_regency[code] <= people * WHOLE_SHARE_MAX:
            whole[code] = by_regency[code]
    replay.whole = tuple(whole)
    nation = synthesise(
        people=people, seed=seed, areas=villages(), as_of=FIRST, whole=whole,
        progress=lambda what, done, of: tell(f"synthetic {what}", done / of),
    )  # fmt: skip
    replay.truth = doubles.planted(nation.truth)
    folder.mkdir(parents=True, exist_ok=True)
    write(nation, folder, only=("registrations.csv", "applications.csv", "deaths.csv"))
    facts = inputs.facts()
    populations = {regency.code: regency.population_2024 for regency in gazetteer.regencies_2017()}
    estimated = estimates.estimates(facts=facts, populations=populations, as_of=STAGE_DAY)
    for name, counts in (("facts.csv", facts), ("estimates.csv", estimated)):
        with open(folder / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["area", "metric", "value", "date", "denominator", "source", "kind", "known_on"])
            for count in counts:
                writer.writerow(
                    [count.area, count.metric, count.value, count.date, count.denominator or "", count.source,
                     count.kind, count.known_on]
                )  # fmt: skip


def _load_files(replay: Replay, folder: Path, data_dir: Path, tell: Told) -> None:
    names = ("registrations", "applications", "deaths", "facts", "estimates")
    for name in names:
        kind = "counts" if name in ("facts", "estimates") else name
        with acting(principal="svc.intake"):
            replay.loads.append(
                intake.load(
                    path=folder / f"{name}.csv",
                    kind=kind,
                    by="svc.intake",
                    at=at(FIRST, 8),
                    data_dir=data_dir,
                    progress=partial(tell, f"reading {name}.csv"),
                )  # fmt: skip
            )


def _settle_records(replay: Replay, tell: Told) -> None:
    tell("persons and cards owed", 0.0)
    with acting(principal="svc.registry"):
        registry.take_in(by="svc.registry", at=at(FIRST, 9))
        for code in replay.whole:
            registry.declare_whole(
                regency=code, as_of=FIRST, by="planner.pusat", at=at(FIRST, 9),
                reason="all records of this regency were loaded, one row a person (synthetic)",
            )  # fmt: skip
        entitlement.refresh(as_of=FIRST, by="svc.registry", at=at(FIRST, 10))
        # Files bring the numbers of certificates; without blanks offices give out more of them.
        suket.take_from_files(by="svc.suket", at=at(FIRST, 10))
        for code in replay.whole:
            suket.issue_bulk(office=code, limit=SUKETS_A_DAY, by=f"operator.{code}", at=at(FIRST, 11))
    tell("persons and cards owed", 1.0)


def _link(tell: Told) -> None:
    """Learn a model from the records themselves, and link them under it: doubles that are not alike to the letter."""
    with acting(principal="svc.registry"):
        adopting.adopt(
            by="svc.registry", at=at(FIRST, 11), reason="learned from the records that were loaded",
            progress=lambda what, done: tell(f"linkage, {what}", done),
        )  # fmt: skip
    matching.resolve_all(
        by="svc.registry",
        at=at(FIRST, 11),
        acting=lambda: acting(principal="svc.registry"),
        progress=lambda done: tell("linking records", done),
    )
    with acting(principal="svc.registry"):
        entitlement.refresh(as_of=FIRST, by="svc.registry", at=at(FIRST, 11))


def _look_for_cases(replay: Replay, name: str, day: date, tell: Told) -> None:
    tell("cases of doubles", 0.0)
    with acting(principal="svc.registry"):
        cases.open_cases(by="svc.registry", at=at(day, 18 if day > FIRST else 12))
    _compare(replay, name, day)
    tell("cases of doubles", 1.0)


def _compare(replay: Replay, name: str, day: date) -> None:
    replay.found[name] = doubles.compare(replay.truth)
    replay.weeks.append(doubles.standing(day))


def _settle_cases(replay: Replay, day: date) -> None:
    """On Mondays each whole regency settles what its head can see to in a week."""
    for code in replay.whole:
        with acting(principal=f"kepala.{code}"):
            doubles.week(code, at=at(day, 10))
    replay.weeks.append(doubles.standing(day))


def _fingerprints(replay: Replay, day: date, folder: Path, data_dir: Path) -> None:
    """On Mondays the simulated engine's file of the week comes in, as a real engine's would."""
    done = fingerprints.week(replay.whole, replay.truth, at=at(day, 8), folder=folder, data_dir=data_dir)
    if done is not None:
        replay.loads.append(done)


def _order() -> None:
    with acting(principal="svc.procurement"):
        supply.order(by="pengadaan.pusat", at=at(FIRST, 11))
    rows = [
        {
            "regency": d.regency,
            "deadline": d.deadline,
            "reason": d.reason,
            "published_on": d.published_on,
            "source": d.source,
        }
        for d in inputs.deadlines()
    ]
    with acting(principal="svc.planning"):
        planning.publish_deadlines(deadlines=rows, by="planner.pusat", at=at(FIRST, 11))


def _one_day(replay: Replay, day: date, timed: Callable[[str, Callable[[], None]], None]) -> None:
    timed("supply", lambda: _lots(day))
    if day.weekday() == 0 and day > FIRST:
        timed("cases", lambda: _settle_cases(replay, day))
    if day == STAGE_DAY:
        timed("rounds", lambda: _round(replay, day, title=TITLES["stage"], release=STAGE_RELEASE, deadline=RUNOFF))
    if day in ROUND_DAYS:
        timed("rounds", lambda: _round(replay, day, title=TITLES["weekly"], release=None, deadline=None))
    timed("receipts", lambda: _receipts(day))
    # Offices print on working days.
    if day.weekday() < 5:
        for code in replay.whole:
            timed("cards", partial(_office_day, replay, code, day))


def _lots(day: date) -> None:
    with acting(principal="svc.procurement"):
        for lot in supply.lots():
            given = {"lot_no": lot.lot_no, "by": "pengadaan.pusat"}
            if lot.shipped_on == day:
                supply.announce(lot, by="pengadaan.pusat", at=at(day, 8))
            if lot.arrived_on == day:
                procurement.advance_lot(
                    stage=Stage.ARRIVED, on=day, at=at(day, 9), held_for=[lot.held_for] if lot.held_for else [],
                    is_estimated=True, **given,
                )  # fmt: skip
            if lot.released_on == day:
                procurement.advance_lot(stage=Stage.RELEASED, on=day, at=at(day, 10), is_estimated=True, **given)
            if lot.accepted_on == day:
                procurement.accept_lot(
                    bast_no=f"BAST/{lot.lot_no}", on=day, at=at(day, 11),
                    rejected=dict.fromkeys(lot.rejected, "seal broken on arrival"), is_estimated=True, **given,
                )  # fmt: skip
                custody.receive_lot(lot_no=lot.lot_no, by="gudang.pusat", at=at(day, 12))


def _round(replay: Replay, day: date, *, title: str, release: int | None, deadline: date | None) -> None:
    with acting(principal="svc.planning"):
        entitlement.refresh(as_of=day, by="svc.registry", at=at(day, 12))
        stock = held.balance_sheet()["warehouse"]
        number = planning.draft_round(
            title=title, as_of=day, release=min(release or stock, stock), deadline=deadline, part_boxes=True,
            part_reserve=0 if deadline else min(PART_RESERVE, stock),
            by="planner.pusat", at=at(day, 13),
        )  # fmt: skip
        planning.review_round(round_no=number, approve=True, by="kepala.pusat", at=at(day, 14))
        planning.commit_round(round_no=number, by="gudang.pusat", at=at(day, 14))
        replay.rounds.append(number)


def _receipts(day: date) -> None:
    due = [
        movement
        for movement in held.on_the_way()
        if movement["to_office"] != "00"
        and movement["at"].astimezone(JAKARTA).date() + timedelta(days=gazetteer.transport_days(movement["to_office"]))
        <= day
    ]
    if due:
        with acting(principal="svc.custody"):
            custody.receive_many(
                receipts=[Receipt(movement["movement"], f"operator.{movement['to_office']}") for movement in due],
                by="svc.custody", at=at(day, 15),
            )  # fmt: skip


def _office_day(replay: Replay, office: str, day: date) -> None:
    """One office prints what it can, spoils a few blanks, and hands over most of what it printed."""
    holding = held.holdings(office=office).get(office)
    if holding is None or holding.good == 0:
        return
    operator = f"operator.{office}"
    with acting(principal="svc.issuance"):
        cards = _out_of_turn(office, day)
        limit = min(PRINTS_A_DAY, holding.good) - len(cards)
        cards += issuance.print_cards(office=office, limit=limit, by=operator, at=at(day, 15)) if limit else []
        spoiled = cards[SPOIL_EVERY - 1 :: SPOIL_EVERY]
        if spoiled:
            issuance.spoil(cards=spoiled, reason="chip does not answer", by=operator, at=at(day, 15))
        good = [card for card in cards if card not in set(spoiled)]
        handed = good[: int(len(good) * HANDED_SHARE)]
        if handed:
            issuance.hand_over(
                cards=handed, to="holder", checked="wajah dan sidik jari", by=f"kepala.{office}", at=at(day, 16)
            )
            replay.followed = replay.followed or handed[0]


def _out_of_turn(office: str, day: date) -> list[str]:
    """On a day of printing one person who cannot wait is printed for before others; that is counted in public."""
    turn, note = TURNS[day.toordinal() % len(TURNS)]
    for row in queue.queue(office=office, on=day, limit=PASSED + 5)[PASSED:]:
        try:
            return [
                issuance.print_for(
                    nik=row["nik"], office=office, turn=turn, note=note, by=f"operator.{office}", at=at(day, 15)
                )
            ]
        except NikOfSeveral:
            # Whose card it would be is a question for a case; the next in the queue is not held up by it.
            continue
    return []


def _publish(day: date) -> None:
    with acting(principal="svc.registry"):
        entitlement.refresh(as_of=day, by="svc.registry", at=at(day, 16))
    with acting(principal="svc.transparency"):
        transparency.publish_counts(by="svc.transparency", at=at(day, 17))
