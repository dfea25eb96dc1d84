"""``report.html``: one file without links, that says what was found, by which rules, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.candidates import KeyCount
from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS, REVIEW
from blanko.engines.linkage.compare import FIELDS, LEVELS, level
from blanko.engines.linkage.linked import Linked
from blanko.engines.linkage.model import Model, tables
from blanko.engines.linkage.shared import Shared

LOW, HIGH, STEP = -20, 60, 2
EDGES: Final = np.arange(LOW, HIGH + STEP, STEP)
"""Bits between which pairs are counted together; the first and the last count hold all beyond."""
EXAMPLES: Final = 3
BANDS: Final = (-12, -8, -4, 0, 4, 8, 12, 16, 24, 32, 48)
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;color:#1b1b1b;margin:2rem auto;max-width:68rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;margin:.5rem 0}
td,th{border-bottom:1px solid #d8d8d8;padding:.25rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.plus{fill:#1a5fb4}.minus{fill:#a33b00}
.bar{fill:#6b7f99}.line{stroke:#a33b00;stroke-dasharray:4 3}caption{text-align:left;color:#555}
.pair td{font-variant-numeric:tabular-nums}.note{color:#555}
"""


class _Drawn(str):
    """A picture of our own, which is not escaped."""


def page(linked: Linked) -> str:
    """The whole report. It shows values of records: keep it as confidential as the files."""
    reasons = np.bincount(linked.clusters.reason[linked.clusters.decided == REVIEW], minlength=len(PAIR_REASONS))
    weights = np.histogram(np.clip(linked.pairs.weight, LOW, HIGH - 1e-9), bins=EDGES)[0]
    return page_of(
        linked.summary(), linked.model, reasons, weights, linked.keys, linked.shared, examples=_examples(linked)
    )


def page_of(
    summary: Mapping[str, Any],
    model: Model,
    reasons: npt.NDArray[np.int64],
    weights: npt.NDArray[np.int64],
    keys: Sequence[KeyCount],
    shared: Sequence[Shared],
    *,
    examples: str,
) -> str:
    """The report from counts: of pairs that wait by reason (PAIR_REASONS), and of all pairs by weight (EDGES)."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Linkage report</title>",
        f"<style>{_STYLE}</style></head><body><h1>Linkage: who is recorded twice</h1>",
        "<p class='note'>Holds values of records: as confidential as the files that were read.</p>",
        _found(summary, model, reasons),
        _histogram(weights, model),
        _weights(model),
        _keys(keys),
        _shared(shared),
        examples,
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    def cell(value: object) -> str:
        if isinstance(value, int):
            return f"<td class='n'>{value:,}</td>"
        if isinstance(value, float):
            return f"<td class='n'>{value:.4g}</td>"
        return f"<td>{value if isinstance(value, _Drawn) else escape(str(value))}</td>"

    body = "".join(f"<tr>{''.join(cell(value) for value in row)}</tr>" for row in rows)
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<tr>{heads}</tr>{body}</table>"


def _found(found: Mapping[str, Any], model: Model, reasons: npt.NDArray[np.int64]) -> str:
    rows: list[tuple[object, object]] = [
        ("records", found["records"]),
        ("persons, if every merge holds", found["persons"]),
        *((f"records: {name}", count) for name, count in found["records_by_decision"].items()),
        ("pairs compared in full", found["candidate_pairs"]),
        *((f"pairs: {name}", count) for name, count in found["pairs_by_decision"].items()),
        ("merged from (bits)", float(model.merge)),
        ("to review from (bits)", float(model.review)),
    ]
    notes = []
    if found["missing_columns"]:
        notes.append("Columns that were not there: " + ", ".join(found["missing_columns"]) + ".")
    if found["ignored_columns"]:
        notes.append("Columns that were not read: " + ", ".join(found["ignored_columns"]) + ".")
    notes += [f"{count:,} cells: {what}; taken as missing." for what, count in found["unreadable"].items()]
    kept = [(_REASONS[name], int(reasons[k])) for k, name in enumerate(PAIR_REASONS) if reasons[k]]
    return (
        "<h2>What was found</h2>"
        + _table(("", ""), rows)
        + "".join(f"<p>{escape(note)}</p>" for note in notes)
        + _table(("why a pair waits for somebody", "pairs"), kept)
    )


_REASONS: Final = {
    "": "its weight lies between the thresholds",
    "nik_clash": "one NIK, and names of two people",
    "twins": "one birth date and family, and names of two people",
    "differ": "all else speaks against it",
    "chain_cut": "joining would bring together two who certainly differ",
    "weak_together": "taken together, the two groups are not one person",
    "names_differ": "the names hold words that differ",
    "maybe_twins": "one birth date, and NIKs given one after the other",
}


def _histogram(counts: npt.NDArray[np.int64], model: Model) -> str:
    tall = np.log10(counts + 1)
    top = max(float(tall.max(initial=0)), 1.0)
    width, height, bar = 920, 220, 920 / len(counts)
    shapes = []
    for k, count in enumerate(counts):
        h = float(tall[k]) / top * (height - 40)
        shapes.append(
            f"<rect class='bar' x='{k * bar:.1f}' y='{height - 20 - h:.1f}' width='{bar - 1:.1f}' height='{h:.1f}'>"
            f"<title>{EDGES[k]} to {EDGES[k + 1]} bits: {count:,} pairs</title></rect>"
        )
        if EDGES[k] % 10 == 0:
            shapes.append(f"<text x='{k * bar:.1f}' y='{height - 4}' font-size='11'>{EDGES[k]}</text>")
    for value, name in ((model.merge, "merge"), (model.review, "review")):
        x = (min(max(value, LOW), HIGH) - LOW) / (HIGH - LOW) * width
        shapes.append(f"<line class='line' x1='{x:.1f}' x2='{x:.1f}' y1='14' y2='{height - 20}'/>")
        shapes.append(f"<text x='{x + 3:.1f}' y='12' font-size='11'>{name} {value:g}</text>")
    return (
        "<h2>Weights of the compared pairs</h2><p>Bits; each bit doubles the odds that the two are one person. "
        "Heights are logarithmic; the first and last bar hold all beyond.</p>"
        f"<svg viewBox='0 0 {width} {height}' width='100%' role='img' aria-label='histogram of weights'>"
        + "".join(shapes)
        + "</svg>"
    )


def _weights(model: Model) -> str:
    bits = tables(model)
    rows: list[Sequence[object]] = []
    for f, name in enumerate(FIELDS):
        for at in range(len(LEVELS[name]) - 1, 0, -1):
            valued = bits.valued[f, at] > 0
            weight = float(bits.stranger[f, at])
            rows.append(
                (
                    name if at == len(LEVELS[name]) - 1 else "",
                    LEVELS[name][at],
                    float(model.m[f, at]),
                    "its value's frequency" if valued else float(model.u[f, at]),
                    float(model.relatives.r[f, at]) if model.relatives else "",
                    f"{weight:+.1f}" + (" + bits of the value" if valued else ""),
                    _bar(0.0 if valued else weight),
                )
            )
    prior = f"Before any field is looked at: {bits.prior[0]:+.1f} bits"
    beside = f" ({bits.prior[1]:+.1f} against relatives)" if model.relatives else ""
    return (
        "<h2>What each agreement weighs</h2>"
        f"<p>{prior}{beside}; {model.matches:,.0f} pairs of one person are expected among {model.records:,} "
        "records.</p>" + _table(("field", "level", "one person", "strangers", "relatives", "bits", ""), rows)
    )


def _bar(weight: float) -> _Drawn:
    half, w = 60, min(abs(weight), 20) * 3
    x = half if weight >= 0 else half - w
    kind = "plus" if weight >= 0 else "minus"
    return _Drawn(
        f"<svg width='120' height='12'><rect class='{kind}' x='{x:.1f}' y='2' width='{w:.1f}' height='8'/></svg>"
    )


def _keys(keys: Sequence[KeyCount]) -> str:
    rows = [(k.key, k.records, k.pairs, k.kept, k.capped_blocks, k.capped) for k in keys]
    capped = sum(k.capped for k in keys)
    said = (
        "<p>Blocks above the cap: their records met only their neighbours in the order of mother and village; they are "
        "in the result as all others, and other keys compare them too.</p>"
        if capped
        else ""
    )
    head = (
        "records agree in",
        "records with the key",
        "pairs that share it",
        "of them compared, and not by a key above",
        "blocks above the cap",
        "records in them",
    )
    return "<h2>Which pairs were made</h2>" + _table(head, rows) + said


def _shared(shared: Sequence[Shared]) -> str:
    if not shared:
        return ""
    rows = [(each.field, each.values, each.records, "; ".join(each.examples)) for each in shared]
    return "<h2>Values that many share, which stopped counting</h2>" + _table(
        ("field", "values", "records", "most frequent"), rows
    )


def _examples(linked: Linked) -> str:
    pairs, out = linked.pairs, []
    for low, high in zip((-np.inf, *BANDS), (*BANDS, np.inf), strict=True):
        inside = np.flatnonzero((pairs.weight >= low) & (pairs.weight < high))
        if not len(inside):
            continue
        inside = inside[np.lexsort((pairs.right[inside], pairs.left[inside]))]
        chosen = inside[:: max(1, len(inside) // EXAMPLES)][:EXAMPLES]
        rows: list[Sequence[object]] = []
        for k in chosen:
            i, j = int(pairs.left[k]), int(pairs.right[k])
            why = PAIR_REASONS[linked.clusters.reason[k]]
            decided = DECIDED[linked.clusters.decided[k]] + (f": {why}" if why else "")
            rows.append((f"{pairs.weight[k]:.1f}", decided, *_values(linked, i)))
            levels = ", ".join(
                f"{name}: {LEVELS[name][at]}"
                for f, name in enumerate(FIELDS)
                if (at := int(level(pairs.pattern[k : k + 1], f)[0])) and at < len(LEVELS[name]) - 1
            )
            rows.append(("", levels or "all alike", *_values(linked, j)))
        title = (
            f"{low:g} to {high:g} bits"
            if np.isfinite(low) and np.isfinite(high)
            else (f"below {high:g}" if np.isfinite(high) else f"from {low:g}")
        )
        head = (
            "bits",
            "decided; what is not alike",
            "record",
            "NIK",
            "name",
            "born",
            "mother",
            "birth place",
            "village",
        )
        out.append(_table(head, rows, f"{title}: {len(inside):,} pairs"))
    return "<h2>Examples at each weight</h2><p>Values as they were compared.</p>" + "".join(out)


def _values(linked: Linked, i: int) -> tuple[str, ...]:
    f, words = linked.loaded.features, linked.loaded.words.arrays

    def said(ids: Iterable[int]) -> str:
        return " ".join(bytes(words.letters[w, : words.length[w]]).decode("utf-8", "replace") for w in ids if w >= 0)

    born = int(f.born[i])
    return (
        str(linked.loaded.ids[i].as_py()),
        f"{f.nik[i]:016d}" if f.nik[i] else "",
        said(f.name[i]),
        f"{born // 10000}-{born // 100 % 100:02d}-{born % 100:02d}" if born else "",
        said(f.mother[i]),
        said([f.place[i]]),
        f"{f.village[i]:010d}" if f.village[i] else "",
    )
