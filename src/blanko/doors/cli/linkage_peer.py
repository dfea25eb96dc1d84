"""Splink 5 on DuckDB, the peer of ``./blanko bench linkage``: one run in a process of its own.

``python -m blanko.doors.cli.linkage_peer RULES FILE OUT`` writes OUT/pairs.parquet (record_a, record_b, match_weight) and
OUT/clusters.parquet. RULES are ``ours`` (our blocking keys, in SQL) or ``lean`` (those its own manual would advise).
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# Titles and degrees are taken off for the peer too; words are the first and the last of the name.
CLEAN = """
select record_id, nik, birth_place, sex, village_code, family_card_no,
  strftime(birth_date, '%Y-%m-%d') as born,
  trim(regexp_replace(regexp_replace(upper(name), ',.*$', ''), '^((H|HJ|KH|DR|DRS|DRA|IR|R|R\\.A)\\.\\s*)+', '')) as name,
  upper(mother_name) as mother, substr(village_code, 1, 6) as district, substr(village_code, 1, 4) as regency,
  split_part(name, ' ', 1) as first_word, split_part(name, ' ', -1) as last_word,
  village_code || coalesce(address, '') as home
from read_parquet('{path}')
"""
LEAN = (("nik",), ("name", "born"), ("born", "mother"), ("name", "mother"))
OURS = (
    ("nik",),
    ("family_card_no", "first_word"),
    ("first_word", "last_word", "born"),
    ("first_word", "born", "mother"),
    ("born", "mother", "birth_place", "sex"),
    ("first_word", "last_word", "mother"),
    ("first_word", "last_word", "village_code"),
    ("first_word", "born", "village_code"),
    ("first_word", "mother", "birth_place", "sex"),
)
PREDICT_FROM = -4.0


def settings(rules: str) -> Any:
    """Comparisons are the same for both sets of rules, each as Splink's library offers it."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    place = compare.CustomComparison(
        output_column_name="location",
        comparison_levels=[
            levels.NullLevel("village_code"),
            levels.ExactMatchLevel("family_card_no"),
            levels.ExactMatchLevel("home"),
            levels.ExactMatchLevel("village_code"),
            levels.ExactMatchLevel("district"),
            levels.ExactMatchLevel("regency"),
            levels.ElseLevel(),
        ],
    )
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in (LEAN if rules == "lean" else OURS)],
        comparisons=[
            compare.JaroWinklerAtThresholds("name", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("mother", [0.92]).configure(term_frequency_adjustments=True),
            compare.DamerauLevenshteinAtThresholds("born", [1, 2]).configure(term_frequency_adjustments=True),
            compare.LevenshteinAtThresholds("nik", [1]),
            compare.ExactMatch("sex"),
            compare.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            place,
        ],
        retain_matching_columns=False,
        max_iterations=10,
    )


def run(rules: str, path: Path, out: Path) -> None:
    """Train, predict, cluster, write: what a user of Splink would do."""
    import duckdb
    from splink import Linker, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"create table records as {CLEAN.format(path=path)}")
    api = DuckDBAPI(connection)
    linker = Linker(api.register("records"), settings(rules), log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("nik", "name"), block_on("name", "born", "mother")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (("nik",), ("name", "mother"), ("born", "mother")):
        # A share that a clean sample learns as 0 stops a session; Splink then works with what the others taught.
        with suppress(ValueError):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*rule), record_sample_proportion=1.0
            )
    pairs = linker.inference.predict(threshold_match_weight=PREDICT_FROM)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
    out.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"copy (select record_id_l as record_a, record_id_r as record_b, match_weight from {pairs.physical_name}) "
        f"to '{out / 'pairs.parquet'}'"
    )
    connection.execute(
        f"copy (select record_id, cluster_id from {clusters.physical_name}) to '{out / 'clusters.parquet'}'"
    )


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
