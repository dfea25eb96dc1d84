"""``./blanko linkage audit`` and ``judge``: draw pairs for two blind readers, and say what their answers prove."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
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


def draw(links: Path, files: list[Path], *, seed: str, out: Path, merged: int, per_band: int) -> dict[str, Any]:
    """Write a sheet for each reader and the key that neither may see. Returns counts."""
    try:
        pairs = pq.read_table(links / "pairs.parquet")
    except (OSError, pa.ArrowException) as error:
        raise UnreadableRecords(
            "cannot read {path} ({reason})",
            mend="name the folder that linkage dedupe wrote",
            path=links / "pairs.parquet",
            reason=str(error).splitlines()[0],
        ) from error
    chosen = audit.draw(pairs, seed=seed, merged=merged, per_band=per_band).to_pylist()
    values = _values(files, {row[side] for row in chosen for side in ("record_a", "record_b")})
    lost = next((row[side] for row in chosen for side in ("record_a", "record_b") if row[side] not in values), None)
    if lost is not None:
        raise UnreadableRecords(
            "record {record} is not in the files", mend="name the files that were linked", record=lost
        )
    out.mkdir(parents=True, exist_ok=True)
    for reader in READERS:
        order = audit.blind_order(len(chosen), seed=seed, reader=reader)
        with (out / f"reader_{reader}.csv").open("w", newline="", encoding="utf-8") as file:
            sheet = csv.writer(file)
            sheet.writerow(["pair", *(f"{name}_{side}" for name in SHOWN for side in (1, 2)), "answer"])
            for i in order:
                one, other = values[chosen[i]["record_a"]], values[chosen[i]["record_b"]]
                sheet.writerow([i + 1, *(each[name] for name in SHOWN for each in (one, other)), ""])
    key = [{**row, "pair": i + 1, **_group(values[row["record_a"]])} for i, row in enumerate(chosen)]
    together = pc.equal(pairs["decided"], "merged")
    weights = pairs.filter(pc.invert(together))["match_weight"].to_numpy()
    apart: dict[str, int] = defaultdict(int)
    for band in audit.band_of(weights).tolist():
        apart[audit.band_name(band)] += 1
    population = {"merged": pc.sum(together).as_py() or 0, "apart": dict(apart), "seed": seed}
    (out / "key.json").write_text(json.dumps({"population": population, "pairs": key}, default=str), encoding="utf-8")
    return {
        "pairs": len(chosen),
        "merged": sum(row["decided"] == "merged" for row in chosen),
        "seed": seed,
        "out": str(out),
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


def _group(values: dict[str, str]) -> dict[str, str]:
    return {
        "sex": values["sex"] or "not said",
        "name_words": "one" if " " not in values["name"].strip() else "more",
        "province": values["village_code"][:2] or "not said",
    }


def judge(out: Path) -> dict[str, Any]:
    """What the two readers' answers prove: precision, by band and group, and recall among the pairs that were kept."""
    try:
        kept = json.loads((out / "key.json").read_text(encoding="utf-8"))
        answers = {reader: _answers(out / f"reader_{reader}.csv") for reader in READERS}
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableRecords(
            "cannot read the audit in {path} ({reason})",
            mend="name the folder that linkage audit wrote",
            path=out,
            reason=error,
        ) from error
    both = {row["pair"]: tuple(answers[reader].get(row["pair"], "") for reader in READERS) for row in kept["pairs"]}
    merged = [row for row in kept["pairs"] if row["decided"] == "merged"]
    found: dict[str, Any] = {"precision": _said([both[row["pair"]] for row in merged]), "by": {}}
    for group in ("band", "sex", "name_words", "province"):
        each: dict[str, list[Any]] = defaultdict(list)
        for row in merged:
            each[row[group]].append(both[row["pair"]])
        found["by"][group] = {name: _said(pairs) for name, pairs in sorted(each.items())}
    found["recall"] = _recall(kept, both)
    return found


def _answers(path: Path) -> dict[int, str]:
    with path.open(newline="", encoding="utf-8") as file:
        return {int(row["pair"]): row["answer"].strip().lower() for row in csv.DictReader(file)}


def _said(pairs: list[Any]) -> dict[str, Any]:
    answered = [pair for pair in pairs if all(pair)]
    told = audit.judge(answered)
    return {
        "judged": told.judged,
        "errors": told.errors,
        "open": told.open,
        "at_least": round(told.precision_at_least, 6),
        "proven": told.proven,
        "more": told.more,
    }


def _recall(kept: dict[str, Any], both: dict[int, Any]) -> dict[str, Any]:
    """Doubles left among kept pairs: each band's share of "same" times its pairs. Pairs below the review threshold, and
    those that no key made, are outside what a sample of kept pairs can see.
    """
    missed, most = 0.0, 0.0
    for band, count in kept["population"]["apart"].items():
        told = [both[row["pair"]] for row in kept["pairs"] if row["decided"] != "merged" and row["band"] == band]
        told = [pair for pair in told if all(pair)]
        same = sum(pair == (audit.SAME, audit.SAME) for pair in told)
        missed += count * (same / len(told) if told else 0.0)
        most += count * audit.at_most(same, len(told))
    total = kept["population"]["merged"]
    return {
        "merged": total,
        "missed": round(missed, 1),
        "recall": round(total / max(total + missed, 1), 4),
        "at_least": round(total / max(total + most, 1), 4),
    }


def show(found: dict[str, Any]) -> None:
    """Print it for a person."""
    told = found["precision"]
    verdict = "PROVEN" if told["proven"] else f"not proven: {told['more']:,} more pairs without an error would do"
    print(
        f"precision of what is merged: at least {told['at_least']:.5f} at 5 % risk ({told['judged']:,} judged, {told['errors']} wrong, {told['open']} open): {verdict}"
    )
    for group, each in found["by"].items():
        for name, said in each.items():
            print(
                f"  {group} {name}: {said['judged']:,} judged, {said['errors']} wrong, {said['open']} open, at least {said['at_least']:.4f}"
            )
    recall = found["recall"]
    print(
        f"recall among kept pairs: {recall['recall']:.4f}, at least {recall['at_least']:.4f} ({recall['missed']:,} doubles estimated among the pairs left apart)"
    )
