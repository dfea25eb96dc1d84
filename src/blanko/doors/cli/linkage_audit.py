"""``./blanko linkage audit`` and ``judge``: draw pairs for two blind readers, and say what their answers prove."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blanko.engines.linkage import audit
from blanko.engines.linkage.columns import batches, open_files, text
from blanko.engines.linkage.errors import UnreadableRecords

SHOWN = ("nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code", "family_card_no")
READERS = ("a", "b")
GROUPS = ("sex", "name_words", "province")
"""Whoever they are, the engine should be as right about them: by what record_a of a pair says."""


def draw(links: Path, files: list[Path], *, seed: str, out: Path, merged: int, per_band: int) -> dict[str, Any]:
    """Write a sheet for each reader and the key that neither may see. Returns counts.

    In a folder that holds an audit of the same seed the draw goes on: what was answered stays answered.
    """
    try:
        pairs = pq.read_table(links / "pairs.parquet")
    except (OSError, pa.ArrowException) as error:
        raise UnreadableRecords(
            "cannot read {path} ({reason})",
            mend="name the folder that linkage dedupe wrote",
            path=links / "pairs.parquet",
            reason=str(error).splitlines()[0],
        ) from error
    before = _answered_before(out, seed)
    chosen = audit.draw(pairs, seed=seed, merged=merged, per_band=per_band).to_pylist()
    values = _values(files, {row[side] for row in chosen for side in ("record_a", "record_b")})
    lost = next((row[side] for row in chosen for side in ("record_a", "record_b") if row[side] not in values), None)
    if lost is not None:
        raise UnreadableRecords(
            "record {record} is not in the files", mend="name the files that were linked", record=lost
        )
    drawn = {(row["record_a"], row["record_b"]) for row in chosen}
    gone = next((pair for reader in READERS for pair in before[reader] if pair not in drawn), None)
    if gone is not None:
        raise UnreadableRecords(
            "{folder} holds an answer on {a} and {b}, which this draw leaves out",
            mend="draw as many pairs as before or more, or name another folder",
            folder=out,
            a=gone[0],
            b=gone[1],
        )
    out.mkdir(parents=True, exist_ok=True)
    for reader in READERS:
        order = audit.blind_order(len(chosen), seed=seed, reader=reader)
        part = out / f"reader_{reader}.csv.part"
        with part.open("w", newline="", encoding="utf-8") as file:
            sheet = csv.writer(file)
            sheet.writerow(["pair", *(f"{name}_{side}" for name in SHOWN for side in (1, 2)), "answer"])
            for i in order:
                a, b = chosen[i]["record_a"], chosen[i]["record_b"]
                shown = (each[name] for name in SHOWN for each in (values[a], values[b]))
                sheet.writerow([i + 1, *shown, before[reader].get((a, b), "")])
    groups = _groups(files, pairs["record_a"])
    place = pc.index_in(pa.array([row["record_a"] for row in chosen], pa.string()), groups["record_id"])
    of_chosen = groups.take(place).to_pylist()
    key = [{**row, "pair": i + 1, **{name: of_chosen[i][name] for name in GROUPS}} for i, row in enumerate(chosen)]
    kept = {"population": {**_population(pairs, groups), "seed": seed}, "pairs": key}
    (out / "key.json.part").write_text(json.dumps(kept, default=str), encoding="utf-8")
    for name in (*(f"reader_{reader}.csv" for reader in READERS), "key.json"):
        (out / f"{name}.part").replace(out / name)
    return {
        "pairs": len(chosen),
        "merged": sum(row["decided"] == "merged" for row in chosen),
        "answered": {reader: len(before[reader]) for reader in READERS},
        "seed": seed,
        "out": str(out),
    }


def _answered_before(out: Path, seed: str) -> dict[str, dict[tuple[str, str], str]]:
    """What each reader has answered in this folder, by pair of records. Refuses a folder of another seed."""
    if not (out / "key.json").exists():
        return {reader: {} for reader in READERS}
    kept, answers = _read(out)
    if kept["population"]["seed"] != seed:
        raise UnreadableRecords(
            "{folder} holds an audit drawn with another seed",
            mend="name another folder, or give the seed {seed} to go on with it",
            folder=out,
            seed=repr(kept["population"]["seed"]),
        )
    ids = {row["pair"]: (row["record_a"], row["record_b"]) for row in kept["pairs"]}
    return {reader: {ids[pair]: answer for pair, answer in answers[reader].items() if answer} for reader in READERS}


def _groups(files: list[Path], ids: pa.ChunkedArray) -> pa.Table:
    """record_id and GROUPS of the named records: sex, whether the name is one word, and the province."""
    wanted = pc.unique(ids)
    parts = []
    for _, batch in batches(open_files(files)):
        record_ids = text(batch.column("record_id"))
        rows = pc.indices_nonzero(pc.is_in(record_ids, wanted))
        some = batch.take(rows)

        def said(name: str, some: pa.RecordBatch = some) -> pa.Array:
            return text(some.column(name)) if name in some.schema.names else pa.array([""] * some.num_rows)

        def or_not(column: pa.Array) -> pa.Array:
            return pc.if_else(pc.equal(column, ""), "not said", column)

        one = pc.invert(pc.match_substring(pc.utf8_trim_whitespace(said("name")), " "))
        parts.append(
            pa.table(
                {
                    "record_id": record_ids.take(rows),
                    "sex": or_not(said("sex")),
                    "name_words": pc.if_else(one, "one", "more"),
                    "province": or_not(pc.utf8_slice_codeunits(said("village_code"), 0, 2)),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()


def _population(pairs: pa.Table, groups: pa.Table) -> dict[str, Any]:
    """How many pairs were merged and left apart in each band of weight, in all and in each group."""
    band = [audit.band_name(each) for each in audit.band_of(pairs["match_weight"].to_numpy()).tolist()]
    of = groups.take(pc.index_in(pairs["record_a"], groups["record_id"]).combine_chunks())
    told = pa.table(
        {
            "together": pc.equal(pairs["decided"], "merged"),
            "band": pa.array(band, pa.string()),
            **{name: of[name] for name in GROUPS},
        }
    )

    def counts(names: list[str]) -> list[dict[str, Any]]:
        return list(told.group_by([*names, "together", "band"]).aggregate([([], "count_all")]).to_pylist())

    whole = counts([])
    by: dict[str, dict[str, Any]] = {}
    for name in GROUPS:
        by[name] = {}
        for row in counts([name]):
            mine = by[name].setdefault(row[name], {"merged": {}, "apart": {}})
            mine["merged" if row["together"] else "apart"][row["band"]] = row["count_all"]
    return {
        "merged": {row["band"]: row["count_all"] for row in whole if row["together"]},
        "apart": {row["band"]: row["count_all"] for row in whole if not row["together"]},
        "by": by,
    }


def _values(files: list[Path], wanted: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    ids = pa.array(sorted(wanted), pa.string())
    for _, batch in batches(open_files(files)):
        record_ids = text(batch.column("record_id"))
        rows = pc.indices_nonzero(pc.is_in(record_ids, ids))
        some = batch.take(rows)
        columns = {name: text(some.column(name)).to_pylist() for name in SHOWN if name in some.schema.names}
        for k, record in enumerate(record_ids.take(rows).to_pylist()):
            found[record] = {name: columns[name][k] if name in columns else "" for name in SHOWN}
    return found


def _read(out: Path) -> tuple[dict[str, Any], dict[str, dict[int, str]]]:
    """(the key, each reader's answers by number of the pair). Raises UnreadableRecords, also for what is no answer."""
    try:
        kept = json.loads((out / "key.json").read_text(encoding="utf-8"))
        answers = {reader: _answers(out / f"reader_{reader}.csv") for reader in READERS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UnreadableRecords):
            raise
        raise UnreadableRecords(
            "cannot read the audit in {path} ({reason})",
            mend="name the folder that linkage audit wrote",
            path=out,
            reason=error,
        ) from error
    return kept, answers


def _answers(path: Path) -> dict[int, str]:
    found = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            answer = row["answer"].strip().lower()
            if answer and answer not in audit.ANSWERS:
                raise UnreadableRecords(
                    "{path}, pair {pair}: {answer} is no answer",
                    mend="answer with one of {answers}, or leave it empty",
                    path=path,
                    pair=row["pair"],
                    answer=repr(row["answer"]),
                    answers=", ".join(audit.ANSWERS),
                )
            found[int(row["pair"])] = answer
    return found


def judge(out: Path) -> dict[str, Any]:
    """What the two readers' answers prove: precision and recall with their bounds, in all, by band and by group."""
    kept, answers = _read(out)
    both = {row["pair"]: tuple(answers[reader].get(row["pair"], "") for reader in READERS) for row in kept["pairs"]}
    told = [{**row, "said": both[row["pair"]]} for row in kept["pairs"] if all(both[row["pair"]])]
    merged = [row for row in told if row["decided"] == "merged"]
    apart = [row for row in told if row["decided"] != "merged"]
    of = kept["population"]
    found: dict[str, Any] = {
        "precision": _said([row["said"] for row in merged]),
        "recall": _recall(of, apart),
        "by": {"band": {}},
    }
    for band in (audit.band_name(k) for k in range(len(audit.BANDS) - 1)):
        counts = {side: {band: of[side][band]} if band in of[side] else {} for side in ("merged", "apart")}
        if counts["merged"] or counts["apart"]:
            found["by"]["band"][band] = _both(band, "band", counts, merged, apart)
    for group in GROUPS:
        each = of["by"][group]
        found["by"][group] = {name: _both(name, group, each[name], merged, apart) for name in sorted(each)}
    return found


def _both(
    name: str, group: str, counts: dict[str, Any], merged: list[dict[str, Any]], apart: list[dict[str, Any]]
) -> dict[str, Any]:
    """Precision and recall of one group."""
    return {
        "precision": _said([row["said"] for row in merged if row[group] == name]),
        "recall": _recall(counts, [row for row in apart if row[group] == name]),
    }


def _said(pairs: list[Any]) -> dict[str, Any]:
    told = audit.judge(pairs)
    return {
        "judged": told.judged,
        "errors": told.errors,
        "open": told.open,
        "precision": round(told.precision, 6),
        "at_least": round(told.precision_at_least, 6),
        "at_most": round(told.precision_at_most, 6),
        "proven": told.proven,
        "more": told.more,
    }


def _recall(counts: dict[str, Any], apart: list[dict[str, Any]]) -> dict[str, Any]:
    """Doubles left among kept pairs: each band's share of "same" times its pairs. An open pair counts as the same in
    the bound. Pairs below the review threshold, and those that no key made, are outside what a sample of kept pairs can
    see.
    """
    total = sum(counts["merged"].values())
    missed, strata, judged, unknown = 0.0, [], 0, 0
    for band, count in counts["apart"].items():
        told = [row["said"] for row in apart if row["band"] == band]
        same = sum(pair == (audit.SAME, audit.SAME) for pair in told)
        different = sum(pair == (audit.DIFFERENT, audit.DIFFERENT) for pair in told)
        missed += count * same / (same + different) if same + different else 0.0
        unknown += 0 if told else count
        strata.append((count, len(told) - different, len(told)))
        judged += len(told)
    most = audit.missed_at_most(strata)
    return {
        "merged": total,
        "apart": sum(counts["apart"].values()),
        "judged": judged,
        "not_sampled": unknown,
        "missed": round(missed, 1),
        "recall": round(total / (total + missed), 4) if total + missed else 0.0,
        "at_least": round(total / (total + most), 4) if total + most else 0.0,
    }


def show(found: dict[str, Any]) -> None:
    """Print it for a person."""
    told, recall = found["precision"], found["recall"]
    verdict = (
        "PROVEN, nobody need judge more"
        if told["proven"]
        else f"not proven: {told['more']:,} more pairs without an error would do"
    )
    print(
        f"precision of what is merged: {told['precision']:.5f}, at least {told['at_least']:.5f} at 5 % risk "
        f"({told['judged']:,} judged, {told['errors']} wrong, {told['open']} open): {verdict}"
    )
    print(
        f"recall among kept pairs: {recall['recall']:.4f}, at least {recall['at_least']:.4f} "
        f"({recall['missed']:,} doubles estimated among {recall['apart']:,} pairs left apart, {recall['judged']:,} judged)"
    )
    print(f"{'':<24}{'judged':>8}{'wrong':>7}{'open':>6}  {'precision':<24}recall")
    for group, each in found["by"].items():
        for name, row in each.items():
            p, r = row["precision"], row["recall"]
            precise = (
                f"{p['precision']:.4f} ({p['at_least']:.4f}-{p['at_most']:.4f})" if p["judged"] else "nothing judged"
            )
            recalled = (
                f"{r['recall']:.4f} (from {r['at_least']:.4f})" if r["merged"] or r["judged"] else "nothing judged"
            )
            beside = f", {r['not_sampled']:,} pairs not sampled" if r["not_sampled"] else ""
            print(
                f"  {group.replace('_', ' ')} {name:<{21 - len(group)}}{p['judged']:>8,}{p['errors']:>7}{p['open']:>6}  "
                f"{precise:<24}{recalled}{beside}"
            )
