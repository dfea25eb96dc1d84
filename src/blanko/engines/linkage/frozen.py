"""A model that was learned once, with the words and frequencies it rests on: keys and weights of a record then depend
on nothing but the record.

The batch learns frequencies from all records at hand, so that one more record moves every weight a little. Whoever is
asked at a counter cannot wait for that, and two answers a day apart must agree. Frozen are: in how many records each
word, each skeleton and each whole name stands; how many were born on each day; what many share; the weights. A word
that is not among them counts as borne by one record. So batch and counter make the same keys and weights.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.blocks import CAP, WINDOW
from blanko.engines.linkage.candidates import make_blocks, make_candidates
from blanko.engines.linkage.cluster import Clusters, cluster
from blanko.engines.linkage.compare import known_from
from blanko.engines.linkage.dedupe import replace_model, rescaled
from blanko.engines.linkage.errors import InvalidModel
from blanko.engines.linkage.features import DATES, Features, Loaded, load
from blanko.engines.linkage.jit import loop, part
from blanko.engines.linkage.model import Model, model_of, starting, told
from blanko.engines.linkage.score import Frequencies, Pairs, Scorer
from blanko.engines.linkage.shared import COUNTED_LEAST, count_dates, date_slot, settle_shared
from blanko.engines.linkage.train import settle_matches, train
from blanko.engines.linkage.words import WordArrays

FORMAT: Final = "blanko-frozen-1"
WORD_LEAST: Final = 2
"""Words of fewer records are not kept: unknown words count as borne by one."""

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


@part
def place_of(sorted_hashes, h):  # type: ignore[no-untyped-def]
    """Where a hash stands in a sorted array, -1 where it does not."""
    low, high = 0, len(sorted_hashes)
    while low < high:
        middle = (low + high) // 2
        if sorted_hashes[middle] < h:
            low = middle + 1
        else:
            high = middle
    return low if low < len(sorted_hashes) and sorted_hashes[low] == h else -1


@loop
def _places(sorted_hashes, wanted, out):  # type: ignore[no-untyped-def]
    for i in range(len(wanted)):
        out[i] = place_of(sorted_hashes, wanted[i])


@part
def whole_bits(ids, i, word_bits, role, whole, wholes, counted, records):  # type: ignore[no-untyped-def]
    """How much the whole name of row i tells: by its own count where that is known, else by its words."""
    total = 0.0
    for k in range(ids.shape[1]):
        if ids[i, k] >= 0:
            total += word_bits[role, ids[i, k]]
    at = place_of(wholes, whole)
    return min(total, np.log2(records / counted[at])) if at >= 0 else total


@loop
def _fill_bits(ids, word_bits, role, whole, wholes, counted, records, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = whole_bits(ids, i, word_bits, role, whole[i], wholes, counted, records)


@dataclass(frozen=True, slots=True)
class Frozen:
    """Sorted hashes with their counts. ``word`` [W] with ``counted`` [3, W] and the word's own columns; ``skeletons``
    [S] with ``skeletons_counted`` [2, S] (names, mothers); ``names``, ``mothers``: whole names borne by several;
    ``niks``, ``families``, ``mothers_shared``: values that say nothing; ``days`` births by ``date_slot``.
    """

    model: Model
    word: Hashes
    letters: npt.NDArray[np.uint8]
    length: npt.NDArray[np.uint8]
    fold: Hashes
    skeleton: Hashes
    mask: Hashes
    counted: Counts
    skeletons: Hashes
    skeletons_counted: Counts
    names: Hashes
    names_counted: Counts
    mothers: Hashes
    mothers_counted: Counts
    niks: Counts
    families: Counts
    mothers_shared: Hashes
    days: Counts

    @property
    def records(self) -> int:
        """How many records it was learned from."""
        return self.model.records

    def frequencies(self) -> Frequencies:
        """What a scorer takes from it in place of the records' own."""
        return Frequencies(_date_bits(self.days)[0], known_from(self.records))

    def shared_days(self) -> npt.NDArray[np.bool_]:
        """By ``date_slot``: a day that is written for many who have another."""
        return _date_bits(self.days)[1]

    def word_places(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """Row of each word, -1 for one that is not known."""
        out = np.empty(len(hashes), dtype=np.int64)
        _places(self.word, hashes, out)
        return out

    def ranks_of(self, skeletons: Hashes) -> tuple[Counts, Counts]:
        """``keys.ranks`` for words of these skeletons."""
        at = np.empty(len(skeletons), dtype=np.int64)
        _places(self.skeletons, skeletons, at)
        found = np.where(at >= 0, self.skeletons_counted[:, at], 0) if len(self.skeletons) else np.zeros((2, len(at)))
        return np.ascontiguousarray(found[0], dtype=np.int64), np.ascontiguousarray(found[1], dtype=np.int64)

    def take_out_shared(self, f: Features) -> None:
        """What many share becomes missing, and a default birthday is marked."""
        f.nik[np.isin(f.nik, self.niks)] = 0
        f.family[np.isin(f.family, self.families)] = 0
        odd = np.isin(f.mother_whole, self.mothers_shared) & (f.mother_whole != 0)
        f.mother_whole[odd] = 0
        f.mother[odd] = -1
        f.born_shared[:] = self.shared_days()[date_slot(f.born)] & (f.born > 0)

    def settle(self, loaded: Loaded) -> None:
        """In place of ``settle_shared`` and the records' own frequencies: what this model says of words and values."""
        words, size = loaded.words.arrays, loaded.words.size
        at = self.word_places(words.hash[:size])
        words.counted[:, :size] = np.where(at >= 0, self.counted[:, at], 0) if len(self.word) else 0
        loaded.words.weigh(self.records)
        f = loaded.features
        _fill_bits(
            f.name, words.bits, 0, f.name_whole, self.names, self.names_counted, float(self.records), f.name_bits
        )
        _fill_bits(
            f.mother, words.bits, 1, f.mother_whole, self.mothers, self.mothers_counted, float(self.records),
            f.mother_bits,
        )  # fmt: skip
        self.take_out_shared(f)

    def link(self, paths: Sequence[Path], *, cap: int = CAP, window: int = WINDOW) -> Batch:
        """The batch under this model: every candidate pair of these files, weighed, and the persons."""
        loaded = load(paths)
        self.settle(loaded)
        words = loaded.words.arrays
        scorer = Scorer(loaded.features, words, self.model, frequencies=self.frequencies())
        blocks = make_blocks(loaded, rank=self.ranks_of(words.skeleton[: loaded.words.size]), cap=cap)
        pairs, _ = make_candidates(loaded, blocks, scorer, window=window)
        pairs = pairs._replace(weight=scorer.weights(pairs))
        return Batch(loaded, scorer, pairs, cluster(pairs, scorer))

    def to_bytes(self) -> bytes:
        """The same model always gives the same bytes."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as box:
            head = {"format": FORMAT, "model": told(self.model)}
            box.writestr(_entry("head.json"), json.dumps(head, ensure_ascii=False, sort_keys=True))
            for name in _ARRAYS:
                one = io.BytesIO()
                np.save(one, getattr(self, name), allow_pickle=False)
                box.writestr(_entry(f"{name}.npy"), one.getvalue())
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Batch:
    """``clusters`` and ``pairs`` of ``loaded``, row by row."""

    loaded: Loaded
    scorer: Scorer
    pairs: Pairs
    clusters: Clusters


_ARRAYS: Final = tuple(name for name in Frozen.__slots__ if name != "model")


def _entry(name: str) -> zipfile.ZipInfo:
    # No clock in the bytes.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def from_bytes(data: bytes) -> Frozen:
    """Read ``to_bytes``. Raises InvalidModel for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            head = json.loads(box.read("head.json"))
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']!r}")
            arrays: dict[str, Any] = {
                name: np.load(io.BytesIO(box.read(f"{name}.npy")), allow_pickle=False) for name in _ARRAYS
            }
        return Frozen(model=model_of(head["model"]), **arrays)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise InvalidModel(
            "this is no frozen linkage model ({reason})",
            mend="adopt a model again",
            reason=f"{type(error).__name__}: {error}",
        ) from error


def digest(data: bytes) -> str:
    """The name of a frozen model: SHA-256 of its bytes."""
    return sha256(data).hexdigest()


def _date_bits(days: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    # count_dates reads birth dates; a table of counts says the same.
    slots = np.flatnonzero(days)
    born = ((slots // 372 + 1850) * 10_000 + (slots // 31 % 12 + 1) * 100 + slots % 31 + 1).astype(np.int32)
    return count_dates(np.repeat(born, days[slots]))


def learn(
    paths: Sequence[Path],
    *,
    model: Model | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> Frozen:
    """Learn from files as the batch does (``dedupe.link_files``) and freeze what was learned.

    ``model`` gives the weights; frequencies are the records' own. The same rows in any order give the same bytes.
    Raises UnreadableRecords.
    """
    tell = progress or (lambda step, done: None)
    loaded = load(paths, progress=lambda done: tell("reading", done))
    f = loaded.features
    nik, family, mother = f.nik.copy(), f.family.copy(), f.mother_whole.copy()
    settle_shared(loaded)
    words, size = loaded.words.arrays, loaded.words.size
    tell("keys", 0.0)
    blocks = make_blocks(loaded)
    first = Scorer(f, words, starting(len(loaded)))
    if model is None:
        found = train(f, first, blocks, seed=seed, progress=lambda done: tell("learning", done))
        pairs, _ = make_candidates(loaded, blocks, first, progress=lambda done: tell("comparing", done))
        found = settle_matches(found, lambda each: replace_model(first, each), pairs)
    else:
        found = rescaled(model, len(loaded))
    # As it will be read again: what is written has twelve digits.
    found = model_of(json.loads(json.dumps(told(found))))
    kept = np.flatnonzero(words.counted[:, :size].max(axis=0) >= WORD_LEAST)
    kept = kept[np.argsort(words.hash[kept], kind="stable")]
    skeletons, inverse = np.unique(words.skeleton[:size], return_inverse=True)
    by_skeleton = np.stack(
        [np.bincount(inverse, weights=words.counted[role, :size], minlength=len(skeletons)) for role in (0, 1)]
    ).astype(np.int64)
    common = by_skeleton.max(axis=0) >= WORD_LEAST
    names, names_counted = _several(f.name_whole)
    mothers, mothers_counted = _several(mother)
    return Frozen(
        model=found, word=words.hash[kept], letters=words.letters[kept], length=words.length[kept],
        fold=words.fold[kept], skeleton=words.skeleton[kept], mask=words.mask[kept], counted=words.counted[:, kept],
        skeletons=skeletons[common], skeletons_counted=np.ascontiguousarray(by_skeleton[:, common]),
        names=names, names_counted=names_counted, mothers=mothers, mothers_counted=mothers_counted,
        niks=np.unique(nik[(nik != 0) & (f.nik == 0)]), families=np.unique(family[(family != 0) & (f.family == 0)]),
        mothers_shared=np.unique(mother[(mother != 0) & (f.mother_whole == 0)]),
        days=np.bincount(date_slot(f.born[f.born > 0]), minlength=DATES).astype(np.int64),
    )  # fmt: skip


def _several(wholes: Hashes) -> tuple[Hashes, Counts]:
    each, counts = np.unique(wholes[wholes != 0], return_counts=True)
    several = counts >= COUNTED_LEAST
    return each[several], counts[several].astype(np.int64)


def words_of(frozen: Frozen, room: int) -> WordArrays:
    """The known words as the kernels take them, with room for ``room`` more."""
    size = len(frozen.word)
    total = size + room
    slots = 4
    while slots < 4 * total:
        slots *= 2

    def grown(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([values, np.zeros((room, *values.shape[1:]), dtype=values.dtype)])

    counted = np.concatenate([frozen.counted, np.zeros((3, room), dtype=np.int64)], axis=1)
    arrays = WordArrays(
        table=np.full(slots, -1, dtype=np.int32), hash=grown(frozen.word), letters=grown(frozen.letters),
        length=grown(frozen.length), fold=grown(frozen.fold), skeleton=grown(frozen.skeleton), mask=grown(frozen.mask),
        counted=np.ascontiguousarray(counted),
        bits=np.log2(max(frozen.records, 1) / np.maximum(counted, 1)),
    )  # fmt: skip
    _fill_table(arrays.table, arrays.hash, size)
    return arrays


@loop
def _fill_table(table, hashes, size):  # type: ignore[no-untyped-def]
    ring = np.uint64(len(table) - 1)
    for w in range(size):
        slot = np.int64(hashes[w] & ring)
        while table[slot] >= 0:
            slot = np.int64((np.uint64(slot) + np.uint64(1)) & ring)
        table[slot] = w
