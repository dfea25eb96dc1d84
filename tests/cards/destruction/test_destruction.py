"""Spoiled blanks and old cards are destroyed once, before two bodies, with photograph and paper; a hold stops it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from blanko.cards.counting import reconciling
from blanko.cards.custody import operations as custody
from blanko.cards.custody import queries as book
from blanko.cards.custody.rules import Condition, Key, Kind, Line, LineTwice
from blanko.cards.destruction import operations, papers, queries, rules
from blanko.cards.destruction.models import BatchBlanks, BatchStep, LegalHold
from blanko.cards.destruction.rules import LAWFUL, WitnessGiven
from blanko.ground.audit import operations as audit
from blanko.ground.audit.merkle import Facts
from blanko.ground.files import originals
from blanko.kernel.errors import BlankoError, InvalidValue

OFFICE, BY, SECOND, THIRD = "1871", "operator.1871", "kepala.1871", "kepala.pusat"
POLICE = WitnessGiven("Ipda Sari", "Polresta Bandar Lampung", "Kanit", "NRP 8001")
INSPECTOR = WitnessGiven("Budi Santoso", "Inspektorat Kota", "Auditor", "NIP 1977")
JPEG = b"\xff\xd8\xff\xe0" + b"fire" * 20
LINES = [Line("PB17", 1, 1, 10), Line("PB17", 2, 40, 44)]


def stocked(at, key):
    """Boxes 1 and 2 at the office: 1-6 of box 1 spoiled by the printer, 7-10 by water, 40-44 of box 2 when printed."""
    sent = custody.dispatch(
        consignment=[Line("PB17", n, 1, 50) for n in (1, 2)], from_office="00", to_office=OFFICE, key=key(),
        by="gudang.pusat", at=at,
    )  # fmt: skip
    custody.receive(movement=sent, by=BY, at=at)
    given = {"office": OFFICE, "by": BY, "at": at}
    custody.open_boxes(boxes=[("PB17", 1), ("PB17", 2)], key=key(), **given)
    for kind, before, after, line, reason, later in (
        (Kind.SPOILAGE, "good", "spoiled", Line("PB17", 1, 1, 6), "head of the printer", 0),
        (Kind.SPOILAGE, "good", "spoiled", Line("PB17", 1, 7, 10), "water", 3),
        (Kind.PERSONALISATION, "good", "personalised", Line("PB17", 2, 40, 44), "", 0),
        (Kind.SPOILAGE, "personalised", "spoiled", Line("PB17", 2, 40, 44), "chip does not answer", 5),
    ):
        custody.change(
            kind=kind, before=Condition(before), after=Condition(after), lines=[line], key=key(), reason=reason,
            **{**given, "at": at + timedelta(days=later)},
        )  # fmt: skip


class Office:
    """The calls of one office, with keys of their own."""

    def __init__(self, at, key, folder):
        self.at, self.key, self.folder = at + timedelta(days=30), key, folder

    def assemble(self, **given):
        usual = {"office": OFFICE, "lines": LINES, "method": "burned", "place": "Halaman kantor", "key": self.key()}
        return operations.assemble(**{**usual, "by": BY, "at": self.at, **given})

    def witness(self, batch, *witnesses):
        return [operations.add_witness(batch=batch, witness=w, by=BY, at=self.at) for w in witnesses]

    def photograph(self, batch, content=JPEG):
        path = self.folder / "fire.jpg"
        path.write_bytes(content)
        return operations.add_photograph(
            batch=batch, path=path, name="fire.jpg", data_dir=self.folder, by=BY, at=self.at
        )  # fmt: skip

    def ready(self, **given):
        batch = self.assemble(**given)
        self.witness(batch, POLICE, INSPECTOR)
        self.photograph(batch)
        return batch

    def destroy(self, batch, **given):
        usual = {"paper_no": "BA/1/2017", "counted_blanks": 15, "counted_cards": 0}
        return operations.destroy(**{"batch": batch, "by": BY, "at": self.at, **usual, **given})

    def old_card(self, number, **given):
        usual = {"kind": "ktp_el", "office": OFFICE, "reason": "replaced", "by": BY, "at": self.at}
        return operations.register_old_card(**{"number": number, **usual, **given})

    def hold(self, target, what, **given):
        usual = {"reason": "evidence", "paper": "LP/12", "key": self.key(), "by": SECOND, "second": THIRD}
        return operations.hold(**{"target": target, "what": what, "at": self.at, **usual, **given})

    def lift(self, hold, **given):
        usual = {"reason": "case closed", "by": SECOND, "second": THIRD, "at": self.at}
        operations.lift(**{"hold": hold, **usual, **given})


@pytest.fixture
def office(warehouse, tmp_path):
    stocked(warehouse.at, warehouse.key)
    return Office(warehouse.at, warehouse.key, tmp_path)


def test_the_register_knows_every_spoiled_blank_with_reason_age_and_office(office):
    rows = queries.spoiled(office=OFFICE)
    today = date(2017, 4, 27)
    assert [(r.box_no, r.first, r.last, r.reason, r.by, r.age(today)) for r in rows] == [
        (1, 1, 6, "head of the printer", BY, 31), (1, 7, 10, "water", BY, 28),
        (2, 40, 44, "chip does not answer", BY, 26),
    ]  # fmt: skip
    assert {r.lot for r in rows} == {"L-1"}
    assert queries.spoiled(office="1801") == []
    assert sum(r.quantity for r in queries.spoiled()) == 15 == book.balance_sheet()["spoiled"]


def issued(office, first, last):
    """Blanks of box 2 become cards in their holders' hands."""
    for kind, before, after in (
        (Kind.PERSONALISATION, Condition.GOOD, Condition.PERSONALISED),
        (Kind.ISSUANCE, Condition.PERSONALISED, Condition.ISSUED),
    ):
        custody.change(
            kind=kind, before=before, after=after, lines=[Line("PB17", 2, first, last)], office=OFFICE,
            key=office.key(), by=BY, at=office.at,
        )  # fmt: skip


def test_the_blank_of_an_old_card_is_destroyed_with_it_where_it_was_issued(office):
    issued(office, 1, 3)
    office.old_card("KL-1", serial="PB17-000002-0001")
    office.old_card("KL-2", serial="PB17-000002-0003", office="1801")
    batch = office.ready(cards=["KL-1"])
    office.destroy(batch, counted_cards=1)
    other = office.ready(lines=[], cards=["KL-2"], office="1801")
    assert office.destroy(other, counted_blanks=0, counted_cards=1, paper_no="BA/2/2017") == ""
    sheet = book.balance_sheet()
    assert (sheet["destroyed"], sheet["issued"]) == (15 + 2, 1)
    done = reconciling.reconcile(by="svc.custody", at=office.at, scope=OFFICE)
    assert done.holds
    assert (done.sheet.terms["destroyed"], done.sheet.terms["issued"]) == (17, 1)
    assert book.way_of("PB17-000002-0003")[-1]["papers"]["berita_acara"] == "BA/2/2017"


def test_an_old_card_whose_blank_nobody_was_handed_is_refused(office):
    office.old_card("KL-1", serial="PB17-000002-0020")
    with pytest.raises(rules.OldCardNotIssued, match="PB17-000002-0020"):
        office.assemble(cards=["KL-1"])


def test_a_box_under_hold_keeps_the_old_cards_that_were_made_of_it(office):
    issued(office, 1, 1)
    office.old_card("KL-1", serial="PB17-000002-0001")
    batch = office.ready(lines=[], cards=["KL-1"])
    office.hold("box", "PB17-000002")
    with pytest.raises(rules.Held):
        office.destroy(batch, counted_blanks=0, counted_cards=1)


def test_a_destruction_before_two_bodies_closes_the_balance_and_its_paper_names_every_serial(office):
    office.old_card("KL-1", serial="PB16-000001-0001")
    office.old_card("KL-2", kind="ktp_nasional")
    batch = office.ready(cards=["KL-2", "KL-1"])
    movement = office.destroy(batch, counted_cards=2)
    sheet = book.balance_sheet()
    assert (sheet["destroyed"], sheet["spoiled"]) == (15, 0)
    assert reconciling.reconcile(by="svc.custody", at=office.at).holds
    step = book.way_of("PB17-000002-0044")[-1]
    assert (step["kind"], step["movement"], step["papers"]["berita_acara"]) == ("destruction", movement, "BA/1/2017")
    found = queries.batch(batch)
    assert (found["state"], found["blanks"], found["old_cards"]) == ("destroyed", 15, 2)
    said = papers.berita_acara_data(found)
    assert [(row["first"], row["last"], row["blanks"]) for row in said["lines"]] == [
        ("PB17-000001-0001", "PB17-000001-0010", "10"), ("PB17-000002-0040", "PB17-000002-0044", "5"),
    ]  # fmt: skip
    assert [row["number"] for row in said["cards"]] == ["KL-1", "KL-2"]
    assert said["balance"] == {"before": "15", "after": "0"}
    assert said["blanks-words"] == "lima belas"
    assert [w["body"] for w in said["witnesses"]] == [POLICE.body, INSPECTOR.body]
    made = papers.berita_acara(batch)
    assert made.startswith(b"%PDF")
    assert papers.berita_acara(batch) == made
    assert queries.destroyed(office=OFFICE) == {"batches": 1, "blanks": 15, "old_cards": 2}
    assert queries.old_cards(office=OFFICE) == queries.spoiled(office=OFFICE) == []


def test_a_part_of_what_is_spoiled_leaves_the_rest_in_the_register(office):
    batch = office.ready(lines=[Line("PB17", 1, 5, 8)])
    assert [(r.first, r.last, bool(r.batch)) for r in queries.spoiled(office=OFFICE) if r.box_no == 1] == [
        (1, 4, False), (5, 6, True), (7, 8, True), (9, 10, False),
    ]  # fmt: skip
    office.destroy(batch, counted_blanks=4)
    assert book.balance_sheet()["spoiled"] == 11
    assert papers.berita_acara_data(queries.batch(batch))["balance"] == {"before": "15", "after": "11"}


def test_the_draft_is_printed_before_and_leaves_room_for_the_witnesses(office):
    batch = office.assemble()
    said = papers.berita_acara_data(queries.batch(batch))
    assert said["title"].startswith("Rancangan")
    assert [w["name"] for w in said["witnesses"]] == ["", ""]
    assert papers.berita_acara(batch).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("witnesses", "photo", "given", "refusal"),
    [
        ([], True, {}, rules.WitnessesMissing),
        ([POLICE], True, {}, rules.WitnessesMissing),
        (
            [POLICE, WitnessGiven("Ipda Dedi", "polresta, Bandar  Lampung", "", "NRP 2")],
            True,
            {},
            rules.WitnessesMissing,
        ),
        ([POLICE, INSPECTOR], False, {}, rules.PhotographMissing),
        ([POLICE, INSPECTOR], True, {"paper_no": " "}, rules.PaperNumberMissing),
        ([POLICE, INSPECTOR], True, {"counted_blanks": 14}, rules.CountedOtherwise),
        ([POLICE, INSPECTOR], True, {"counted_cards": 1}, rules.CountedOtherwise),
    ],
)
def test_without_its_papers_nothing_is_destroyed(office, witnesses, photo, given, refusal):
    batch = office.assemble()
    office.witness(batch, *witnesses)
    if photo:
        office.photograph(batch)
    before = (book.balance_sheet(), queries.batch(batch))
    with pytest.raises(refusal):
        office.destroy(batch, **given)
    assert (book.balance_sheet(), queries.batch(batch)) == before


@pytest.mark.parametrize(
    "unfit",
    [
        WitnessGiven("", "Polres", "", "x"), WitnessGiven("Ani", " - ", "", "x"),
        WitnessGiven("Ani", "Polres", "", " "), WitnessGiven("IPDA  sari", "Kejari", "", "x"),
    ],
)  # fmt: skip
def test_an_unfit_witness_is_refused(office, unfit):
    batch = office.assemble()
    office.witness(batch, POLICE)
    with pytest.raises(rules.WitnessUnfit):
        office.witness(batch, unfit)
    assert office.witness(batch, POLICE) == [1]


def test_nobody_witnesses_what_one_destroys(office):
    from blanko.ground.access import queries as access

    name = next(row["name"] for row in access.officers(office=OFFICE) if row["username"] == BY)
    with pytest.raises(rules.WitnessUnfit):
        office.witness(office.assemble(), WitnessGiven(name.upper(), "Dinas", "", "x"))


def test_a_photograph_is_kept_as_it_came_and_what_is_none_is_refused(office):
    batch = office.assemble()
    sha256 = office.photograph(batch)
    assert originals.place(sha256, store=office.folder / "originals").read_bytes() == JPEG
    assert originals.sha256_of(office.folder / "fire.jpg") == sha256 == queries.batch(batch)["photos"][0]["sha256"]
    assert office.photograph(batch) == sha256
    assert len(queries.batch(batch)["photos"]) == 1
    for content in (b"", b"MZ not a picture", b"%PDF-1.7"):
        with pytest.raises(rules.NoPhotograph):
            office.photograph(batch, content)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"lines": []}, rules.NothingToDestroy),
        ({"lines": [Line("PB17", 1, 10, 11)]}, rules.NotSpoiled),
        ({"lines": [Line("PB17", 9, 1, 50)]}, rules.NotSpoiled),
        ({"lines": [Line("PB17", 1, 1, 5), Line("PB17", 1, 5, 6)]}, LineTwice),
        ({"office": "1801"}, rules.NotSpoiled),
        ({"office": "9999"}, InvalidValue),
        ({"cards": ["KL-9"]}, rules.OldCardUnknown),
        ({"method": "sold"}, ValueError),
    ],
)
def test_what_is_not_spoiled_here_cannot_be_laid_aside(office, given, refusal):
    with pytest.raises(refusal):
        office.assemble(**given)
    assert queries.batches() == []


def test_a_blank_or_card_lies_in_one_batch_until_that_is_cancelled(office):
    office.old_card("KL-1")
    batch = office.assemble(cards=["KL-1"])
    with pytest.raises(rules.InAnotherBatch):
        office.assemble(lines=[Line("PB17", 1, 10, 10)])
    with pytest.raises(rules.InAnotherBatch):
        office.assemble(lines=[], cards=["KL-1"])
    with pytest.raises(rules.ReasonMissing):
        operations.cancel(batch=batch, reason=" ", by=BY, at=office.at)
    operations.cancel(batch=batch, reason="rain", by=BY, at=office.at)
    again = office.assemble(cards=["KL-1"])
    assert queries.batch(batch)["state"] == "cancelled"
    for call in (
        lambda: office.destroy(batch), lambda: office.witness(batch, POLICE), lambda: office.photograph(batch),
        lambda: operations.cancel(batch=batch, reason="again", by=BY, at=office.at),
    ):  # fmt: skip
        with pytest.raises(rules.BatchEnded):
            call()
    assert queries.batch(again)["state"] == "assembled"


@pytest.mark.parametrize("target", ["batch", "office", "box"])
def test_a_hold_of_two_officers_stops_a_destruction_until_two_lift_it(office, target):
    batch = office.ready()
    what = {"batch": batch, "office": OFFICE, "box": "PB17-000002"}[target]
    for second in (SECOND, "nobody", "svc.custody", ""):
        with pytest.raises(rules.TwoOfficersNeeded):
            office.hold(target, what, second=second)
    with pytest.raises(rules.ReasonMissing):
        office.hold(target, what, reason=" ")
    hold = office.hold(target, what)
    assert [h["hold"] for h in queries.batch(batch)["holds"]] == [hold]
    with pytest.raises(rules.Held):
        office.destroy(batch)
    with pytest.raises(rules.TwoOfficersNeeded):
        office.lift(hold, second=SECOND)
    with pytest.raises(rules.UnknownHold):
        office.lift("nobody:1")
    office.lift(hold)
    with pytest.raises(rules.HoldLifted):
        office.lift(hold)
    office.destroy(batch)
    assert book.balance_sheet()["destroyed"] == 15
    assert queries.holds() == []
    assert queries.holds(lifted=True)[0]["lifted"]["by"] == SECOND


def test_a_hold_on_something_else_stops_nothing(office):
    batch = office.ready()
    office.hold("box", "PB17-000003")
    office.hold("office", "1801")
    office.destroy(batch)


def test_every_message_that_is_sent_twice_acts_once(office):
    key = office.key()
    batch = office.assemble(key=key)
    assert office.assemble(key=key) == batch
    with pytest.raises(rules.BatchNameTaken):
        office.assemble(key=key, lines=[Line("PB17", 1, 1, 1)])
    office.witness(batch, POLICE, INSPECTOR)
    office.photograph(batch)
    assert office.destroy(batch) == office.destroy(batch)
    with pytest.raises(rules.BatchEnded):
        office.destroy(batch, paper_no="BA/2/2017")
    hold = office.key()
    assert office.hold("office", "1801", key=hold) == office.hold("office", "1801", key=hold)
    assert office.old_card("KL-1", serial="PB16-000001-0001")
    assert not office.old_card("KL-1", serial="PB16-000001-0001")
    for number, serial in (("KL-1", "PB16-000001-0002"), ("KL-2", "pb16-000001-0001 ")):
        with pytest.raises(rules.OldCardTwice), transaction.atomic():
            office.old_card(number, serial=serial)


def test_one_number_is_one_berita_acara(office):
    first, second = office.ready(lines=LINES[:1]), office.ready(lines=LINES[1:])
    office.destroy(first, counted_blanks=10)
    with pytest.raises(rules.PaperNumberMissing), transaction.atomic():
        office.destroy(second, counted_blanks=5)
    assert book.balance_sheet()["destroyed"] == 10


def test_blanks_that_left_are_not_destroyed_here(office):
    batch = office.ready()
    custody.dispatch(
        consignment=[Line("PB17", 2, 40, 44)], from_office=OFFICE, to_office="18", key=office.key(), by=BY,
        at=office.at, condition=Condition.SPOILED,
    )  # fmt: skip
    with pytest.raises(rules.NotSpoiled):
        office.destroy(batch)
    assert queries.batch(batch)["state"] == "assembled"
    assert book.balance_sheet()["destroyed"] == 0


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
    batch = office.ready()
    event = audit.record(operation="destruction.test", by=BY, at=office.at, facts=Facts.none())
    sha256 = queries.batch(batch)["photos"][0]["sha256"]
    lawful = {
        "batch": batch, "seq": 2, "before_seq": 1, "before": "assembled", "step": "destroy", "after": "destroyed",
        "reason": "", "paper_no": "BA/9", "witness_one": 1, "body_one": POLICE.body_key, "witness_two": 2,
        "body_two": INSPECTOR.body_key, "photo": sha256, "movement": "", "by": BY, "at": office.at, "event_id": event,
    }  # fmt: skip
    for constraint, changed in {
        "destruction_step_lawful": {"step": "assemble"},
        "destruction_step_before": {"seq": 3, "before_seq": 2},
        "destruction_step_follows": {"before_seq": None},
        "destruction_step_two_bodies": {"witness_two": 1, "body_two": POLICE.body_key},
        "destruction_step_witness_two": {"body_two": "another body"},
        "destruction_step_photo": {"photo": "0" * 64},
        "destruction_step_has_papers": {"photo": None},
    }.items():
        with Refuses(constraint):
            BatchStep.objects.create(**{**lawful, **changed})
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    with Refuses("destruction_blank_once"):
        BatchBlanks.objects.create(batch=batch, series="PB17", box_no=1, first=10, last=12, event_id=event)
    hold = {"hold": "h:1", "target": "batch", "office": "", "batch": batch, "series": "", "reason": "x", "paper": "",
            "at": office.at, "event_id": event}  # fmt: skip
    with Refuses("destruction_hold_two_officers"):
        LegalHold.objects.create(by=BY, second=BY, **hold)
    LegalHold.objects.create(by=BY, second=SECOND, **hold)
    with Refuses("destruction_held"):
        BatchStep.objects.create(**lawful)
    office.lift("h:1")
    BatchStep.objects.create(**lawful)


def test_the_database_keeps_the_table_of_lawful_steps(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT before, step, after FROM destruction_lawful")
        assert set(cursor.fetchall()) == {(str(b), str(s), str(a)) for b, s, a in LAWFUL}


def test_every_step_is_sealed(office):
    office.old_card("KL-1")
    batch = office.ready(cards=["KL-1"])
    office.lift(office.hold("batch", batch))
    office.destroy(batch, counted_cards=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, operation FROM audit_event WHERE operation LIKE 'destruction.%%' ORDER BY id")
        events = cursor.fetchall()
    assert {name for _number, name in events} == {
        "destruction.register_old_card", "destruction.assemble", "destruction.witness", "destruction.photograph",
        "destruction.hold", "destruction.lift", "destruction.destroy",
    }  # fmt: skip
    assert all(audit.verify(number).holds for number, _name in events)


@pytest.fixture
def committed(fresh_database, acting_as, accept, tmp_path):
    from cards.conftest import AT

    keys = count(1)
    key = lambda: Key("test", next(keys))  # noqa: E731
    with acting_as("svc.custody"):
        accept(rejected={13: "wet"})
        custody.receive_lot(lot_no="L-1", by="gudang.pusat", at=AT)
        stocked(AT, key)
    return SimpleNamespace(office=Office(AT, key, tmp_path), acting=acting_as)


def at_once(acting_as, calls):
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(10)
            with acting_as("svc.custody"):
                return call()
        except BlankoError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_who_lay_the_same_blanks_aside_at_once_one_does(committed):
    done = at_once(committed.acting, [committed.office.assemble] * 3)
    assert sum(isinstance(item, str) for item in done) == 1
    assert sum(isinstance(item, rules.InAnotherBatch) for item in done) == 2


def test_a_batch_that_two_destroy_at_once_is_destroyed_once(committed):
    with committed.acting("svc.custody"):
        batch = committed.office.ready()
    calls = [lambda n=n: committed.office.destroy(batch, paper_no=f"BA/{n}") for n in range(2)]
    done = at_once(committed.acting, calls)
    assert sorted(type(item).__name__ for item in done) == ["BatchEnded", "str"]
    assert book.balance_sheet()["destroyed"] == 15


def test_a_hold_and_a_destruction_at_once_are_one_after_the_other(committed):
    with committed.acting("svc.custody"):
        batch = committed.office.ready()
    held, done = at_once(
        committed.acting, [lambda: committed.office.hold("batch", batch), lambda: committed.office.destroy(batch)]
    )
    state = queries.batch(batch)["state"]
    assert isinstance(held, str)
    assert (state, book.balance_sheet()["destroyed"]) == (
        ("assembled", 0) if isinstance(done, rules.Held) else ("destroyed", 15)
    )  # fmt: skip


def test_a_destruction_that_is_cut_off_destroyed_nothing(committed):
    with committed.acting("svc.custody"):
        batch = committed.office.ready()
    before = (book.balance_sheet(), queries.batch(batch))

    class CutOffError(Exception):
        pass

    def cut_off():
        with committed.acting("svc.custody"):
            committed.office.destroy(batch)
            raise CutOffError

    with pytest.raises(CutOffError):
        cut_off()
    assert (book.balance_sheet(), queries.batch(batch)) == before
    with committed.acting("svc.custody"):
        committed.office.destroy(batch)
