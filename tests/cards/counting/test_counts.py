"""A blind count: matched or counted again by another person, and corrected by a third one only."""

from __future__ import annotations

import pytest
from cards.counting.conftest import ALL_THERE, OFFICE, without
from django.db import IntegrityError, connection, transaction

from blanko.cards.counting import operations, queries, reconciling, rules
from blanko.cards.counting.models import CountDecision, CountHand, CountSheet
from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as book
from blanko.cards.custody.rules import Condition, Key, Kind, Line
from blanko.ground.audit import operations as audit
from blanko.kernel.errors import BlankoError, InvalidValue

ONE, TWO, THREE = "operator.1871", "operator.1801", "kepala.pusat"


def counted_twice(office, rows):
    count = office.begin()
    assert office.hand_in(count, rows, ONE) == "differs"
    assert office.hand_in(count, rows, TWO) == "confirmed"
    return count


def conditions(identifier):
    return {(row["first"], row["last"]): row["condition"] for row in book.places(identifier)}


def test_a_count_that_agrees_with_the_book_closes_itself(office):
    before = book.balance_sheet()
    count = office.begin()
    assert queries.count(count)["status"] == "open"
    assert office.hand_in(count, ALL_THERE, ONE) == "matched"
    assert queries.count(count)["status"] == "matched"
    assert queries.differences(count) == []
    assert book.balance_sheet() == before
    assert queries.open_at(OFFICE) is None


def test_the_order_and_the_pieces_in_which_blanks_are_named_do_not_matter(office):
    pieces = [(f"PB17-000001-{n:04d}", "rusak") for n in (44, 41, 43, 42)]
    rows = [*pieces, *reversed(without("PB17-000001-0041..0044"))]
    assert office.hand_in(office.begin(), rows, ONE) == "matched"


def test_a_missing_box_is_booked_only_after_two_counts_and_a_third_persons_approval(office):
    rows = without("PB17-000003")
    count = office.begin()
    assert office.hand_in(count, rows, ONE) == "differs"
    with pytest.raises(rules.NotConfirmed):
        office.decide(count)
    with pytest.raises(rules.SameCounter):
        office.hand_in(count, ALL_THERE, ONE)
    assert office.hand_in(count, rows, TWO) == "confirmed"
    for counter in (ONE, TWO):
        with pytest.raises(rules.CountedYourself):
            office.decide(count, by=counter)
    assert book.balance_sheet()["missing"] == 0
    done = office.decide(count)
    assert conditions("PB17-000003") == {(1, 50): "missing"}
    step = book.way_of("PB17-000003")[-1]
    assert (step["kind"], step["reason"], step["by"]) == ("loss", "stolen at night", THREE)
    assert step["papers"]["count"] == count
    assert (len(done.booked), done.left) == (1, ())
    assert queries.count(count)["status"] == "corrected"
    assert reconciling.reconcile(by=THREE, at=office.at).holds


def test_what_the_first_person_missed_and_the_second_one_found_corrects_nothing(office):
    count = office.begin()
    assert office.hand_in(count, without("PB17-000003"), ONE) == "differs"
    assert office.hand_in(count, ALL_THERE, TWO) == "matched"
    assert queries.count(count)["status"] == "matched"


def test_two_sheets_that_differ_from_each_other_need_another_one(office):
    count = office.begin()
    assert office.hand_in(count, without("PB17-000003"), ONE) == "differs"
    assert office.hand_in(count, without("PB17-000004"), TWO) == "disputed"
    with pytest.raises(rules.NotConfirmed):
        office.decide(count)
    assert office.hand_in(count, without("PB17-000004"), ONE) == "confirmed"
    office.decide(count)
    assert conditions("PB17-000004") == {(1, 50): "missing"}
    assert conditions("PB17-000003") == {(1, 50): "good"}


def test_a_refused_correction_leaves_the_count_open_and_the_book_as_it_was(office):
    rows = without("PB17-000003")
    count = counted_twice(office, rows)
    before = book.balance_sheet()
    office.decide(count, approve=False, reason="look behind the printer")
    assert queries.count(count)["status"] == "recount"
    assert book.balance_sheet() == before
    with pytest.raises(rules.NotConfirmed):
        office.decide(count)
    with pytest.raises(rules.DecidedBefore):
        office.hand_in(count, rows, THREE)
    assert office.hand_in(count, rows, ONE) == "confirmed"
    office.decide(count)
    assert queries.count(count)["status"] == "corrected"


def test_of_an_opened_box_exactly_the_missing_positions_are_lost_by_their_conditions(office):
    rows = [("PB17-000001-0006..0019", "tercetak"), ("PB17-000001-0021..0037", "baik"),
            ("PB17-000001-0042..0044", "rusak"), *ALL_THERE[3:]]  # fmt: skip
    done = office.decide(counted_twice(office, rows))
    assert len(done.booked) == 3
    assert {at: c for at, c in conditions("PB17-000001").items() if c == "missing"} == {
        (20, 20): "missing", (38, 41): "missing",
    }  # fmt: skip


def test_a_sealed_box_that_was_found_open_is_opened_in_the_book_before_its_blanks_are_lost(office):
    rows = [*without("PB17-000002"), ("PB17-000002-0001..0047", "")]
    done = office.decide(counted_twice(office, rows))
    assert [step["kind"] for step in book.way_of("PB17-000002")][-2:] == ["opening", "loss"]
    assert conditions("PB17-000002") == {(1, 47): "good", (48, 50): "missing"}
    assert len(done.booked) == 2


def test_what_was_missing_and_lies_there_again_is_found_in_the_book(office):
    office.change(Kind.LOSS, "good", "missing", 1, 45, 50)
    count = office.begin()
    assert office.hand_in(count, ALL_THERE, ONE) == "differs"
    assert office.hand_in(count, ALL_THERE, TWO) == "confirmed"
    office.decide(count, reason="lay in the safe")
    assert conditions("PB17-000001")[45, 50] == "good"
    assert book.way_of("PB17-000001-0045")[-1]["kind"] == "finding"


def test_good_blanks_that_are_seen_spoiled_become_spoiled(office):
    rows = [*without("PB17-000001-0045..0050"), ("PB17-000001-0045..0050", "rusak")]
    office.decide(counted_twice(office, rows))
    assert conditions("PB17-000001")[41, 50] == "spoiled"


def test_what_no_movement_can_mend_is_named_and_left(office):
    strange = [("PB17-000009", ""), ("ZZ99-000001", ""), ("PB17-000001-0001", "tercetak"), ("PB17-000001-0060", "")]
    count = counted_twice(office, [*ALL_THERE, *strange])
    before = book.balance_sheet()
    done = office.decide(count, reason="to be explained")
    assert {item.why for item in done.left} == {"elsewhere", "unknown", "issued"}
    assert {(row["series"], row["box_no"], row["why"]) for row in queries.left(count)} == {
        ("PB17", 9, "elsewhere"), ("ZZ99", 1, "unknown"), ("PB17", 1, "issued"), ("PB17", 1, "unknown"),
    }  # fmt: skip
    assert book.balance_sheet() == before


def test_work_goes_on_during_a_count_and_is_no_difference(office):
    count = office.begin()
    # After the freeze 21-25 are printed, 6-10 are handed over, and box 4 leaves for another office.
    office.change(Kind.PERSONALISATION, "good", "personalised", 1, 21, 25)
    office.change(Kind.ISSUANCE, "personalised", "issued", 1, 6, 10)
    custody.dispatch(
        consignment=[Line("PB17", 4, 1, 50)], from_office=OFFICE, to_office="1801", key=office.key(), by=ONE,
        at=office.at,
    )  # fmt: skip
    rows = [
        ("PB17-000001-0008..0023", "tercetak"), ("PB17-000001-0024..0040", "baik"), ("PB17-000001-0041..0044", "rusak"),
        ("PB17-000001-0045..0050", ""), ("PB17-000002", ""), ("PB17-000003", ""),
    ]  # fmt: skip
    assert office.hand_in(count, rows, ONE) == "matched"


def test_blanks_that_moved_after_the_second_count_are_not_lost_by_its_approval(office):
    count = counted_twice(office, without("PB17-000003", "PB17-000001-0045..0050"))
    office.change(Kind.PERSONALISATION, "good", "personalised", 1, 45, 47)
    done = office.decide(count)
    assert {(item.difference.first, item.difference.last, item.why) for item in done.left} == {(45, 47, "moved_since")}
    assert conditions("PB17-000001")[48, 50] == "missing"
    assert conditions("PB17-000003") == {(1, 50): "missing"}


def test_a_count_of_named_boxes_looks_at_no_other(office):
    count = office.begin(boxes=["PB17-000002", "PB17-000003"])
    with pytest.raises(rules.MalformedCount) as refused:
        office.hand_in(count, [("PB17-000002", ""), ("PB17-000004", "")], ONE)
    assert refused.value.refused == (rules.Refused(2, "PB17-000004", rules.Reason.NOT_OF_THIS_COUNT),)
    assert office.hand_in(count, [("PB17-000002", ""), ("PB17-000003", "")], ONE) == "matched"


def test_an_open_count_gives_no_figure_of_the_book(office):
    count = office.begin()
    with pytest.raises(rules.CountIsBlind):
        queries.differences(count)
    office.hand_in(count, without("PB17-000003"), ONE)
    for told in (queries.count(count), *queries.counts(office=OFFICE)):
        assert "PB17" not in str(told)
        assert not {"differences", "outcome", "book"} & told.keys()
    with pytest.raises(rules.CountIsBlind):
        queries.left(count)


def test_the_book_of_an_office_is_not_shown_while_somebody_may_still_count_there(office):
    assert queries.blind_offices() == set()
    count = office.begin()
    assert queries.blind_offices() == {OFFICE}
    with pytest.raises(rules.CountIsBlind, match=OFFICE):
        queries.check_shown(OFFICE)
    queries.check_shown("1801")
    rows = without("PB17-000003")
    office.hand_in(count, rows, ONE)
    assert queries.blind_offices() == {OFFICE}
    office.hand_in(count, rows, TWO)
    assert queries.blind_offices() == set(), "two persons have counted"


@pytest.mark.parametrize("kind", [Kind.QUARANTINE, Kind.LOSS])
def test_a_box_in_quarantine_or_written_off_that_was_found_open_is_opened_as_what_it_is(office, kind):
    after = Condition.QUARANTINED if kind is Kind.QUARANTINE else Condition.MISSING
    custody.change(
        kind=kind, before=Condition.GOOD, after=after, lines=[Line("PB17", 2, 1, 50)], office=OFFICE,
        key=Key("test/box", 1), by="operator.1871", at=office.at, reason="police report",
    )  # fmt: skip
    rows = [*without("PB17-000002"), ("PB17-000002-0001..0047", "")]
    office.decide(counted_twice(office, rows))
    seen = "quarantined" if kind is Kind.QUARANTINE else "good"
    assert conditions("PB17-000002") == {(1, 47): seen, (48, 50): "missing"}
    assert reconciling.reconcile(by=THREE, at=office.at).holds


def test_an_office_has_one_open_count_and_a_name_means_one_count(office):
    key = office.key()
    given = {"office": OFFICE, "reason": "monthly", "key": key, "by": "kepala.1871", "at": office.at}
    count = operations.begin(**given)
    assert operations.begin(**given) == count
    with pytest.raises(rules.CountIsOpen):
        office.begin()
    with pytest.raises(rules.CountNameTaken):
        operations.begin(**{**given, "office": "1801"})
    operations.abandon(count=count, reason="the office was flooded", by=THREE, at=office.at)
    assert queries.count(count)["status"] == "abandoned"
    for call in (
        lambda: office.hand_in(count, ALL_THERE, ONE),
        lambda: office.decide(count),
        lambda: operations.abandon(count=count, reason="again", by=THREE, at=office.at),
    ):
        with pytest.raises(rules.CountEnded):
            call()
    office.begin()


def test_a_sheet_that_is_sent_again_changes_nothing(office):
    count = office.begin()
    rows = without("PB17-000003")
    assert [office.hand_in(count, rows, ONE) for _ in range(3)] == ["differs"] * 3
    assert office.hand_in(count, rows, TWO) == office.hand_in(count, rows, TWO) == "confirmed"
    assert CountSheet.objects.filter(count=count).count() == 2


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"office": "9999"}, InvalidValue),
        ({"reason": "  "}, rules.ReasonMissing),
        ({"boxes": ["nonsense"]}, InvalidValue),
    ],
)
def test_a_count_needs_an_office_and_a_reason(office, given, refusal):
    usual = {"office": OFFICE, "reason": "monthly", "key": office.key(), "by": ONE, "at": office.at}
    with pytest.raises(refusal):
        operations.begin(**{**usual, **given})
    with pytest.raises(rules.UnknownCount):
        office.hand_in("nobody:1", ALL_THERE, ONE)


class Refuses:
    """The database itself refuses what an operation would have refused by name."""

    def __init__(self, constraint):
        self.constraint = constraint

    def __enter__(self):
        self.point = transaction.atomic()
        self.point.__enter__()

    def __exit__(self, kind, error, trace):
        self.point.__exit__(kind, error, trace)
        assert isinstance(error, IntegrityError), f"{self.constraint} refused nothing"
        assert error.__cause__.diag.constraint_name == self.constraint
        return True


def test_the_database_itself_refuses_what_the_operations_would(office):
    count = counted_twice(office, without("PB17-000003"))
    from blanko.ground.audit.merkle import Facts

    event = audit.record(operation="counting.test", by=ONE, at=office.at, facts=Facts.none())
    sheet = {"count": count, "outcome": "confirmed", "differences": [], "note": "", "at": office.at, "event_id": event}
    with Refuses("counting_sheet_another_person"):
        CountSheet.objects.create(round=3, by=TWO, before_by=TWO, before_round=2, **sheet)
    with Refuses("counting_sheet_before"):
        CountSheet.objects.create(round=3, by=ONE, before_by=THREE, before_round=2, **sheet)
    with Refuses("counting_sheet_follows"):
        CountSheet.objects.create(round=3, by=ONE, **sheet)
    with Refuses("counting_sheet_follows"):
        CountSheet.objects.create(round=3, by=ONE, before_by=TWO, **sheet)
    with Refuses("counting_sheet_hand"):
        CountSheet.objects.create(round=3, by="kepala.1871", before_by=TWO, before_round=2, **sheet)
    decision = {"count": count, "reason": "x", "booked": [], "left": [], "at": office.at, "event_id": event}
    with Refuses("counting_decision_hand"):
        CountDecision.objects.create(round=2, decision="approved", by=TWO, part="decides", **decision)
    with Refuses("counting_decision_third_person"):
        CountDecision.objects.create(round=2, decision="approved", by=THREE, **decision)
    with Refuses("counting_hand_pkey"):
        CountHand.objects.create(count=count, person=TWO, part="decides", event_id=event)
    CountHand.objects.create(count=count, person=THREE, part="decides", event_id=event)
    with Refuses("counting_decision_confirmed"):
        CountDecision.objects.create(round=1, decision="approved", by=THREE, part="decides", **decision)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    office.decide(count)
    with Refuses("counting_ended"):
        CountSheet.objects.create(round=3, by=ONE, before_by=TWO, before_round=2, **sheet)


def test_every_step_of_a_count_is_sealed(office):
    office.decide(counted_twice(office, without("PB17-000003")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, operation FROM audit_event WHERE operation LIKE 'counting.%%' ORDER BY id")
        events = cursor.fetchall()
    assert [name for _id, name in events] == [
        "counting.begin",
        "counting.hand_in",
        "counting.hand_in",
        "counting.decide",
    ]
    assert all(audit.verify(number).holds for number, _name in events)
    assert issubclass(rules.CountIsBlind, BlankoError)
