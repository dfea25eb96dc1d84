"""Our weights against Splink 5's, for one model and the same pairs."""

import numpy as np
import pyarrow as pa
import pytest

from blanko.engines.linkage.candidates import make_blocks, make_candidates
from blanko.engines.linkage.compare import DATE, LOCATION, MOTHER, NAME, NIK, PLACE, PLACE_NEAR, SEX, level
from blanko.engines.linkage.features import load
from blanko.engines.linkage.model import Model, starting
from blanko.engines.linkage.score import Scorer
from blanko.engines.linkage.shared import settle_shared
from tests.engines.linkage.records import nation, parquet, registrations

splink = pytest.importorskip("splink", reason="Splink is a bench dependency: requirements/bench.txt")


def sql_level(name, condition, m, u, *, valued=None, null=False):
    found = {"sql_condition": condition, "label_for_charts": name}
    if null:
        return {**found, "is_null_level": True}
    found |= {"m_probability": m, "u_probability": u}
    return {**found, "tf_adjustment_column": valued, "tf_adjustment_weight": 1.0} if valued else found


def comparison(output, *levels):
    return {"output_column_name": output, "comparison_levels": list(levels)}


def settings(model: Model, pairs: float):
    """The levels that SQL can say, with our shares."""
    m, u = model.m, model.u
    both = "{0}_l = {0}_r"
    differs = "ELSE"
    same_nik = "nik_l = nik_r"
    near = "(family_l = family_r or substr(village_l, 1, 4) = substr(village_r, 1, 4))"
    # Where a value's frequency is u, Splink takes any u of the level and divides it out again.
    some_u = 0.01

    def null(column):
        return sql_level("missing", f"{column}_l is null or {column}_r is null", 0, 0, null=True)

    def valued(f, column, at):
        return sql_level("same", both.format(column), m[f, at], some_u, valued=column)

    places = [null("place")]
    places += [
        sql_level("near, same", f"{near} and place_l = place_r", m[PLACE_NEAR, 3], u[PLACE_NEAR, 3]),
        sql_level("near, differs", near, m[PLACE_NEAR, 1], u[PLACE_NEAR, 1]),
        valued(PLACE, "place", 3),
        sql_level("differs", differs, m[PLACE, 1], u[PLACE, 1]),
    ]
    homes = [
        sql_level(name, condition, m[LOCATION, at], u[LOCATION, at])
        for name, condition, at in (
            ("card", "family_l = family_r", 6),
            ("address", "village_l = village_r and address_l = address_r", 5),
            ("village", "village_l = village_r", 4),
            ("district", "substr(village_l, 1, 6) = substr(village_r, 1, 6)", 3),
            ("regency", "substr(village_l, 1, 4) = substr(village_r, 1, 4)", 2),
            ("other", differs, 1),
        )
    ]
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "probability_two_random_records_match": model.matches / pairs,
        "blocking_rules_to_generate_predictions": [
            "l.nik = r.nik",
            "l.name = r.name",
            "l.mother = r.mother and l.born = r.born",
        ],
        "comparisons": [
            comparison(
                "names", null("name"), valued(NAME, "name", 7), sql_level("differs", differs, m[NAME, 1], u[NAME, 1])
            ),
            comparison(
                "mothers",
                null("mother"),
                valued(MOTHER, "mother", 4),
                sql_level("differs", differs, m[MOTHER, 1], u[MOTHER, 1]),
            ),
            comparison(
                "dates",
                null("born"),
                sql_level("in the NIK", f"{same_nik} and born_l = born_r", 0.5, 0.5),
                valued(DATE, "born", 5),
                sql_level("differs", differs, m[DATE, 1], u[DATE, 1]),
            ),
            comparison(
                "niks",
                null("nik"),
                sql_level("same", same_nik, m[NIK, 4], u[NIK, 4]),
                sql_level("differs", differs, m[NIK, 1], u[NIK, 1]),
            ),
            comparison(
                "sexes",
                null("sex"),
                sql_level("said already", f"sex_l = sex_r and (name_l = name_r or {same_nik})", 0.5, 0.5),
                sql_level("same", "sex_l = sex_r", m[SEX, 2], u[SEX, 2]),
                sql_level("differs", differs, m[SEX, 1], u[SEX, 1]),
            ),
            comparison("places", *places),
            comparison("homes", *homes),
        ],
    }


def test_weights_agree_with_splink_to_a_millionth_of_a_bit_under_one_model(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    from splink.backends.duckdb import DuckDBAPI

    loaded = load([parquet(tmp_path, registrations(nation(20_000, 77)))])
    settle_shared(loaded)
    f, words, n = loaded.features, loaded.words.arrays, len(loaded)
    rng = np.random.default_rng(5)
    model = starting(n)
    u = np.where(model.m > 0, rng.uniform(0.001, 0.999, model.m.shape), 0.0)
    model = Model(model.m, u, matches=n * 0.02, records=n, relatives=None)
    scorer = Scorer(f, words, model)
    pairs, _ = make_candidates(loaded, make_blocks(loaded), scorer)
    pairs = pairs._replace(weight=scorer.weights(pairs))
    # Only levels that both can say: a spelling that is near means nothing to SQL.
    plain = np.ones(len(pairs.left), dtype=bool)
    for field, allowed in (
        (NAME, (1, 7)),
        (MOTHER, (0, 1, 4)),
        (DATE, (0, 1, 5)),
        (NIK, (0, 1, 4)),
        (PLACE, (0, 1, 3)),
        (PLACE_NEAR, (0, 1, 3)),
    ):
        plain &= np.isin(level(pairs.pattern, field), allowed)
    # The same words in another order have another whole.
    plain &= (level(pairs.pattern, NAME) != 7) | (f.name_whole[pairs.left] == f.name_whole[pairs.right])
    plain &= (level(pairs.pattern, MOTHER) != 4) | (f.mother_whole[pairs.left] == f.mother_whole[pairs.right])
    pairs = pairs.take(plain)

    def said(values, missing):
        return pa.array([None if gone else str(value) for value, gone in zip(values.tolist(), missing, strict=True)])

    columns = {
        "name": (f.name_whole, f.name_whole == 0),
        "mother": (f.mother_whole, f.mother_whole == 0),
        "born": (f.born, f.born == 0),
        "nik": (f.nik, f.nik == 0),
        "sex": (f.sex, f.sex == 0),
        "place": (f.place, f.place < 0),
        "village": (f.village, f.village == 0),
        "family": (f.family, f.family == 0),
        "address": (f.address, f.address == 0),
    }
    records = pa.table({"record_id": loaded.ids, **{name: said(*each) for name, each in columns.items()}})
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    connection.register("given", records)
    connection.execute("create table records as select * from given")
    api = DuckDBAPI(connection)
    linker = splink.Linker(api.register("records"), settings(model, n * (n - 1) / 2), log_level="ERROR")
    bits = {
        "name": f.name_bits.astype(np.float64),
        "mother": f.mother_bits.astype(np.float64),
        "born": scorer.date_bits[scorer.slots],
        "place": words.bits[2][np.maximum(f.place, 0)],
    }
    for name, values in bits.items():
        known = dict(zip(records[name].to_pylist(), np.exp2(-values).tolist(), strict=True))
        known.pop(None, None)
        frequencies = pa.table({name: list(known), f"tf_{name}": list(known.values())})
        connection.register(f"given_{name}", frequencies)
        connection.execute(f"create table frequencies_{name} as select * from given_{name}")
        linker.table_management.register_term_frequency_lookup(api.register(f"frequencies_{name}"), name)
    predicted = linker.inference.predict().physical_name
    rows = connection.execute(f"select record_id_l, record_id_r, match_weight from {predicted}").fetchall()
    theirs = {tuple(sorted(row[:2])): row[2] for row in rows}
    ids = loaded.ids.to_pylist()
    shared = [
        (theirs[key], weight)
        for key, weight in zip(
            ((ids[i], ids[j]) for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)),
            pairs.weight.tolist(),
            strict=True,
        )
        if key in theirs
    ]
    assert len(shared) > 500
    assert max(abs(theirs - ours) for theirs, ours in shared) < 1e-6
