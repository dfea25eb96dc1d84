"""Which records are one person's."""

import random
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.engines.linkage.linkage import Linkage, UnlinkableRecords, link
from blanko.engines.linkage.names import normalise

NIK, OTHER = "3171015506900001", "3171011501800002"


def table(*rows):
    names = ("key", "nik", "name", "birth_date")
    types = (pa.string(), pa.string(), pa.string(), pa.date32())
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table([pa.array(list(c), t) for c, t in zip(columns, types, strict=True)], names=list(names))


def clusters(found: Linkage):
    return {row["key"]: (row["cluster"], row["decided"]) for row in found.clusters.to_pylist()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nur Hayati", "NURHAYATI"),
        ("Dr. H. Budi Santoso, S.Pd, M.Si", "budi  santoso"),
        ("Hj Siti Aminah", "SITI AMINAH"),
        ("Ma'ruf Amin", "MARUF AMIN"),
        ("José Da Costa", "JOSE DA COSTA"),
        ("Rahmat S.H.", "RAHMAT"),
        ("Prof.Dr.Ir. Wayan", "WAYAN"),
    ],
)
def test_titles_degrees_case_spaces_and_punctuation_do_not_part_two_spellings(one, other):
    first, second = normalise(pa.array([one, other])).to_pylist()
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hadi", "Adi"),
        ("Sri Hartini", "Sri Hartono"),
        ("Budi SE", "Budi"),
        ("R Agus", "Agus"),
        ("Drajat", "Ajat"),
    ],
)
def test_letters_of_a_name_are_never_taken_for_a_title(one, other):
    first, second = normalise(pa.array([one, other])).to_pylist()
    assert first != second


def test_a_name_that_is_only_a_title_keeps_it_and_an_empty_one_is_null():
    assert normalise(pa.array(["H.", "-", "", None, ", S.Pd"])).to_pylist() == ["H", None, None, None, "SPD"]


def test_same_nik_name_and_birth_date_are_one_person_named_after_the_smallest_key():
    born = date(1990, 6, 15)
    found = link(table(("b", NIK, "SITI", born), ("a", NIK, "Hj. Siti", born), ("c", OTHER, "SITI", born)))
    assert clusters(found) == {"a": ("a", "merged"), "b": ("a", "merged"), "c": ("c", "single")}
    assert found.pairs.to_pylist() == [{"left": "a", "right": "b", "score": 1.0, "rule": "exact", "decided": "merged"}]


def test_one_nik_with_another_name_or_date_is_a_clash_and_never_merged():
    born = date(1990, 6, 15)
    found = link(table(("a", NIK, "SITI", born), ("b", NIK, "RINA", born), ("c", NIK, "SITI", date(1991, 6, 15))))
    assert clusters(found) == {key: (key, "review") for key in "abc"}
    assert {(p["left"], p["right"], p["rule"]) for p in found.pairs.to_pylist()} == {
        ("a", "b", "nik_clash"),
        ("a", "c", "nik_clash"),
    }


def test_what_is_missing_matches_nothing():
    born = date(1990, 6, 15)
    found = link(
        table(
            ("a", None, "SITI", born),
            ("b", None, "SITI", born),
            ("c", NIK, None, born),
            ("d", NIK, None, born),
        )
    )
    assert [c[0] for c in clusters(found).values()] == ["a", "b", "c", "d"]


def test_no_records_give_no_clusters():
    found = link(table())
    assert (found.pairs.num_rows, found.clusters.num_rows) == (0, 0)


def test_a_repeated_key_and_a_missing_column_are_refused():
    born = date(1990, 6, 15)
    with pytest.raises(UnlinkableRecords, match="twice"):
        link(table(("a", NIK, "SITI", born), ("a", NIK, "SITI", born)))
    with pytest.raises(UnlinkableRecords, match="birth_date"):
        link(table(("a", NIK, "SITI", born)).drop_columns(["birth_date"]))


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([NIK, OTHER, None]),
            st.sampled_from(["SITI", "Hj. Siti", "RINA", None]),
            st.sampled_from([date(1990, 6, 15), date(1991, 1, 1)]),
        ),
        max_size=12,
    ),
    seed=st.integers(),
)
def test_links_are_the_rule_itself_in_any_order_of_rows(rows, seed):
    keyed = [(f"{number:03d}", *row) for number, row in enumerate(rows)]
    shuffled = random.Random(seed).sample(keyed, len(keyed))
    found, again = link(table(*keyed)), link(table(*shuffled))
    assert found.clusters.equals(again.clusters)
    assert found.pairs.equals(again.pairs)
    plain = {None: None, "SITI": "SITI", "Hj. Siti": "SITI", "RINA": "RINA"}
    identity = {key: (nik, plain[name], born) for key, nik, name, born in keyed}
    for key, (cluster, _) in clusters(found).items():
        same = [k for k, i in identity.items() if i == identity[key] and None not in i] or [key]
        assert cluster == min(same)
