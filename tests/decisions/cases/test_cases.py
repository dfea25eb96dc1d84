"""Cases are opened once, settled with the person, and can be taken back."""

import random
from datetime import date, timedelta

import pytest
from cards.conftest import accepted_lot
from decisions.cases.doubles import AT, BY, OTHER, clash, double, file, key, snapshot, waiting, whose
from django.db import IntegrityError, connection, transaction
from records.filed import put, registration

from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Line
from blanko.cards.issuance import operations as issuance
from blanko.cards.issuance.rules import CardWithheld
from blanko.cards.suket import operations as suket
from blanko.decisions.cases import operations, queries, rules
from blanko.decisions.cases.models import CaseStanding
from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import closing, persons
from blanko.records.registry import queries as registered
from blanko.records.registry.models import Match
from blanko.records.registry.operations import ReasonMissing

pytestmark = pytest.mark.django_db
SEEN = "both papers and the face seen"


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def settle(case_no, outcome="same", **given):
    return operations.settle(case_no=case_no, outcome=outcome, reason=SEEN, **{**BY, **given})


def status(of):
    return registered.record(recorded_office=of[0], record_id=of[1])


def test_a_look_opens_a_case_for_each_question_and_a_second_look_writes_nothing():
    file(registration(0), double(0), registration(1), clash(2, of=1), registration(3))
    rows = {row["kind"]: row for row in queries.queue()}
    assert set(rows) == {"merged", "nik"}
    assert [row["records"] for row in rows.values()] == [2, 2]
    assert "regencyx" in rows["merged"]["pattern"]
    assert operations.open_cases(**BY) == operations.Opened()


def test_a_case_shows_its_records_as_they_stand():
    (number,) = file(registration(0), double(0))
    shown = queries.case(number)
    assert [(m["recorded_office"], m["changed"]) for m in shown["members"]] == [("3171", False), ("3201", False)]
    with pytest.raises(rules.UnknownCase):
        queries.case(999)


def test_the_person_chooses_which_record_stays_and_the_other_is_closed_and_kept():
    (number,) = file(registration(0), double(0))
    done = settle(number, keep=[key(50, "3201")])
    assert done.state == "settled"
    kept, closed = status(key(50, "3201")), status(key(0))
    assert (kept["is_lead"], kept["closed"], closed["closed"], closed["status"]) == (
        True,
        False,
        True,
        "DUPLICATE_RECORD",
    )
    # The card is owed once, at the domicile that was chosen.
    assert [row["regency"] for row in owed.queue()] == ["3201"]
    assert waiting() == []
    assert operations.open_cases(**BY) == operations.Opened()


def test_without_a_choice_the_newest_registration_stays():
    (number,) = file(registration(0), double(0))
    settle(number)
    assert status(key(50, "3201"))["is_lead"]


def test_different_persons_get_their_own_ids_and_the_files_do_not_join_them_again():
    (number,) = file(registration(0), double(0))
    one = whose(key(0))
    settle(number, "different")
    assert whose(key(0)) == one
    assert whose(key(50, "3201")) != one
    # The same NIK is now a question of two persons.
    operations.open_cases(**BY)
    assert [row["kind"] for row in queries.queue()] == ["nik"]
    settle(waiting()[0], "different")
    assert operations.open_cases(**BY) == operations.Opened()
    # A third exact double of both is no reason to join what a person told apart.
    file(double(0, other=60))
    assert whose(key(0)) != whose(key(50, "3201"))


def test_undo_gives_back_persons_statuses_claims_and_verdicts():
    (number,) = file(registration(0), double(0, status="SENT_FOR_ENROLLMENT"))
    before = snapshot()
    settle(number, keep=[key(0)])
    assert snapshot() != before
    operations.undo(case_no=number, reason="the wrong person was asked", **BY)
    assert snapshot() == before
    assert waiting() == [number]
    settle(number, "different")
    operations.undo(case_no=number, reason="once more", **BY)
    assert snapshot() == before
    settle(number, "same")
    assert queries.case(number)["state"] == "settled"


def test_a_second_officer_signs_before_a_printed_card_is_closed():
    (number,) = file(registration(0, status="CARD_ISSUED"), double(0, status="CARD_ISSUED"))
    before = snapshot()
    done = settle(number, keep=[key(0)])
    assert (done.state, done.second) == ("second", "second_card")
    assert snapshot() == before
    with pytest.raises(rules.SecondOfficerIsFirst):
        operations.sign(case_no=number, **BY)
    with pytest.raises(rules.CaseStands):
        settle(number)
    operations.refuse(case_no=number, reason="no paper", **OTHER)
    settle(number, keep=[key(0)])
    operations.sign(case_no=number, **OTHER)
    closed = status(key(50, "3201"))
    # The day of the card that was handed over is not forgotten.
    assert (closed["closed"], closed["issued_on"]) == (True, date(2016, 11, 1))
    operations.undo(case_no=number, reason="wrong", **BY)
    assert snapshot() == before


def test_the_database_refuses_one_officer_for_both_signatures():
    (number,) = file(registration(0, status="CARD_ISSUED"), double(0, status="CARD_ISSUED"))
    settle(number)
    from blanko.decisions.cases.models import CaseStep

    with pytest.raises(Exception, match="decided and signed by one officer"), transaction.atomic():
        row = operations._step(number, 2, rules.Step.SETTLE, reason=SEEN, outcome="same", **BY)
        operations._record("cases.settle", [row], reason=SEEN, **BY)
    assert CaseStep.objects.count() == 1


def test_a_case_whose_record_changed_is_out_of_date_and_a_new_one_asks_again():
    (number,) = file(registration(0), double(0))
    put(registrations=[registration(0, marital_status="KAWIN")])
    entitlement.catch_up(**BY)
    with pytest.raises(rules.CaseOutOfDate, match="R00000"):
        settle(number)
    found = operations.open_cases(**BY)
    assert (found.opened, found.overtaken) == (1, 1)
    settle(waiting()[0])
    # A decision binds until one of its records changes: the closed record's new version asks again, and stays closed.
    put(registrations=[registration(0, marital_status="CERAI HIDUP")])
    entitlement.catch_up(**BY)
    operations.open_cases(**BY)
    (again,) = waiting()
    assert status(key(0))["closed"]
    settle(again, keep=[key(0)])
    assert (status(key(0))["closed"], status(key(50, "3201"))["closed"]) == (False, True)
    operations.undo(case_no=again, reason="wrong", **BY)
    assert (status(key(0))["closed"], status(key(50, "3201"))["closed"]) == (True, False)


def test_who_is_asked_has_time_and_silence_follows_the_published_rule():
    (number,) = file(registration(0), double(0))
    due = operations.ask(case_no=number, reason="letter sent", **BY)
    assert due == date(2017, 5, 4)
    assert operations.settle_overdue(by="svc.registry", at=AT + timedelta(days=30)) == operations.Overdue()
    assert operations.settle_overdue(by="svc.registry", at=AT + timedelta(days=31)).settled == 1
    assert queries.case(number)["steps"][-1]["cause"] == "no_answer"
    assert status(key(50, "3201"))["is_lead"]


def test_silence_never_makes_one_person_of_two():
    (number,) = file(registration(1), clash(2, of=1))
    operations.ask(case_no=number, reason="letter sent", **BY)
    assert operations.settle_overdue(by="svc.registry", at=AT + timedelta(days=90)) == operations.Overdue()
    assert queries.case(number)["state"] == "asked"


def test_three_records_in_two_parts():
    (number,) = file(registration(0), double(0), double(0, other=60))
    settle(number, "parts", parts=[[key(0), key(60, "3201")], [key(50, "3201")]])
    assert whose(key(0)) == whose(key(60, "3201")) != whose(key(50, "3201"))
    assert [status(k)["closed"] for k in (key(0), key(60, "3201"), key(50, "3201"))] == [True, False, False]


def test_a_clash_that_is_one_person_ends_the_clash_and_owes_one_card():
    (number,) = file(registration(1), clash(2, of=1))
    assert owed.queue() == []
    settle(number, keep=[key(1)])
    assert [row["record_id"] for row in owed.queue()] == ["R00001"]
    assert registered.person(whose(key(1)))["earlier_ids"] != []


def test_later_decisions_are_undone_first():
    file(registration(0), double(0))
    first = waiting()[0]
    settle(first, "different")
    operations.open_cases(**BY)
    second = waiting()[0]
    settle(second)
    with pytest.raises(rules.LaterDecision, match=str(second)):
        operations.undo(case_no=first, reason="wrong", **BY)
    operations.undo(case_no=second, reason="wrong", **BY)
    operations.undo(case_no=first, reason="wrong", **BY)


def test_no_person_is_left_without_an_open_record():
    file(registration(0), double(0))
    one, other = key(0), key(50, "3201")
    with pytest.raises(closing.KeptElsewhere), transaction.atomic():
        closing.close(records={one: other, other: one}, cause="case", reason=SEEN, **BY)
    closing.close(records={one: other}, cause="case", reason=SEEN, **BY)
    with pytest.raises(closing.RecordClosed):
        closing.close(records={one: other}, cause="case", reason=SEEN, **BY)
    # Torn apart by whatever way, the closed record goes with the one it was closed for.
    persons.split(parts=[[one]], cause="linkage", **BY)
    assert whose(one) == whose(other)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_record SET closed = true WHERE NOT closed")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(Exception, match="without an open record"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_record SET closed = true, is_lead = false WHERE NOT closed")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_reason_is_asked_for_everything():
    (number,) = file(registration(0), double(0))
    for act in (
        lambda: operations.settle(case_no=number, outcome="same", reason=" ", **BY),
        lambda: operations.ask(case_no=number, reason="", **BY),
        lambda: operations.undo(case_no=number, reason="", **BY),
    ):
        with pytest.raises(ReasonMissing):
            act()


def test_a_group_is_settled_and_undone_in_one_act():
    numbers = file(*[row for n in range(4) for row in (registration(n), double(n))])
    (found,) = queries.groups()
    assert found["cases"] == 4
    kind, pattern = found["kind"], found["pattern"]
    before = snapshot()
    group = operations.settle_group(kind=kind, pattern=pattern, cases=numbers, outcome="same", reason=SEEN, **BY)
    assert waiting() == []
    assert {row["group_no"] for row in queries.queue(state="settled")} == {group}
    assert operations.undo_group(group_no=group, reason="wrong", **BY) == 4
    assert snapshot() == before
    with pytest.raises(rules.UnknownCase):
        operations.undo_group(group_no=group, reason="wrong", **BY)


def test_drawn_changed_and_signed_cases_are_settled_by_themselves():
    file(*[row for n in range(3) for row in (registration(n), double(n))],
         registration(3, status="CARD_ISSUED"), double(3, status="CARD_ISSUED"))  # fmt: skip
    operations.sample(pairs=[(key(50, "3201"), key(0))], seed="dice 4 1 6", **BY)
    assert operations.sample(pairs=[(key(0), key(50, "3201"))], seed="dice 4 1 6", **BY) == 0
    put(registrations=[registration(1, marital_status="KAWIN")])
    entitlement.catch_up(**BY)
    (found,) = queries.groups()
    rows = queries.group(kind=found["kind"], pattern=found["pattern"])
    assert sorted(row["alone"] for row in rows) == ["", "changed", "sample", "second_card"]
    before = snapshot()
    for row in rows:
        if row["alone"]:
            with pytest.raises(rules.NotGrouped), transaction.atomic():
                operations.settle_group(
                    kind=found["kind"], pattern=found["pattern"], cases=[r["case_no"] for r in rows], outcome="same",
                    reason=SEEN, **BY,
                )  # fmt: skip
    assert snapshot() == before


def test_every_event_of_a_case_holds_its_seal():
    numbers = file(registration(0), double(0), registration(1), clash(2, of=1))
    operations.ask(case_no=numbers[0], reason="asked", **BY)
    for number in numbers:
        settle(number)
    operations.undo(case_no=numbers[0], reason="wrong", **BY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation LIKE 'cases.%%' OR operation LIKE 'registry.%%'")
        for (event,) in cursor.fetchall():
            assert audit.verify(event).holds, event


def test_ages_and_states_are_counted():
    file(registration(0), double(0), registration(1), clash(2, of=1))
    found = queries.overview(on=date(2017, 4, 30))
    assert found["states"] == {"open": 2}
    assert {(row["kind"], row["days_from"]): row["cases"] for row in found["ages"] if row["cases"]} == {
        ("merged", 8): 1, ("nik", 8): 1,
    }  # fmt: skip


@pytest.fixture
def printing():
    """An open box at Central Jakarta."""
    accepted_lot(boxes=2)
    custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
    movement = custody.dispatch(
        consignment=[Line("PB17", 1, 1, 50)], from_office="00", to_office="3171", key=Key("test", 1),
        by="gudang.pusat", at=AT,
    )  # fmt: skip
    custody.receive(movement=movement, **BY)


def test_one_card_a_person_counts_when_two_turn_out_to_be_one(printing):
    file(registration(0), registration(1))
    first, second = issuance.print_cards(office="3171", limit=2, **BY)
    persons.merge(groups=[[whose(key(0)), whose(key(1))]], cause="linkage", **BY)
    cards = {row[0]: row[1:3] for row in snapshot()[2]}
    assert cards == {first: (whose(key(0)), True), second: (whose(key(0)), False)}
    with pytest.raises(CardWithheld), transaction.atomic():
        issuance.hand_over(cards=[second], to="holder", checked="face", **BY)
    # When the one that counts is spoiled, the other one counts.
    with transaction.atomic():
        issuance.spoil(cards=[first], reason="torn", **BY)
        assert [row[2] for row in snapshot()[2]] == [True]
        transaction.set_rollback(True)
    persons.split(parts=[[key(1)]], cause="linkage", **BY)
    assert {row[0]: row[2] for row in snapshot()[2]} == {first: True, second: True}
    assert issuance.hand_over(cards=[first, second], to="holder", checked="face", **BY) == 2


def test_a_card_handed_over_elsewhere_withholds_one_that_is_printed(printing):
    file(registration(0), registration(1))
    first, _second = issuance.print_cards(office="3171", limit=2, **BY)
    issuance.hand_over(cards=[first], to="holder", checked="face", **BY)
    persons.merge(groups=[[whose(key(0)), whose(key(1))]], cause="linkage", **BY)
    with pytest.raises(CardWithheld):
        issuance.hand_over(cards=[_second], to="holder", checked="face", **BY)


def test_of_two_sukets_one_counts_and_both_come_back(printing):
    file(registration(0), registration(1))
    for n in range(2):
        suket.issue(person_id=whose(key(n)), office="3171", **BY)
    persons.merge(groups=[[whose(key(0)), whose(key(1))]], cause="linkage", **BY)
    assert counting_sukets() == [True, False]
    persons.split(parts=[[key(1)]], cause="linkage", **BY)
    assert counting_sukets() == [True, True]


def counting_sukets():
    with connection.cursor() as cursor:
        cursor.execute("SELECT counts FROM suket_held ORDER BY number")
        return [counts for (counts,) in cursor.fetchall()]


def test_print_jobs_and_printed_cards_of_a_closed_record_end_with_it(printing):
    (number,) = file(registration(0), clash(1, of=0), registration(2))
    settle(number, "different")
    # One of the two NIKs is mended, both cards are printed, and then they turn out to be one person's.
    put(registrations=[registration(1)])
    entitlement.catch_up(**BY)
    serials = issuance.print_cards(office="3171", limit=2, **BY)
    persons.merge(groups=[[whose(key(0)), whose(key(1))]], cause="linkage", **BY)
    entitlement.refresh(as_of=date(2017, 4, 4), **BY)
    operations.open_cases(**BY)
    (again,) = waiting()
    assert settle(again, keep=[key(0)]).second == "second_card"
    operations.sign(case_no=again, **OTHER)
    left = [row[0] for row in snapshot()[2]]
    assert len(left) == 1
    assert set(left) < set(serials)
    assert status(key(1))["closed"]
    operations.undo(case_no=again, reason="wrong", **BY)
    assert not status(key(1))["closed"]


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_acts_keeps_one_open_lead_and_one_card(seed, printing):
    """Settle, undo, merge, split, print, in any order: the promises hold after each act."""
    rng = random.Random(seed)
    file(*[row for n in range(3) for row in (registration(n), double(n))], registration(3), clash(4, of=3))
    keys = [key(n) for n in range(5)] + [key(n + 50, "3201") for n in range(3)]
    for step in range(14):
        act = rng.choice(["settle", "settle", "undo", "merge", "split", "print", "look"])
        try:
            with transaction.atomic():
                perform(act, rng, keys)
        except rules.BlankoError:
            pass
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(
                "SELECT count(*) FROM (SELECT person_id FROM registry_record_current GROUP BY person_id"
                " HAVING count(*) FILTER (WHERE is_lead AND NOT closed) <> 1) AS bad"
            )
            assert cursor.fetchone() == (0,), (seed, step, act)
            cursor.execute(
                "SELECT count(*) FROM (SELECT person_id FROM issuance_card_of_record GROUP BY person_id"
                " HAVING count(*) FILTER (WHERE counts) <> 1) AS bad"
            )
            assert cursor.fetchone() == (0,), (seed, step, act)
    claims = snapshot()[1]
    entitlement.refresh(as_of=owed.claims_as_of(), **BY)
    assert snapshot()[1] == claims, seed


def perform(act, rng, keys):
    match act:
        case "settle":
            open_now = [row["case_no"] for row in queries.queue(state="open")]
            if open_now:
                done = settle(rng.choice(open_now), rng.choice(["same", "different"]))
                if done.second:
                    operations.sign(case_no=done.case_no, **OTHER)
        case "undo":
            settled = list(
                CaseStanding.objects.filter(state="settled").order_by("case_no").values_list("pk", flat=True)
            )
            if settled:
                operations.undo(case_no=rng.choice(settled), reason="wrong", **BY)
        case "merge":
            moved = persons.merge(groups=[[whose(k) for k in rng.sample(keys, 2)]], cause="linkage", **BY)
            entitlement.refresh(as_of=owed.claims_as_of(), persons=moved.persons, **BY)
        case "split":
            moved = persons.split(parts=[[rng.choice(keys)]], cause="linkage", **BY)
            entitlement.refresh(as_of=owed.claims_as_of(), persons=moved.persons, **BY)
        case "print":
            issuance.print_cards(office="3171", limit=1, **BY)
        case _:
            operations.open_cases(**BY)


@pytest.mark.parametrize("outcome", ["different", "same"])
def test_a_pair_that_linkage_leaves_to_a_person_withholds_the_later_card_until_it_is_settled(outcome):
    file(registration(0, recorded_on=date(2016, 8, 1)), registration(1, recorded_on=date(2016, 1, 1)))
    Match.objects.create(
        left_office="3171", left_id="R00000", right_office="3171", right_id="R00001", weight=3.5, pattern=7,
        decided="review", reason="", model=1, event_id=1,
    )  # fmt: skip
    entitlement.refresh(as_of=owed.claims_as_of(), **BY)
    later, earlier = whose(key(0)), whose(key(1))
    claims = {row[0]: (row[3], row[8]) for row in snapshot()[1]}
    assert claims == {later: ("duplicate_case", ["possible_double"]), earlier: ("print_ready", [])}
    assert owed.why(person_id=later, as_of=owed.claims_as_of())["claim"]["blocks"] == ("possible_double",)
    # Card by card it is the same.
    entitlement.refresh(as_of=owed.claims_as_of(), persons=[later], **BY)
    assert {row[0]: row[3] for row in snapshot()[1]}[later] == "duplicate_case"
    operations.open_cases(**BY)
    (row,) = queries.queue()
    assert (row["kind"], row["weight"]) == ("review", 3.5)
    before = snapshot()
    settle(row["case_no"], outcome)
    states = {claim[0]: claim[3] for claim in snapshot()[1]}
    assert list(states.values()) == ["print_ready"] * (2 if outcome == "different" else 1)
    assert operations.open_cases(**BY).opened == 0
    operations.undo(case_no=row["case_no"], reason="wrong", **BY)
    assert snapshot() == before
