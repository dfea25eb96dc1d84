"""Records are keyed, compared and made persons step by step; the counter says what the batch says."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from records.filed import put

from blanko.engines.linkage.blocks import WINDOW
from blanko.engines.linkage.frozen import from_bytes
from blanko.ground.audit import operations as audit
from blanko.records.registry import adopting, checking, keying, matching, operations, queries, verdicts
from blanko.records.registry.models import Keyed, LinkageModel, Match, Record, Unkeyed
from blanko.records.registry.verdicts import Judged
from tests.engines.linkage.records import batch_of, crowd, nation, registrations

pytestmark = pytest.mark.django_db
AT = datetime(2017, 4, 4, 2, tzinfo=UTC)
BY = {"by": "svc.registry", "at": AT}
CAP = 5
VILLAGE = "3171011001"


@pytest.fixture(autouse=True)
def acting(db, acting_as):
    with acting_as("svc.registry"):
        yield


def filed(row, number, **changes):
    """A row of the synthetic nation as a registration."""
    kept = {name: row.get(name) or None for name in checking.FIELDS}
    kept["village_code"] = row["village_code"] or VILLAGE
    return {**kept, "recorded_office": "3171", "record_id": f"R{number:03d}", **changes}


def people(seed):
    records, draw, taken = crowd(seed)
    return [filed(row, k) for k, row in enumerate(records)], draw, taken


def as_batch(rows):
    return [{**row, "record_id": f"{row['recorded_office']}/{row['record_id']}"} for row in rows]


def persons():
    groups = {}
    for office, record, person in Record.objects.values_list("recorded_office", "record_id", "person_id"):
        groups.setdefault(person, set()).add(f"{office}/{record}")
    return {frozenset(group) for group in groups.values()}


def kept():
    return {
        (f"{m.left_office}/{m.left_id}", f"{m.right_office}/{m.right_id}"): (m.weight, m.pattern, m.decided, m.reason)
        for m in Match.objects.all()
    }


def key_of(row):
    return row["recorded_office"], row["record_id"]


@pytest.mark.parametrize("seed", range(6))
def test_every_order_of_files_and_corrections_ends_in_the_batch(adopted, frozen, tmp_path, seed):
    rows, draw, taken = people(seed)
    coming = [[row] for row in rows]
    for at in draw.sample(range(len(rows)), 4):
        coming[at].insert(0, filed(draw.choice(taken), int(rows[at]["record_id"][1:])))
    while coming:
        lines = draw.sample(coming, min(len(coming), draw.choice((1, 3, 9))))
        put(registrations=[line.pop(0) for line in lines])
        coming = [line for line in coming if line]
        operations.take_in(**BY)
        if draw.random() < 0.7:
            matching.resolve(**BY, cap=CAP, most=draw.choice((2, 100)))
    while matching.resolve(**BY, cap=CAP, most=4).records:
        pass
    expected_persons, expected_pairs = batch_of(frozen, tmp_path, as_batch(rows), cap=CAP, window=WINDOW)
    assert kept() == expected_pairs
    assert persons() == expected_persons
    again = matching.resolve(**BY, cap=CAP)
    assert (again.records, again.pairs, again.dropped, again.moved, again.waiting) == (0, 0, 0, 0, 0)


def test_the_counter_agrees_with_the_batch_on_every_pair(adopted):
    rows, _, _ = people(2)
    put(registrations=rows)
    operations.take_in(**BY)
    matching.resolve(**BY)
    pairs = kept()
    assert pairs
    seen = set()
    for row in rows:
        answer = checking.check(row, key=key_of(row))
        own = f"3171/{row['record_id']}"
        for each in answer.candidates:
            pair = tuple(sorted((own, f"{each.recorded_office}/{each.record_id}")))
            if pair in pairs:
                assert each.weight == pairs[pair][0]
                seen.add(pair)
            assert sum(part.bits for part in each.parts) == pytest.approx(each.weight, abs=1e-9)
    assert seen == set(pairs)


def test_an_applicant_is_new_the_same_or_uncertain(adopted):
    table = registrations(nation(400, 9)).to_pylist()
    rows = [filed({k: v and str(v) for k, v in row.items()}, n) for n, row in enumerate(table[:40])]
    put(registrations=rows)
    operations.take_in(**BY)
    before = checking.check(rows[3])
    assert (before.answer, before.candidates) == ("new", ())
    assert keying.waiting() == (len(rows), AT)
    matching.resolve(**BY)
    checking._COUNTED.clear()
    same = checking.check(rows[3])
    assert (same.answer, same.unkeyed) == ("same", 0)
    assert same.person_id == queries.resolve_record(recorded_office="3171", record_id="R003")
    assert same.candidates[0].weight > 6
    stranger = {**rows[3], "name": "Qwertz Uiop", "nik": None, "mother_name": "Asdf", "birth_date": "1931-02-03"}
    assert checking.check({**stranger, "family_card_no": None}).answer == "new"
    clash = checking.check({**rows[3], "name": "Qwertz Uiop"})
    assert (clash.answer, clash.candidates[0].reason) == ("uncertain", "nik_clash")
    with pytest.raises(checking.NothingToCompare):
        checking.check({"nik": rows[3]["nik"]})


def test_a_block_above_the_cap_is_said_and_its_neighbours_are_found(adopted):
    row = {"name": "SITI RAHAYU", "birth_date": "1980-05-07", "village_code": VILLAGE, "sex": "P"}
    put(registrations=[filed(row, n, mother_name=f"IBU {chr(65 + n % 26)}{chr(65 + n // 26)}") for n in range(90)])
    operations.take_in(**BY)
    done = matching.resolve(**BY)
    assert done.capped >= 90
    answer = checking.check({**row, "mother_name": "IBU AB"})
    assert answer.capped >= 1
    assert answer.compared < 90
    assert any(each.record_id == "R026" for each in answer.candidates)


def test_keys_are_added_in_steps_and_a_correction_replaces_them(adopted):
    rows, _, taken = people(4)
    put(registrations=rows)
    operations.take_in(**BY)
    assert keying.add_keys(**BY, most=3).waiting == len(rows) - 3
    while keying.add_keys(**BY, most=3).records:
        pass
    assert (Unkeyed.objects.count(), Keyed.objects.count()) == (0, len(rows))
    held = Keyed.objects.get(record_id="R000")
    put(registrations=[filed(taken[-1], 0)])
    operations.take_in(**BY)
    assert Unkeyed.objects.count() == 1
    keying.add_keys(**BY)
    changed = Keyed.objects.get(record_id="R000")
    assert (changed.rec, changed.version) == (held.rec, 2)
    assert bytes(changed.packed) != bytes(held.packed)
    _, book = adopting.book()
    keys = {int(key) for key in keying.as_bigint(book.keys(book.open([bytes(changed.packed)]))[0]) if key}
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM registry_key WHERE rec = %s", [held.rec])
        assert {key for (key,) in cursor.fetchall()} == keys


def test_without_a_model_records_wait_and_are_linked_when_there_is_one(learned):
    rows, _, _ = people(5)
    put(registrations=rows)
    operations.take_in(**BY)
    with pytest.raises(adopting.NoModel):
        matching.resolve(**BY)
    with pytest.raises(adopting.NoModel):
        checking.check(rows[0])
    assert keying.waiting() == (len(rows), AT)
    assert adopting.adopt(**BY, reason="a test", files=[learned]).waiting == len(rows)
    assert matching.resolve(**BY).records == len(rows)
    assert keying.waiting() == (0, None)


def test_another_model_forgets_all_keys_and_pairs(adopted, learned):
    rows, _, _ = people(2)
    put(registrations=rows)
    operations.take_in(**BY)
    matching.resolve(**BY)
    before, groups = kept(), persons()
    second = adopting.adopt(**BY, reason="once more", files=[learned])
    assert (second.version, second.sha256, second.waiting) == (adopted.version + 1, adopted.sha256, len(rows))
    assert (kept(), Keyed.objects.count()) == ({}, 0)
    assert persons() == groups
    matching.resolve(**BY)
    assert kept() == before
    assert persons() == groups


def test_an_adopted_model_is_sealed_and_learned_from_the_registry(frozen):
    table = [{k: v and str(v) for k, v in row.items()} for row in registrations(nation(600, 12)).to_pylist()]
    with pytest.raises(adopting.NoModel):
        adopting.adopt(**BY, reason="nobody is here")
    put(registrations=[filed(row, n) for n, row in enumerate(table)])
    operations.take_in(**BY)
    done = adopting.adopt(**BY, reason="the first")
    assert (done.version, done.records, done.waiting) == (1, len(table), len(table))
    held = LinkageModel.objects.get(version=1)
    assert from_bytes(bytes(held.frozen)).records == len(table)
    assert audit.verify(held.event_id).holds
    with pytest.raises(operations.ReasonMissing):
        adopting.adopt(**BY, reason=" ")


def test_a_verdict_joins_or_parts_and_its_withdrawal_takes_that_back(adopted):
    table = registrations(nation(400, 9)).to_pylist()
    first, other = [{k: v and str(v) for k, v in row.items()} for row in table[:2]]
    put(registrations=[filed(first, 1), filed(first, 2), filed(other, 3)])
    operations.take_in(**BY)
    matching.resolve(**BY)
    together = {frozenset({"3171/R001", "3171/R002"}), frozenset({"3171/R003"})}
    assert persons() == together

    def judged(*pairs):
        verdicts.judge(
            pairs=[Judged(("3171", a), ("3171", b), word) for a, b, word in pairs],
            cause="decision",
            reason="seen",
            **BY,
        )
        matching.resolve(**BY, around={("3171", name) for a, b, _ in pairs for name in (a, b)})
        return persons()

    parted = judged(("R001", "R002", "different"))
    assert parted == {frozenset({f"3171/R00{n}"}) for n in (1, 2, 3)}
    assert judged(("R001", "R002", "withdrawn")) == together
    # Whom somebody brought in certainly differs from the other record: that pair is left for somebody to look at.
    assert judged(("R001", "R003", "same")) == {frozenset({"3171/R001", "3171/R003"}), frozenset({"3171/R002"})}
    assert kept()["3171/R001", "3171/R002"][2:] == ("review", "chain_cut")
    assert judged(("R001", "R003", "withdrawn")) == together
