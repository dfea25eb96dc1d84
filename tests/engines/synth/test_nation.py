"""A synthetic nation is the size, the spread and the mix that was asked for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from blanko.doors.cli.synth import villages
from blanko.engines.synth.names import BALI_MEN, BALI_WOMEN, misspellings, old_spelling
from blanko.engines.synth.nation import BadDay, synthesise
from blanko.engines.synth.people import populate
from blanko.engines.synth.statuses import BadMix, StatusMix
from blanko.engines.synth.villages import BadVillageTable, TooFewPeople, UnknownRegency, VillageTable
from blanko.kernel.nik import Nik, contradictions

AS_OF = date(2017, 4, 4)
PEOPLE = 120_000
WHOLE = {"3276": 20_000, "1810": 301}


@pytest.fixture(scope="module")
def areas():
    return villages()


@pytest.fixture(scope="module")
def nation(areas):
    return synthesise(people=PEOPLE, seed=7, areas=areas, as_of=AS_OF, whole=WHOLE)


@pytest.fixture(scope="module")
def rows(nation):
    """Each registration with its truth beside it."""
    truth = nation.truth.filter(nation.truth["recorded"]).to_pylist()
    by_key = {(true["recorded_office"], true["record_id"]): true for true in truth}
    records = nation.registrations.to_pylist()
    assert len(by_key) == len(records)
    return [(row, by_key[row["recorded_office"], row["record_id"]]) for row in records]


@pytest.fixture(scope="module")
def firsts(rows):
    return [row for row, true in rows if true["repeat"] == "first"]


def share(part, whole):
    return len(part) / len(whole)


def bare(name):
    """The words of a name without titles and degrees; a Balinese birth-order name is one part."""
    plain = re.sub(r"^(H|HJ|KH|DRS|DRA|IR|DR|R|R\.A)\. ", "", name.partition(",")[0])
    for order in (*BALI_MEN, *BALI_WOMEN):
        plain = re.sub(rf"^{order.upper()}\b", "BALI", plain)
    return plain.split()


# Size and place


def test_everybody_is_in_the_truth_once_or_as_often_as_recorded(nation):
    persons = Counter(nation.truth["person_id"].to_pylist())
    assert set(persons) == set(range(1, PEOPLE + 1))
    for person, times in zip(
        nation.truth["person_id"].to_pylist(), nation.truth["times_recorded"].to_pylist(), strict=True
    ):
        assert persons[person] == max(times, 1)


def test_a_whole_regency_has_exactly_its_people_in_all_its_villages(areas):
    lone = synthesise(
        people=20_301, seed=7, areas=areas, whole=WHOLE, mix=StatusMix(recorded=1, recorded_at_16=1, repeated=0)
    )
    assert Counter(lone.registrations["recorded_office"].to_pylist()) == WHOLE
    in_depok = set(lone.registrations["village_code"].to_pylist())
    every = {str(code) for code in areas.code.tolist() if str(code).startswith("3276")}
    assert {code for code in in_depok if code.startswith("3276")} == every


def test_a_village_that_is_in_is_in_whole(areas, nation):
    homes = Counter(
        row["village_code"] for row in nation.registrations.to_pylist() if row["recorded_office"] not in WHOLE
    )
    size = dict(zip(areas.code.tolist(), areas.weight.tolist(), strict=True))
    whole = [code for code, people in homes.items() if abs(people / size[int(code)] - 1) < 0.2]
    # The last one is cut to make the sum exact.
    assert len(whole) >= len(homes) - 1


def test_every_province_has_a_village_when_the_people_suffice(areas):
    big = synthesise(people=200_000, seed=3, areas=areas)
    assert len({office[:2] for office in big.registrations["recorded_office"].to_pylist()}) == 34


# Seeds


def test_the_same_seed_gives_the_same_tables_and_another_seed_others(areas):
    first, again, other = (synthesise(people=3000, seed=seed, areas=areas) for seed in (7, 7, 8))
    for name in ("registrations", "applications", "deaths", "stock", "counts", "truth"):
        assert getattr(first, name).equals(getattr(again, name))
    assert not first.registrations.equals(other.registrations)


# Names


@pytest.mark.parametrize(("sex", "one", "two"), [("L", 0.173, 0.531), ("P", 0.205, 0.504)])
def test_one_part_names_are_as_common_as_they_were_counted(firsts, sex, one, two):
    parts = Counter(len(bare(row["name"])) for row in firsts if row["sex"] == sex)
    count = sum(parts.values())
    assert parts[1] / count == pytest.approx(one, abs=0.02)
    assert parts[2] / count == pytest.approx(two, abs=0.03)
    assert parts[3] > 0.15 * count
    assert parts[4] > 0.01 * count


def test_few_names_are_borne_by_many_and_many_by_few(firsts):
    words = Counter(bare(row["name"])[0] for row in firsts).most_common()
    count = sum(number for _, number in words)
    assert 0.01 < words[0][1] / count < 0.06
    assert sum(number for _, number in words[:20]) > 0.2 * count
    assert len(words) > 700


def test_muhammad_is_written_in_many_ways(firsts):
    first_words = Counter(bare(row["name"])[0] for row in firsts)
    ways = {"MUHAMMAD", "MOHAMMAD", "MOH.", "M.", "MOCHAMAD", "MOCH.", "MUH."}
    assert ways <= set(first_words)
    assert first_words["MUHAMMAD"] > first_words["MOCH."]


def test_some_bear_titles_and_degrees(firsts):
    assert 0.005 < share([row for row in firsts if row["name"].startswith(("H. ", "HJ. "))], firsts) < 0.06
    assert 0.005 < share([row for row in firsts if ", S." in row["name"]], firsts) < 0.06


# Families


def test_children_share_the_mother_the_address_and_the_family_card(nation, rows):
    households = defaultdict(list)
    for row, true in rows:
        if true["repeat"] == "first":
            households[true["household"]].append(row)
    assert 2.0 < len(rows) / len(households) < 3.2
    for members in households.values():
        for column in ("address", "family_card_no", "village_code"):
            assert len({row[column] for row in members}) == 1
    names = {household: {row["name"] for row in members} for household, members in households.items()}
    with_mother = [
        row for household, members in households.items() for row in members if row["mother_name"] in names[household]
    ]
    assert share(with_mother, rows) > 0.15


def test_parents_are_old_enough():
    people = populate(village=np.arange(40), people=np.full(40, 500), as_of=AS_OF, seed=7, part=0)
    for parent in (people.mother, people.father):
        child = np.flatnonzero(parent >= 0)
        years = (people.born[child] - people.born[parent[child]]) / 365.25
        assert len(child) > 3000
        # A default birthday can shorten the years between them by one.
        assert years.min() > 15
    assert np.all(people.woman[people.mother[people.mother >= 0]])
    assert not np.any(people.woman[people.father[people.father >= 0]])


def test_twins_have_one_birth_date_and_one_mother(rows):
    people = {true["person_id"]: (row, true) for row, true in rows if true["repeat"] == "first"}
    twins = [(row, people[true["twin_of"]][0]) for row, true in people.values() if true["twin_of"] in people]
    assert len(twins) > 20
    assert all(one["birth_date"] == two["birth_date"] for one, two in twins)
    assert all(one["mother_name"] == two["mother_name"] for one, two in twins)
    same_nik = [one for one, two in twins if one["nik"] == two["nik"]]
    assert len(same_nik) <= 0.1 * len(twins), "but for a few clashes each has a NIK of its own"


def test_family_cards_are_never_shared_by_two_households(rows):
    owner = defaultdict(set)
    for row, true in rows:
        if true["repeat"] == "first":
            owner[row["family_card_no"]].add(true["household"])
    assert all(len(households) == 1 for households in owner.values())


# Birth dates and NIKs


def test_default_birthdays_are_heaped(firsts):
    days = Counter((row["birth_date"].month, row["birth_date"].day) for row in firsts)
    usual = len(firsts) / 365.25
    for day in ((12, 31), (7, 1), (1, 1)):
        assert days[day] > 5 * usual


def test_nobody_is_under_16_and_nobody_was_recorded_before(firsts):
    for row in firsts:
        assert (AS_OF - row["birth_date"]).days >= 16 * 365.25 - 1
        assert (row["recorded_on"] - row["birth_date"]).days >= 16 * 365.25 - 1
        assert date(2011, 2, 1) <= row["recorded_on"] <= AS_OF


def test_niks_say_birth_date_and_sex_but_for_a_known_few(rows):
    wrong = Counter()
    for row, true in rows:
        found = contradictions(Nik(row["nik"]), birth_date=row["birth_date"], sex=row["sex"])
        if true["nik_note"] == "":
            assert not found
        elif true["nik_note"] == "contradicts_sex":
            assert found == ("sex",)
        elif true["nik_note"] == "contradicts_birth_date":
            assert found == ("birth_date",)
        wrong[true["nik_note"]] += 1
    assert wrong["contradicts_birth_date"] + wrong["contradicts_sex"] == pytest.approx(0.004 * len(rows), rel=0.3)
    assert wrong["clash"] == pytest.approx(0.001 * len(rows), rel=0.1)


def test_a_nik_belongs_to_one_person_unless_the_truth_calls_it_a_clash(nation):
    bearers, clashes = defaultdict(set), set()
    for true in nation.truth.to_pylist():
        bearers[true["nik"]].add(true["person_id"])
        if true["nik_note"] == "clash":
            clashes.add(true["nik"])
    assert {nik for nik, persons in bearers.items() if len(persons) > 1} == clashes


def test_who_moved_keeps_the_district_of_the_first_registration(firsts):
    moved = [row for row in firsts if row["nik"][:6] != row["village_code"][:6]]
    assert 0.03 < share(moved, firsts) < 0.12


# Statuses of the spring of 2017


def test_the_shares_of_29_march_2017_come_out(nation, firsts):
    national = {row["metric"]: row["value"] for row in nation.counts.to_pylist() if row["area"] == "ID"}
    assert national["recorded"] + national["not_recorded"] == national["obliged"]
    assert national["recorded"] / national["obliged"] == pytest.approx(0.9654, abs=0.001)
    assert national["print_ready"] / national["recorded"] == pytest.approx(4.5 / 172.05, rel=0.1)
    assert national["awaiting_uniqueness"] / national["recorded"] == pytest.approx(3.2 / 172.05, rel=0.1)
    assert national["suket_holders"] / national["recorded"] == pytest.approx(4.2 / 172.05, rel=0.15)
    status = Counter(row["status"] for row in firsts)
    assert status["CARD_ISSUED"] > 0.9 * len(firsts)
    assert min(status[None], status["CARD_PRINTED"], status["DUPLICATE_RECORD"], status["ADJUDICATE_RECORD"]) > 0


def test_some_are_recorded_before_they_are_obliged(firsts):
    young = [row for row in firsts if (AS_OF - row["birth_date"]).days < 17 * 365.25 - 1]
    assert 0.0005 < share(young, firsts) < 0.02


def test_dates_of_a_record_follow_one_another(rows):
    for row, _ in rows:
        if row["status_since"]:
            assert row["recorded_on"] <= row["status_since"] <= AS_OF
        if row["card_issued_on"]:
            assert row["recorded_on"] <= row["card_issued_on"] <= row["status_since"]
        assert (row["status"] is None) == (row["status_since"] is None)
        assert row["status"] != "CARD_ISSUED" or row["card_issued_on"]


def test_no_day_of_waiting_is_heaped_on_the_last(firsts):
    assert Counter(row["recorded_on"] for row in firsts)[AS_OF] < 0.003 * len(firsts)
    assert Counter(row["card_issued_on"] for row in firsts)[AS_OF] < 0.003 * len(firsts)


def test_regencies_differ_in_what_they_wait_for(areas):
    wide = synthesise(people=60_000, seed=5, areas=areas, whole={"3276": 20_000, "3204": 20_000, "3525": 20_000})
    ready = {
        row["area"]: row["value"] / row["denominator"]
        for row in wide.counts.to_pylist()
        if row["metric"] == "print_ready" and len(row["area"]) == 4
    }
    assert len(ready) == 3
    assert max(ready.values()) > 1.1 * min(ready.values())


# Repeats, deaths, applications, counts


def test_repeats_are_as_many_as_stated_and_only_the_exact_agree_in_all_three(rows):
    first = {true["person_id"]: row for row, true in rows if true["repeat"] == "first"}
    kinds, offices = Counter(), Counter()
    for row, true in rows:
        kind = true["repeat"]
        kinds[kind] += 1
        if kind == "first":
            continue
        one = first[true["person_id"]]
        offices[row["recorded_office"] == one["recorded_office"]] += 1
        same = {column for column in ("nik", "name", "birth_date") if row[column] == one[column]}
        if kind == "exact":
            assert same == {"nik", "name", "birth_date"}
        elif kind == "new_nik":
            assert "nik" not in same and "birth_date" in same
        elif kind == "swapped_date":
            assert not same & {"nik", "birth_date"}
        else:
            assert "name" not in same and "birth_date" in same
    repeats = sum(kinds.values()) - kinds["first"]
    assert repeats == pytest.approx(3_000_000 / 172_046_898 * kinds["first"], rel=0.02)
    assert set(kinds) == {
        "first",
        "exact",
        "typo",
        "swapped_date",
        "old_spelling",
        "name_order",
        "dropped_part",
        "new_nik",
    }
    assert kinds["exact"] == pytest.approx(0.4 * repeats, rel=0.15)
    assert min(offices.values()) > 0.25 * repeats


def test_record_ids_betray_neither_person_nor_order(rows):
    numbers = [int(row["record_id"]) for row, _ in rows]
    assert len(set(numbers)) == len(numbers)
    assert abs(np.corrcoef(numbers, [true["person_id"] for _, true in rows])[0, 1]) < 0.02


def test_only_some_deaths_are_reported_and_reports_name_the_right_person(nation):
    clashes = {true["nik"] for true in nation.truth.to_pylist() if true["nik_note"] == "clash"}
    truth = {true["nik"]: true for true in nation.truth.to_pylist() if true["nik"] not in clashes}
    dead = nation.truth.filter(pc.is_valid(nation.truth["died_on"]))
    assert dead.num_rows == pytest.approx(0.012 * nation.truth.num_rows, rel=0.15)
    assert 0.3 < pc.sum(dead["death_reported"]).as_py() / dead.num_rows < 0.5
    for death in nation.deaths.to_pylist():
        assert death["died_on"] < death["reported_on"] <= AS_OF
        if death["nik"] in truth:
            assert truth[death["nik"]]["died_on"] == death["died_on"]
    named = nation.deaths.filter(pc.is_valid(nation.deaths["record_id"]))
    records = {(r["recorded_office"], r["record_id"]) for r in nation.registrations.to_pylist()}
    assert 0.6 < named.num_rows / nation.deaths.num_rows < 1
    assert all((d["recorded_office"], d["record_id"]) in records for d in named.to_pylist())


def test_applications_have_their_cause_and_follow_the_event(nation):
    marital = defaultdict(set)
    for row in nation.registrations.to_pylist():
        marital[row["nik"]].add(row["marital_status"])
    causes = Counter()
    for row in nation.applications.to_pylist():
        causes[row["cause"]] += 1
        assert row["event_date"] <= row["applied_on"] <= AS_OF
        if row["cause"] == "marriage":
            assert "KAWIN" in marital[row["nik"]]
        if row["cause"] == "divorce":
            assert "CERAI HIDUP" in marital[row["nik"]]
    assert set(causes) == {
        "first_card", "turned_17", "marriage", "divorce", "move", "loss", "damage", "change_of_element",
    }  # fmt: skip


@pytest.mark.parametrize("table", ["applications", "deaths"])
def test_an_office_never_gives_a_document_number_twice(nation, table):
    found = getattr(nation, table)
    keys = list(zip(found["office"].to_pylist(), found["document_no"].to_pylist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_a_suket_number_is_given_once(nation):
    given = nation.registrations["suket_no"].drop_null().to_pylist()
    assert len(set(given)) == len(given) > 1000


def test_every_office_counts_its_stock_once_in_the_last_week(nation):
    rows = nation.stock.to_pylist()
    assert len({row["office"] for row in rows}) == len(rows) == 514
    assert all(0 <= (AS_OF - row["counted_on"]).days < 7 for row in rows)
    assert sum(row["good"] == 0 for row in rows) > 257


def test_regencies_sum_to_provinces_and_the_nation_and_say_that_they_are_synthetic(nation):
    rows = nation.counts.to_pylist()
    assert {(row["source"], row["kind"]) for row in rows} == {("synthetic, seed 7", "synthetic")}
    for metric in {row["metric"] for row in rows}:
        by_length = Counter()
        for row in rows:
            if row["metric"] == metric:
                by_length["nation" if row["area"] == "ID" else len(row["area"])] += row["value"]
        assert by_length["nation"] == by_length[2] == by_length[4]


# Words


@pytest.mark.parametrize(("now", "then"), [("SUCIPTO", "SOETJIPTO"), ("JUNAIDI", "DJOENAIDI"), ("YAHYA", "JAHJA")])
def test_old_spelling_is_written_in_one_pass(now, then):
    assert old_spelling(now) == then


@pytest.mark.parametrize("word", ["BUDI", "M.", "SITI", "A", "ABDURRAHMAN"])
def test_a_misspelling_is_never_the_word(word):
    assert word not in misspellings(word)
    assert all(misspellings(word))


# Refusals


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (TooFewPeople, {"people": 99}),
        (TooFewPeople, {"people": 200, "whole": {"3276": 300}}),
        (TooFewPeople, {"people": 200, "whole": {"3276": 0}}),
        (TooFewPeople, {"people": 500_000_000}),
        (TooFewPeople, {"people": 200, "seed": -1}),
        (UnknownRegency, {"people": 200, "whole": {"9999": 100}}),
        (BadDay, {"people": 200, "as_of": date(1999, 1, 1)}),
    ],
)
def test_what_cannot_be_made_is_refused_by_name_and_with_its_mend(areas, error, arguments):
    with pytest.raises(error) as refused:
        synthesise(**{"seed": 1, "areas": areas} | arguments)
    assert refused.value.mend


def test_shares_above_the_whole_are_refused():
    with pytest.raises(BadMix):
        StatusMix(recorded=1.2)
    with pytest.raises(BadMix):
        StatusMix(print_ready=0.6, awaiting_uniqueness=0.6)


@pytest.mark.parametrize(
    ("codes", "people"), [([], {}), (["32760110"], {"3276": 5}), (["3276011001"], {}), (["3276011001"], {"3276": 0})]
)
def test_a_bad_table_of_villages_is_refused(codes, people):
    with pytest.raises(BadVillageTable):
        VillageTable.of(codes, people=people, names={"3276": "Kota Depok"})


def test_one_village_is_nation_enough():
    tiny = VillageTable.of(["3276011001"], people={"3276": 400}, names={"3276": "Kota Depok"})
    made = synthesise(people=100, seed=1, areas=tiny)
    assert made.registrations.num_rows >= 90
    assert made.registrations.schema.field("birth_date").type == pa.date32()
    assert set(made.registrations["birth_place"].to_pylist()) == {"DEPOK"}
