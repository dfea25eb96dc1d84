"""Jobs that fail, cards that travel, turns that are named: no blank is made or lost, and no person is owed twice."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta

import pytest
from cards.issuance.test_cards import AT, BY, DAY, OFFICE, OPERATOR, load_people, send_boxes, status_of
from django.db import Error, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st
from records.filed import application, nik, put, registration

from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as held
from blanko.cards.custody.rules import Key, KeyReused, SamePersonBothEnds
from blanko.cards.destruction import queries as destruction
from blanko.cards.issuance import operations, ordering, queries, rules
from blanko.cards.issuance.models import ActiveCard, Card, CardStep
from blanko.cards.suket import operations as suket
from blanko.ground.audit import operations as audit
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed
from blanko.records.registry import operations as registry

ELSEWHERE, THERE = "3172", {"by": "operator.3172", "at": AT}


@pytest.fixture
def office(warehouse):
    send_boxes(2)
    load_people(12)
    return OFFICE


def first_nik():
    """The NIK of who is next: the last of load_people waits for longest."""
    return queries.queue(office=OFFICE, on=DAY)[0]["nik"]


def job_of(office, **given):
    (job,) = operations.send_to_printer(office=office, key=Key("printer", given.pop("sequence", 1)), **BY, **given)
    return job


# --- jobs and the printer


def test_a_job_takes_its_blank_and_its_person_until_the_printer_has_done(office):
    job = job_of(office)
    record = Card.objects.filter(serial=job["serial"])
    assert not record.exists()
    assert held.places(job["serial"])[0]["condition"] == "good"
    assert queries.jobs(office=office)[0]["job"] == job["job"]
    assert job["person_id"] not in [row["person_id"] for row in queries.queue(office=office, on=DAY)]
    others = operations.print_cards(office=office, limit=3, **BY)
    assert job["serial"] not in others, "the blank in the printer is not used for another person"
    assert operations.finish_job(job=job["job"], **BY) == job["serial"]
    assert operations.finish_job(job=job["job"], **BY) == job["serial"], "said twice, done once"
    assert held.places(job["serial"])[0]["condition"] == "personalised"
    assert status_of(record.get().record_id) == "CARD_PRINTED"
    assert held.balance_sheet()["personalised"] == 4


def test_a_failed_job_that_left_its_blank_good_gives_it_back(office):
    job = job_of(office)
    assert status_of("R00011") == "SENT_FOR_CARD_PRINTING"
    operations.fail_job(job=job["job"], fault="power", blank="good", **BY)
    operations.fail_job(job=job["job"], fault="power", blank="good", **BY)
    assert held.balance_sheet()["spoiled"] == 0
    assert status_of("R00011") == "PRINT_READY_RECORD"
    assert operations.print_cards(office=office, limit=1, **BY) == [job["serial"]], "same person, same blank"
    assert queries.card(job["serial"])["person_id"] == job["person_id"]
    with pytest.raises(rules.JobEnded):
        operations.finish_job(job=job["job"], **BY)


def test_a_failed_job_that_spoiled_its_blank_leaves_the_person_first_in_the_queue(office):
    job = job_of(office)
    operations.fail_job(job=job["job"], fault="misprint", blank="spoiled", note="grey photograph", **BY)
    assert held.balance_sheet()["spoiled"] == 1
    (again,) = operations.print_cards(office=office, limit=1, **BY)
    assert again != job["serial"]
    assert queries.card(again)["person_id"] == job["person_id"]
    assert queries.job(job["job"])["note"] == "grey photograph"


def test_the_same_key_sends_the_same_jobs_and_no_other_office_may_use_it(office):
    first = operations.send_to_printer(office=office, key=Key("p", 7), limit=2, **BY)
    assert operations.send_to_printer(office=office, key=Key("p", 7), limit=2, **BY) == first
    with pytest.raises(KeyReused):
        operations.send_to_printer(office=ELSEWHERE, key=Key("p", 7), **THERE)
    with pytest.raises(rules.UnknownJob):
        operations.finish_job(job="nobody's:1/1", **BY)


def test_the_database_takes_no_second_blank_before_the_first_is_accounted_for(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    job = job_of(office)
    for of_card in (serial, job["serial"]):
        for change in ("UPDATE issuance_active_card SET serial = 'PB17-000009-0001' WHERE serial = %s",
                       "DELETE FROM issuance_active_card WHERE serial = %s"):  # fmt: skip
            with pytest.raises(Error, match="not accounted for"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change, [of_card])
    assert ActiveCard.objects.count() == 2


# --- turns


def test_printing_out_of_turn_needs_a_named_reason_and_is_counted(office):
    last = queries.queue(office=office, on=DAY)[-1]["nik"]
    with pytest.raises(rules.NotNext, match="11 persons wait longer"):
        operations.print_for(nik=last, office=office, **BY)
    with pytest.raises(ValueError, match="friend"):
        operations.print_for(nik=last, office=office, turn="friend", **BY)
    assert not Card.objects.exists()
    serial = operations.print_for(nik=last, office=office, turn="medical", note="operation tomorrow", **BY)
    operations.print_for(nik=first_nik(), office=office, **BY)
    assert (queries.card(serial)["turn"], queries.card(serial)["passed_over"]) == ("medical", 11)
    assert queries.turns(first=DAY, last=DAY) == [
        {"office": office, "turn": "medical", "cards": 1, "passed_over": 11},
        {"office": office, "turn": "queue", "cards": 1, "passed_over": 0},
    ]


def test_who_is_owed_nothing_here_is_not_printed_for(office):
    with pytest.raises(LookupError):
        operations.print_for(nik=nik(99), office=office, **BY)
    with pytest.raises(rules.NothingOwed):
        operations.print_for(nik=nik(3), office=ELSEWHERE, **THERE)


def test_an_office_that_prints_on_collection_prints_for_who_is_there(office):
    ordering.set_office(office=office, prints="collection", reason="120,000 cards were never collected", **BY)
    with pytest.raises(rules.PrintsOnCollection):
        operations.print_cards(office=office, limit=1, **BY)
    serial = operations.print_for(nik=nik(3), office=office, key=Key("counter", 1), **BY)
    assert operations.print_for(nik=nik(3), office=office, key=Key("counter", 1), **BY) == serial
    assert (queries.card(serial)["turn"], queries.card(serial)["passed_over"]) == ("collection", 0)
    ordering.set_office(office=office, prints="queue", reason="back to the queue", **BY)
    assert len(operations.print_cards(office=office, limit=2, **BY)) == 2
    with pytest.raises(rules.ReasonMissing):
        ordering.set_office(office=office, prints="queue", reason=" ", **BY)


def test_a_suket_changes_the_order_from_the_day_of_a_published_version_on(office):
    queue = [row["person_id"] for row in queries.queue(office=office, on=DAY)]
    suket.issue(person_id=queue[5], office=office, **BY)
    suket.issue(person_id=queue[9], office=office, **BY)
    assert [row["person_id"] for row in queries.queue(office=office, on=DAY)] == queue
    version = ordering.publish_rule(since=DAY + timedelta(days=1), suket="first", source="SE 470/1", **BY)
    assert [row["person_id"] for row in queries.queue(office=office, on=DAY)] == queue, "not before its day"
    after = [row["person_id"] for row in queries.queue(office=office, on=DAY + timedelta(days=1))]
    assert after == [queue[5], queue[9], *(person for person in queue if person not in (queue[5], queue[9]))]
    (serial,) = operations.print_cards(office=office, limit=1, by=OPERATOR, at=AT + timedelta(days=1))
    card = queries.card(serial)
    assert (card["person_id"], card["rule"], card["passed_over"]) == (queue[5], version, 0)
    with pytest.raises(rules.NotNext, match="2 persons wait longer"):
        # The other holder, and the first of the rest.
        person = queries.queue(office=office, on=DAY + timedelta(days=1))[2]["nik"]
        operations.print_for(nik=person, office=office, by=OPERATOR, at=AT + timedelta(days=1))


def test_an_order_is_never_changed_behind_what_was_printed(office):
    with pytest.raises(rules.RuleNotAhead):
        ordering.publish_rule(since=DAY - timedelta(days=1), suket="first", source="SE 470/1", **BY)
    assert ordering.publish_rule(since=DAY, suket="first", source="SE 470/1", **BY) == 1
    with pytest.raises(rules.RuleNotAhead):
        ordering.publish_rule(since=DAY, suket="none", source="SE 470/2", **BY)
    with pytest.raises(rules.ReasonMissing):
        ordering.publish_rule(since=DAY + timedelta(days=1), suket="none", source=" ", **BY)
    assert ordering.publish_rule(since=DAY + timedelta(days=1), suket="none", source="SE 470/2", **BY) == 2


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3), st.integers(0, 9)), max_size=8),
    st.sampled_from(list(rules.SuketEffect)),
)
def test_a_place_in_the_queue_is_one_total_order(people, effect):
    rule = rules.Rule(1, DAY, effect, "SE")
    keys = [
        rules.queue_key(
            rule=rule, deadline=DAY + timedelta(days=d) if d else None, holds_suket=s,
            print_ready_since=DAY - timedelta(days=r), record_id=f"R{n}", office=OFFICE,
        )
        for d, s, r, n in people
    ]  # fmt: skip
    ordered = sorted(keys)
    assert [key[0] for key in ordered] == sorted(key[0] for key in keys), "the deadline class comes first"
    if effect is rules.SuketEffect.NONE:
        assert len({key[1] for key in keys}) <= 1, "a suket changes nothing"


def test_the_national_queue_and_the_rule_agree(office):
    put(registrations=[registration(n, recorded_office=ELSEWHERE, village_code="3172011001",
                                    status_since=date(2016, 10, 1)) for n in (40, 41)])  # fmt: skip
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY, by="svc.registry", at=AT)
    ordering.publish_deadlines(
        deadlines=[{"regency": OFFICE, "deadline": DAY + timedelta(days=15), "published_on": DAY, "source": "KPU"}],
        **BY,
    )  # fmt: skip
    ordering.publish_rule(since=DAY, suket="first", source="SE 470/1", **BY)
    suket.issue_bulk(office=OFFICE, limit=4, **BY)
    rows = queries.national_queue(on=DAY)
    rule, due = queries.rule_on(DAY), queries.deadlines(DAY)
    assert [row["person_id"] for row in rows] == [
        row["person_id"]
        for row in sorted(
            rows,
            key=lambda row: rules.queue_key(
                rule=rule, deadline=due.get(row["regency"]), holds_suket=row["holds_suket"],
                print_ready_since=row["print_ready_since"], record_id=row["record_id"], office=row["recorded_office"],
            ),
        )
    ]  # fmt: skip
    assert [row["regency"] for row in rows] == [OFFICE] * 12 + [ELSEWHERE] * 2
    local = [row["person_id"] for row in queries.queue(office=OFFICE, on=DAY)]
    assert local == [row["person_id"] for row in rows if row["regency"] == OFFICE]


# --- hand-over


@pytest.mark.parametrize("missing", ["receiver", "relation", "document"])
def test_somebody_else_than_the_holder_is_named_in_full(office, missing):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    full = {"receiver": "SITI", "relation": "family", "document": "KK 3171"}
    with pytest.raises(rules.NotAuthorised):
        operations.hand_over(cards=[serial], to="authorised", checked="letter", **{**full, missing: ""}, **BY)
    operations.hand_over(cards=[serial], to="authorised", checked="letter", **full, **BY)


def test_an_old_card_is_registered_for_destruction_once(office):
    first, second, third = operations.print_cards(office=office, limit=3, **BY)
    old = operations.OldCardBack(serial="KTPEL-000001-0001")
    operations.hand_over(cards=[first], to="holder", checked="face", old_card=old, **BY)
    (found,) = queries.old_cards(office=office)
    assert (found["serial"], found["replaced_by"], found["reason"]) == ("KTPEL-000001-0001", first, "replaced")
    with pytest.raises(rules.GivenBackBefore), transaction.atomic():
        operations.hand_over(cards=[second], to="holder", checked="face", old_card=old, **BY)
    operations.hand_over(cards=[third], to="holder", checked="face", old_card=operations.OldCardBack(), **BY)
    number = operations.give_back(office=office, person_id=queries.card(second)["person_id"], **BY)
    assert {row["number"] for row in queries.old_cards(office=office)} >= {number}
    waiting = destruction.old_cards(office=office)
    assert {row["number"] for row in waiting} == {row["number"] for row in queries.old_cards(office=office)}
    assert len(queries.old_cards(office=office)) == 3


def test_uncollected_cards_are_counted_by_age(office):
    operations.print_cards(office=office, limit=3, **BY)
    operations.print_cards(office=office, limit=2, by=OPERATOR, at=AT + timedelta(days=10))

    def counted(days):
        rows = queries.uncollected_by_age(at=AT + timedelta(days=days), office=office)
        return {(row["days_from"], row["days_to"]): row["cards"] for row in rows}

    assert counted(7.9) == {(0, 7): 5}
    assert counted(10) == {(8, 30): 3, (0, 7): 2}
    assert counted(182) == {(181, None): 3, (91, 180): 2}
    assert queries.uncollected(office=office)[0]["nik"]


@given(st.floats(-3, 400))
def test_each_age_has_one_band(days):
    start, end = rules.age_of(AT, AT + timedelta(days=days))
    assert start <= max(int(days), 0)
    assert end is None or int(days) <= end


# --- transfer


def test_a_printed_card_travels_and_is_handed_over_where_it_arrived(office):
    first, second = operations.print_cards(office=office, limit=2, **BY)
    key = Key("ship", 1)
    movement = operations.ship(cards=[first], office=office, to_office=ELSEWHERE, key=key, **BY)
    assert operations.ship(cards=[first], office=office, to_office=ELSEWHERE, key=key, **BY) == movement
    assert status_of(queries.card(first)["record_id"]) == "CARD_SHIPPED"
    with pytest.raises(rules.CardOnTheWay):
        operations.hand_over(cards=[first], to="holder", checked="face", **THERE)
    with pytest.raises(SamePersonBothEnds):
        operations.arrive(movement=movement, **BY)
    assert operations.arrive(movement=movement, **THERE) == 1
    assert operations.arrive(movement=movement, **THERE) == 0, "said twice, done once"
    assert [row["serial"] for row in queries.uncollected(office=ELSEWHERE)] == [first]
    assert [row["serial"] for row in queries.uncollected(office=office)] == [second]
    with pytest.raises(rules.CardElsewhere):
        operations.hand_over(cards=[first], to="holder", checked="face", office=office, **BY)
    operations.hand_over(cards=[first], to="holder", checked="face", office=ELSEWHERE, **THERE)
    assert status_of(queries.card(first)["record_id"]) == "CARD_ISSUED"
    assert [step["step"] for step in queries.card(first)["steps"]] == ["printed", "shipped", "arrived", "issued"]
    sheet = held.balance_sheet()
    assert sheet.pop("received") == sum(sheet.values())


def test_a_card_that_the_warehouse_took_over_arrives_too(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    movement = operations.ship(cards=[serial], office=office, to_office=ELSEWHERE, key=Key("ship", 2), **BY)
    with pytest.raises(rules.CardOnTheWay):
        operations.hand_over(cards=[serial], to="holder", checked="face", office=ELSEWHERE, **THERE)
    custody.receive(movement=movement, by="operator.3172", at=AT)
    operations.hand_over(cards=[serial], to="holder", checked="face", office=ELSEWHERE, **THERE)
    assert [step["step"] for step in queries.card(serial)["steps"]] == ["printed", "shipped", "arrived", "issued"]


def test_a_shipment_that_the_warehouse_took_over_is_written_down_once(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    movement = operations.ship(cards=[serial], office=office, to_office=ELSEWHERE, key=Key("ship", 5), **BY)
    custody.receive(movement=movement, by="operator.3172", at=AT)
    assert operations.arrive(movement=movement, **THERE) == 1
    assert operations.arrive(movement=movement, **THERE) == 0
    assert queries.uncollected(office=ELSEWHERE)[0]["serial"] == serial


def test_a_shipped_card_may_travel_again(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    there = operations.ship(cards=[serial], office=office, to_office=ELSEWHERE, key=Key("ship", 3), **BY)
    operations.arrive(movement=there, **THERE)
    back = operations.ship(cards=[serial], office=ELSEWHERE, to_office=office, key=Key("ship", 4), **THERE)
    operations.arrive(movement=back, **BY)
    operations.hand_over(cards=[serial], to="holder", checked="face", office=office, **BY)


def test_a_lost_card_is_missing_and_its_person_owed(office):
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    with pytest.raises(rules.ReasonMissing):
        operations.report_lost(cards=[serial], reason=" ", **BY)
    operations.report_lost(cards=[serial], reason="drawer was empty", **BY)
    assert held.balance_sheet()["missing"] == 1
    with pytest.raises(rules.CardEnded):
        operations.hand_over(cards=[serial], to="holder", checked="face", **BY)
    (again,) = operations.print_cards(office=office, limit=1, **BY)
    assert queries.card(again)["person_id"] == queries.card(serial)["person_id"]


# --- replacements


@pytest.mark.parametrize(("cause", "counts_again"), [("change_of_element", True), ("loss", False)])
def test_a_spoiled_replacement_leaves_the_card_that_the_holder_has_as_the_one_that_counts(office, cause, counts_again):
    (first,) = operations.print_cards(office=office, limit=1, **BY)
    operations.hand_over(cards=[first], to="holder", checked="face", **BY)
    person, asked = queries.card(first)["person_id"], DAY + timedelta(days=1)
    put(applications=[application(11, cause=cause, applied_on=asked)])
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=asked, by="svc.registry", at=AT)
    second = operations.print_for(nik=nik(11), office=office, turn="departure", **BY)
    assert queries.card(second)["cause"] == cause
    assert ActiveCard.objects.get(person_id=person).serial == second
    operations.spoil(cards=[second], reason="torn", **BY)
    left = ActiveCard.objects.filter(person_id=person).values_list("serial", "state")
    assert list(left) == ([(first, "issued")] if counts_again else [])
    third = operations.print_for(nik=nik(11), office=office, turn="departure", **BY)
    assert ActiveCard.objects.get(person_id=person).serial == third


# --- the claims that follow


def test_claims_that_follow_card_by_card_are_those_of_a_refresh_of_all(office):
    serials = operations.print_cards(office=office, limit=6, **BY)
    operations.spoil(cards=serials[:1], reason="torn", **BY)
    operations.hand_over(cards=serials[1:3], to="holder", checked="face", **BY)
    operations.ship(cards=serials[3:4], office=office, to_office=ELSEWHERE, key=Key("ship", 9), **BY)
    job = job_of(office)
    operations.fail_job(job=job["job"], fault="jam", blank="spoiled", **BY)
    job_of(office, sequence=2)
    assert entitlement.refresh(as_of=DAY, by="svc.registry", at=AT).changed == 0
    assert entitlement.refresh(as_of=DAY, by="svc.registry", at=AT).ended == 0


def test_the_record_that_carries_the_card_follows_where_a_person_has_several(warehouse):
    send_boxes(1)
    twins = [registration(n, nik=nik(1), name="BUDI B1") for n in (1, 2)]
    put(registrations=twins)
    registry.take_in(by="svc.registry", at=AT)
    entitlement.refresh(as_of=DAY, by="svc.registry", at=AT)
    (serial,) = operations.print_cards(office=OFFICE, limit=5, **BY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_id, status FROM registry_record_current WHERE is_lead")
        assert cursor.fetchall() == [(queries.card(serial)["record_id"], "CARD_PRINTED")]
    assert operations.print_cards(office=OFFICE, limit=5, **BY) == []
    assert entitlement.refresh(as_of=DAY, by="svc.registry", at=AT).changed == 0


def test_every_event_of_the_deeper_steps_seals_its_rows(office):
    serials = operations.print_cards(office=office, limit=4, **BY)
    operations.report_lost(cards=serials[:1], reason="gone", **BY)
    movement = operations.ship(cards=serials[1:3], office=office, to_office=ELSEWHERE, key=Key("s", 1), **BY)
    operations.arrive(movement=movement, **THERE)
    operations.hand_over(cards=serials[3:], to="holder", checked="face", old_card=operations.OldCardBack(), **BY)
    operations.finish_job(job=job_of(office)["job"], **BY)
    operations.fail_job(job=job_of(office, sequence=2)["job"], fault="chip", blank="spoiled", **BY)
    ordering.publish_rule(since=DAY, suket="first", source="SE", **BY)
    ordering.set_office(office=office, prints="collection", reason="few come", **BY)
    ordering.publish_deadlines(deadlines=[{"regency": OFFICE, "deadline": DAY, "published_on": DAY, "source": "KPU"}],
                               **BY)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, operation FROM audit_event WHERE operation LIKE 'issuance.%%'")
        events = cursor.fetchall()
    assert len({operation for _event, operation in events}) == 11
    assert [event for event, _operation in events if not audit.verify(event).holds] == []


def test_the_rule_and_the_database_allow_the_same_steps():
    pairs = {("", "printed")} | {(str(a), str(b)) for a, after in rules.FOLLOWS.items() for b in after}
    import re
    from pathlib import Path

    text = (Path(rules.__file__).parent / "sql" / "schema.sql").read_text(encoding="utf-8")
    listed = text.partition("issuance_step_follows")[2].partition(";")[0]
    assert set(re.findall(r"\('(\w*)', '(\w+)'\)", listed)) == pairs


# --- two clerks at once, and a crash between


def clerks(*jobs):
    """Run each job in a thread and a connection of its own; return what each raised, None for nothing."""
    raised = [None] * len(jobs)

    def run(place, job):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - whatever it raised is looked at
            raised[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def committed(fresh_database, acting_as, accept):
    with acting_as("svc.issuance"):
        accept(boxes=5)
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        send_boxes(2)
        load_people(40)
    return acting_as


def test_two_clerks_print_different_cards_down_one_queue(committed):
    queue = [row["person_id"] for row in queries.queue(office=OFFICE, on=DAY)]

    def clerk():
        for _ in range(10):
            with committed(OPERATOR):
                operations.print_cards(office=OFFICE, limit=1, **BY)

    assert clerks(clerk, clerk) == [None, None]
    printed = list(Card.objects.order_by("event_id").values_list("person_id", "serial"))
    assert [person for person, _serial in printed] == queue[:20]
    assert len({serial for _person, serial in printed}) == 20
    assert owed.backlog(area=OFFICE).print_ready == 20


def test_two_clerks_who_scan_one_card_hand_it_over_once(committed):
    with committed(OPERATOR):
        serials = operations.print_cards(office=OFFICE, limit=10, **BY)

    def clerk(order):
        def job():
            for serial in order:
                try:
                    with committed(OPERATOR):
                        operations.hand_over(cards=[serial], to="holder", checked="face", **BY)
                except rules.CardEnded as error:
                    refused.append(error)

        return job

    refused: list[Exception] = []
    assert clerks(clerk(serials), clerk(serials[::-1])) == [None, None]
    assert len(refused) == 10
    assert Counter(CardStep.objects.values_list("step", flat=True)) == {"printed": 10, "issued": 10}
    assert held.balance_sheet()["issued"] == 10


def test_of_spoiling_and_handing_over_one_card_at_once_one_is_done(committed):
    with committed(OPERATOR):
        serials = operations.print_cards(office=OFFICE, limit=6, **BY)
    for serial in serials:

        def spoil(serial=serial):
            with committed(OPERATOR):
                operations.spoil(cards=[serial], reason="torn", **BY)

        def give(serial=serial):
            with committed(OPERATOR):
                operations.hand_over(cards=[serial], to="holder", checked="face", **BY)

        raised = clerks(spoil, give)
        assert sum(isinstance(error, rules.CardEnded) for error in raised) == 1, raised
    sheet = held.balance_sheet()
    assert sheet["issued"] + sheet["spoiled"] == 6


def test_a_printer_that_ends_twice_at_once_ends_once(committed):
    with committed(OPERATOR):
        job = job_of(OFFICE)

    def finish():
        with committed(OPERATOR):
            operations.finish_job(job=job["job"], **BY)

    def fail():
        with committed(OPERATOR):
            operations.fail_job(job=job["job"], fault="jam", blank="spoiled", **BY)

    raised = clerks(finish, fail)
    assert sum(isinstance(error, rules.JobEnded) for error in raised) == 1, raised
    sheet = held.balance_sheet()
    assert sheet["personalised"] + sheet["spoiled"] == 1


@pytest.mark.parametrize("where", ["entitlement.decided", "suket.end_by_cards"])
def test_a_crash_between_two_statements_leaves_nothing_half_done(office, monkeypatch, where):
    (person,) = [row["person_id"] for row in queries.queue(office=office, on=DAY, limit=1)]
    suket.issue(person_id=person, office=office, **BY)
    (serial,) = operations.print_cards(office=office, limit=1, **BY)
    before = (held.balance_sheet(), queries.follow(serial), ActiveCard.objects.values().get())
    room, _, name = where.partition(".")
    module = {"entitlement": entitlement, "suket": suket}[room]

    def crash(**_):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(module, name, crash)
    with pytest.raises(RuntimeError), transaction.atomic():
        operations.hand_over(cards=[serial], to="holder", checked="face", **BY)
    assert (held.balance_sheet(), queries.follow(serial), ActiveCard.objects.values().get()) == before
