"""What arrives is set beside its papers: each difference has a kind, an owner and an end, and no blank is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from blanko.cards.custody import arrivals, operations, queries, rules, transit
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind, Leg, Mode, Resolution
from blanko.ground.audit import operations as audit
from blanko.kernel.errors import InvalidValue

OFFICE, OTHER = "1101", "1102"


def box(number):
    return Line("PB17", number, 1, 50)


def send(warehouse, numbers, to=OFFICE, **more):
    return operations.dispatch(
        consignment=[box(n) for n in numbers], from_office="00", to_office=to, key=warehouse.key(),
        by="gudang.pusat", at=warehouse.at, **more,
    )  # fmt: skip


def found(warehouse, movement, *what, by="operator.1101"):
    return arrivals.receive_found(movement=movement, found=what, by=by, at=warehouse.at)


def sheet():
    whole = queries.balance_sheet()
    assert whole["received"] == sum(n for name, n in whole.items() if name != "received")
    return whole


def test_what_did_not_come_is_missing_at_its_senders(warehouse):
    movement = send(warehouse, [1, 2])
    found(warehouse, movement, Discrepancy(DiscrepancyKind.SHORT, "kurir.pos", box(2)))
    assert queries.places("PB17-000001")[0]["office"] == OFFICE
    gone = queries.places("PB17-000002")[0]
    assert (gone["office"], gone["condition"], gone["sealed"]) == ("00", "missing", True)
    assert sheet()["missing"] == 50


def test_a_box_with_a_broken_seal_is_quarantined_and_nobody_prints_from_it(warehouse):
    movement = send(warehouse, [1])
    found(warehouse, movement, Discrepancy(DiscrepancyKind.BROKEN_SEAL, "kurir.pos", box(1), note="torn"))
    assert queries.places("PB17-000001")[0]["condition"] == "quarantined"
    assert operations.next_blanks(office=OFFICE, wanted=10) == ()
    assert queries.boxes_at(OFFICE) == []
    operations.change(
        kind=Kind.RELEASE, before=Condition.QUARANTINED, after=Condition.GOOD, lines=[box(1)], office=OFFICE,
        key=warehouse.key(), by="kepala.1101", at=warehouse.at, reason="all 50 are there",
    )  # fmt: skip
    assert queries.boxes_at(OFFICE) == [box(1)]


def test_what_is_not_of_the_consignment_is_told_and_moves_nothing(warehouse):
    send(warehouse, [5], to=OTHER)
    movement = send(warehouse, [1, 2])
    told = arrivals.receive_scanned(
        movement=movement, scans=["pb17-000001", "PB17-000005", "PB17-000009", "PB17-000099", "junk", "PB17-000001"],
        by="operator.1101", at=warehouse.at,
    )  # fmt: skip
    kinds = {(d.kind, d.identifier or str(d.line.box)) for d in told}
    assert kinds == {
        (DiscrepancyKind.SHORT, "PB17-000002"),
        (DiscrepancyKind.WRONG_OFFICE, "PB17-000005"),
        (DiscrepancyKind.SURPLUS, "PB17-000009"),
        (DiscrepancyKind.UNKNOWN_SERIAL, "PB17-000099"),
        (DiscrepancyKind.UNKNOWN_SERIAL, "JUNK"),
    }
    assert queries.places("PB17-000009")[0]["office"] == "00"
    assert sheet()["missing"] == 50
    owners = {row["kind"]: row["owner"] for row in queries.discrepancies(office=OFFICE)}
    assert owners["short"] == "gudang.pusat"
    assert owners["surplus"] == "operator.1101"


def test_a_receipt_with_discrepancies_sent_twice_is_applied_once(warehouse):
    movement = send(warehouse, [1, 2])
    for _ in range(2):
        found(warehouse, movement, Discrepancy(DiscrepancyKind.SHORT, "kurir.pos", box(2)))
    assert len(queries.discrepancies()) == 1
    assert sheet()["missing"] == 50


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (Discrepancy(DiscrepancyKind.SHORT, "k", box(7)), transit.NotOfThisConsignment),
        (Discrepancy(DiscrepancyKind.SHORT, "k"), transit.NotOfThisConsignment),
        (Discrepancy(DiscrepancyKind.SURPLUS, "k"), InvalidValue),
        (Discrepancy(DiscrepancyKind.SHORT, "k", Line("PB17", 1, 1, 3)), rules.BoxNotOpened),
    ],
)
def test_a_wrong_discrepancy_is_refused_and_the_movement_stays_pending(warehouse, what, error):
    movement = send(warehouse, [1])
    with pytest.raises(error), transaction.atomic():
        found(warehouse, movement, what)
    assert queries.pending(movement).phase == "pending"
    assert queries.discrepancies() == []


def test_who_sent_it_answers_for_what_nobody_was_named_for(warehouse):
    movement = send(warehouse, [1])
    found(warehouse, movement, Discrepancy(DiscrepancyKind.BROKEN_SEAL, line=box(1)))
    assert [row["owner"] for row in queries.discrepancies()] == ["gudang.pusat"]


def test_the_sender_cannot_receive_with_discrepancies_either(warehouse):
    movement = send(warehouse, [1])
    with pytest.raises(rules.SamePersonBothEnds):
        found(warehouse, movement, Discrepancy(DiscrepancyKind.SHORT, "k", box(1)), by="gudang.pusat")
    assert queries.pending(movement).phase == "pending"


def test_a_discrepancy_is_handed_on_and_resolved_once_by_somebody_else(warehouse):
    movement = send(warehouse, [1, 2])
    found(warehouse, movement, Discrepancy(DiscrepancyKind.SHORT, "gudang.pusat", box(2)))
    arrivals.hand_on(movement=movement, number=1, owner="kurir.pos", note="left whole", by="gudang.pusat",
                     at=warehouse.at)  # fmt: skip
    assert queries.discrepancies()[0]["owner"] == "kurir.pos"
    end = {"movement": movement, "number": 1, "as_": Resolution.WRITTEN_OFF, "note": "police report 12",
           "at": warehouse.at}  # fmt: skip
    with pytest.raises(rules.SameOfficerResolves):
        arrivals.resolve(**end, by="operator.1101")
    arrivals.resolve(**end, by="kepala.1101")
    assert queries.discrepancies() == []
    assert queries.discrepancies(resolved_too=True)[0]["resolution"] == "written_off"
    with pytest.raises(rules.DiscrepancyResolved):
        arrivals.resolve(**end, by="kepala.1101")
    with pytest.raises(rules.UnknownDiscrepancy):
        arrivals.resolve(**{**end, "number": 2}, by="kepala.1101")


def test_every_event_of_an_arrival_seals_its_rows(warehouse):
    movement = send(warehouse, [1, 2, 3], legs=[leg(warehouse)])
    found(
        warehouse, movement, Discrepancy(DiscrepancyKind.SHORT, "kurir.pos", box(2)),
        Discrepancy(DiscrepancyKind.DAMAGED, "kurir.pos", box(3)),
    )  # fmt: skip
    arrivals.hand_on(movement=movement, number=1, owner="x", note="y", by="gudang.pusat", at=warehouse.at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation LIKE 'custody.%'")
        events = [event for (event,) in cursor.fetchall()]
    assert len(events) >= 4
    assert all(audit.verify(event).holds for event in events)


def leg(warehouse, **given):
    whole = {
        "mode": Mode.COURIER, "from_place": "00", "to_place": OFFICE, "carrier": "Pos Indonesia",
        "answerable": "kurir.pos", "due_at": warehouse.at + timedelta(days=3), "seals": ["77"],
    }  # fmt: skip
    return Leg(**{**whole, **given})


def test_the_way_and_who_answers_on_each_leg_are_data_and_lateness_is_seen(warehouse):
    far = warehouse.at + timedelta(days=9)
    movement = send(
        warehouse, [1],
        legs=[
            leg(warehouse, to_place="Bandara Cengkareng"),
            leg(warehouse, mode=Mode.COLLECTION, from_place="Bandara Cengkareng", carrier="Dinas Dukcapil",
                answerable="operator.1101", assignment_no="ST/9", identity_checked="KTP-el", due_at=far),
        ],
    )  # fmt: skip
    send(warehouse, [2])
    assert [row["answerable"] for row in queries.legs(movement)] == ["kurir.pos", "operator.1101"]
    (late,) = queries.on_the_way(overdue_at=far + timedelta(hours=1))
    assert (late["movement"], late["answerable"]) == (movement, "operator.1101")
    assert len(queries.on_the_way(overdue_at=warehouse.at + timedelta(days=transit.DUE_DAYS, hours=1))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"carrier": " "},
        {"answerable": ""},
        {"from_place": "11"},
        {"to_place": "1102"},
        {"mode": Mode.COLLECTION},
        {"mode": Mode.COLLECTION, "assignment_no": "ST/1"},
        {"due_at": None},
    ],
)
def test_a_leg_that_does_not_say_who_answers_is_refused(warehouse, wrong):
    if "due_at" in wrong:
        wrong = {"due_at": warehouse.at}
    with pytest.raises(transit.LegIncomplete):
        send(warehouse, [1], legs=[leg(warehouse, **wrong)])
    assert queries.on_the_way() == []


def test_a_loan_stays_inside_a_province(warehouse):
    operations.receive(movement=send(warehouse, [1]), by="operator.1101", at=warehouse.at)
    lend = {"consignment": [box(1)], "from_office": OFFICE, "by": "operator.1101", "at": warehouse.at,
            "kind": Kind.LOAN}  # fmt: skip
    with pytest.raises(rules.Unlawful), transaction.atomic():
        operations.dispatch(to_office="1201", key=warehouse.key(), **lend)
    movement = operations.dispatch(to_office=OTHER, key=warehouse.key(), **lend)
    operations.receive(movement=movement, by="operator.1102", at=warehouse.at)
    assert queries.boxes_at(OTHER) == [box(1)]


@pytest.mark.parametrize("kind", sorted(rules.NEEDS_REASON - {Kind.RETURN, Kind.SHORTAGE}))
def test_what_changes_the_count_of_good_blanks_needs_a_reason(warehouse, kind):
    row = next(row for row in rules.LAWFUL if row.kind is kind)
    with pytest.raises((rules.ReasonMissing, rules.BlankNotInCondition)) as refused:
        operations.change(
            kind=kind, before=row.before, after=row.after, lines=[box(1)], office="00", key=warehouse.key(),
            by="gudang.pusat", at=warehouse.at, reason=" ", corrects="test:1" if kind is Kind.CORRECTION else "",
        )  # fmt: skip
    assert refused.type is rules.ReasonMissing


def test_the_list_of_kinds_is_the_databases_too(warehouse):
    with connection.cursor() as cursor:
        for name, kinds in (
            ("custody_discrepancy_kind", DiscrepancyKind),
            ("custody_discrepancy_step_known", Resolution),
            ("custody_leg_mode", Mode),
        ):
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
            text = cursor.fetchone()[0]
            assert all(f"'{kind}'" in text for kind in kinds), name
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM custody_discrepancy")


@given(st.sets(st.integers(1, 6)), st.lists(st.integers(1, 9), max_size=12))
def test_of_a_scanned_consignment_every_box_is_seen_or_short_and_every_scan_is_told(sent, scanned):
    lines = [Line("PB17", n, 1, 50) for n in sorted(sent)]
    counted = transit.compare(lines, [f"PB17-{n:06d}" for n in scanned])
    seen = set(scanned) & sent
    assert {line.box_no for line in counted.not_seen} == sent - seen
    assert {int(text[-6:]) for text in counted.not_of_it} == set(scanned) - sent
    assert len(scanned) == len(seen) + len(counted.not_of_it) + len(counted.seen_twice)


def test_single_blanks_of_an_opened_box_are_short_one_by_one():
    counted = transit.compare([Line("PB17", 1, 3, 6)], ["PB17-000001-0003", "PB17-000001-0005", "PB17-000001-0009"])
    assert counted.not_seen == (Line("PB17", 1, 4, 4), Line("PB17", 1, 6, 6))
    assert counted.not_of_it == ("PB17-000001-0009",)


def test_a_correction_names_what_it_corrects(warehouse):
    operations.open_box(series="PB17", box_no=1, office="00", key=warehouse.key(), by="gudang.pusat", at=warehouse.at)
    spoiled = operations.change(
        kind=Kind.SPOILAGE, after=Condition.SPOILED, lines=[Line("PB17", 1, 1, 2)], office="00", key=warehouse.key(),
        by="gudang.pusat", at=warehouse.at, reason="bent",
    )  # fmt: skip
    mend = {"kind": Kind.CORRECTION, "before": Condition.SPOILED, "after": Condition.GOOD, "office": "00",
            "lines": [Line("PB17", 1, 2, 2)], "by": "gudang.pusat", "at": warehouse.at, "reason": "no"}  # fmt: skip
    with pytest.raises(rules.Unlawful), transaction.atomic():
        operations.change(key=Key("c", 1), **mend)
    operations.change(key=Key("c", 2), corrects=spoiled, **mend)
    assert sheet()["spoiled"] == 1


@pytest.mark.parametrize("lost_as", [Condition.PERSONALISED, Condition.SPOILED])
def test_a_blank_on_which_a_card_was_printed_is_never_good_again(warehouse, lost_as):
    def change(kind, before, after, first, last=None, **more):
        return operations.change(
            kind=kind, before=before, after=after, lines=[Line("PB17", 1, first, last or first)], office="00",
            key=warehouse.key(), by="gudang.pusat", at=warehouse.at, reason="found so", **more,
        )  # fmt: skip

    change(Kind.OPENING, Condition.GOOD, Condition.GOOD, 1, 50)
    change(Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED, 7)
    if lost_as is Condition.SPOILED:
        spoilt = change(Kind.SPOILAGE, Condition.PERSONALISED, Condition.SPOILED, 7)
        with pytest.raises(rules.BlankPrinted, match="PB17-000001-0007"):
            change(Kind.CORRECTION, Condition.SPOILED, Condition.GOOD, 7, corrects=spoilt)
    change(Kind.LOSS, lost_as, Condition.MISSING, 7)
    # Its neighbours were lost as good ones, and are found as such: only the printed one is refused, and nothing moves.
    change(Kind.LOSS, Condition.GOOD, Condition.MISSING, 6)
    change(Kind.LOSS, Condition.GOOD, Condition.MISSING, 8)
    for after in (Condition.GOOD, Condition.QUARANTINED):
        with pytest.raises(rules.BlankPrinted, match="PB17-000001-0007"):
            change(Kind.FINDING, Condition.MISSING, after, 6, 8)
    assert sheet()["missing"] == 3
    change(Kind.FINDING, Condition.MISSING, lost_as, 7)
    change(Kind.FINDING, Condition.MISSING, Condition.GOOD, 6)
    assert sheet()["missing"] == 1
