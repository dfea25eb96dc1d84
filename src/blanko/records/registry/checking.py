"""Is this person already recorded? One applicant against the whole registry, with the keys and kernel of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connection
from psycopg import Cursor

from blanko.ground.database import sql
from blanko.kernel.errors import BlankoError
from blanko.records.registry import adopting, keying
from blanko.records.registry.keying import as_bigint
from blanko.records.registry.queries import UnknownRecord

if TYPE_CHECKING:
    from blanko.engines.linkage.packed import Book

FIELDS: Final = (
    "nik", "name", "birth_place", "birth_date", "sex", "mother_name", "address", "village_code", "recorded_office",
    "family_card_no",
)  # fmt: skip
"""What an applicant may give, as text; a name is needed."""
SHOWN: Final = 5
NEARLY: Final = 6.0
"""So many bits below review a pair is shown that was left apart, when nothing else is."""
Key = tuple[str, str]


class NothingToCompare(BlankoError, ValueError):
    """The applicant has no name, so that nobody can be found."""


class Part(NamedTuple):
    """A field of a pair: how much it agrees, in words, and what that adds, in bits."""

    field: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the applicant's. ``decided``: merged, review or apart; ``reason`` why not merged."""

    recorded_office: str
    record_id: str
    person_id: int
    name: str | None
    birth_date: str | None
    weight: float
    probability: float
    decided: str
    reason: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """``new``, ``same`` (as ``person_id``) or ``uncertain``; the likeliest records, explained.

    ``compared`` records shared a key. ``capped``: blocks above the cap, of which only neighbours were compared.
    ``unkeyed`` records were not looked at, since they have no keys yet; ``unkeyed_since``: the oldest of them.
    """

    answer: Literal["new", "same", "uncertain"]
    person_id: int | None
    model: int
    compared: int
    capped: int
    unkeyed: int
    unkeyed_since: datetime | None
    candidates: tuple[Candidate, ...]


_COUNTED: dict[str, tuple[float, tuple[int, datetime | None]]] = {}
_COUNT_S = 1.0


def unkeyed() -> tuple[int, datetime | None]:
    """``keying.waiting``, counted at most once a second: while a bulk file waits, counting costs more than checking."""
    now = monotonic()
    name = str(connection.settings_dict["NAME"])
    held = _COUNTED.get(name)
    if held is None or now - held[0] > _COUNT_S:
        held = _COUNTED[name] = (now, keying.waiting())
    return held[1]


class _Found(NamedTuple):
    """A record that shares a key; ``free``: it is compared whatever the names are, since the NIK is one."""

    key: Key
    rec: int
    packed: bytes
    free: bool


class Compared(NamedTuple):
    """An applicant beside all records that share a key. ``found[k]`` and ``pairs`` go together; ``decided`` and
    ``reason`` are numbers of cluster.DECIDED and PAIR_REASONS, before anything that other records say.
    """

    packed: bytes
    keys: npt.NDArray[np.uint64]
    found: list[_Found]
    pairs: Any
    decided: npt.NDArray[np.int64]
    reason: npt.NDArray[np.int8]
    capped: int
    parts: dict[int, tuple[Part, ...]]


class ModelChanged(Exception):
    """Another model counts than the one that packed the applicant: ask ``adopting.book`` and begin again."""


def compare(book: Book, packed: bytes, keys: npt.NDArray[np.uint64], own: Key, *, explained: int = 0) -> Compared:
    """Compare a packed applicant as the batch would. The ``explained`` heaviest pairs are told field by field.

    Hold ``book.lock``. Raises ModelChanged.
    """
    from blanko.engines.linkage.cluster import DECIDED, MERGED, kept_apart, linked

    rows, capped = _candidates(book, packed, keys, own)
    rows.sort(key=lambda row: row.key)
    n = len(rows)
    smaller = np.fromiter((row.key < own for row in rows), bool, n)
    free = np.fromiter((row.free for row in rows), bool, n)
    f, others, pairs = book.beside(packed, [row.packed for row in rows], smaller, free)
    links, reason = linked(pairs, book.frozen.model)
    decided = kept_apart(pairs, reason, book.frozen.model)
    decided[links] = MERGED
    order = [int(k) for k in np.lexsort((others, -pairs.weight))]
    likely = [k for k in order if DECIDED[decided[k]] != "apart"]
    # The likeliest of those left apart says why the answer is new, if it was near.
    likely = likely or [k for k in order[:1] if pairs.weight[k] > book.frozen.model.review - NEARLY]
    parts = {k: _explained(book, f, int(pairs.left[k]), int(pairs.right[k])) for k in likely[:explained]}
    return Compared(packed, keys, [rows[at] for at in others.tolist()], pairs, decided, reason, capped, parts)


def check(applicant: Mapping[str, str | None], *, key: Key | None = None) -> Answer:
    """Compare one applicant (FIELDS) with all records that share a key. Reads only.

    ``key`` (office, record) names the applicant's own record, which is not compared with itself. Without it the
    applicant counts as the newest record. Raises NoModel, NothingToCompare.
    """
    from blanko.engines.linkage.cluster import DECIDED, PAIR_REASONS
    from blanko.engines.linkage.score import probability

    if not (applicant.get("name") or "").strip():
        raise NothingToCompare("the applicant has no name", mend="give a name, and a birth date if there is one")
    version, book, made = _made(applicant, key or ("~", "~"))
    likely = [k for k in range(len(made.found)) if DECIDED[made.decided[k]] != "apart" or k in made.parts]
    persons = _persons([made.found[k].key for k in likely])
    likely = [k for k in likely if made.found[k].key in persons]
    chances = probability(made.pairs.weight)
    candidates = tuple(
        Candidate(
            *made.found[k].key, holder, name, born, float(made.pairs.weight[k]), float(chances[k]),
            DECIDED[made.decided[k]], PAIR_REASONS[made.reason[k]], parts,
        )
        for k, parts in made.parts.items() if k in likely for holder, name, born in [persons[made.found[k].key]]
    )  # fmt: skip
    words = [(persons[made.found[k].key][0], DECIDED[made.decided[k]], int(made.reason[k])) for k in likely]
    count, since = unkeyed()
    return Answer(*_answer(words), version, len(made.found), made.capped, count, since, candidates)


def _made(applicant: Mapping[str, str | None], own: Key) -> tuple[int, Book, Compared]:
    """The comparison under the model that counts: under the one at hand first, which the same question asks about."""
    version, book = adopting.at_hand() or adopting.book()
    while True:
        try:
            with book.lock:
                return version, book, compare(book, *book.pack_one(applicant), own, explained=SHOWN)
        except ModelChanged:
            version, book = adopting.book()


def _answer(words: list[tuple[int, str, int]]) -> tuple[Literal["new", "same", "uncertain"], int | None]:
    """From (person, decided, reason) of the likely records to the answer."""
    merged = {person for person, decided, _ in words if decided == "merged"}
    if len(merged) == 1:
        (person,) = merged
        # A record of that person that certainly is another's speaks against it.
        against = any(owner == person and reason for owner, _, reason in words)
        return ("uncertain", None) if against else ("same", person)
    return ("uncertain" if merged or any(decided == "review" for _, decided, _ in words) else "new"), None


def _candidates(book: Book, packed: bytes, keys: npt.NDArray[np.uint64], own: Key) -> tuple[list[_Found], int]:
    """Records that share a key with the applicant, blocks above the cap cut as the batch cuts them; how many were."""
    from blanko.engines.linkage.blocks import CAP

    nik = int(as_bigint(keys)[0])
    wanted = sorted({key for key in as_bigint(keys).tolist() if key})
    rows = _asked(sql.text(__package__, "check.sql"), {"keys": wanted, "most": CAP + 2})
    if not rows or rows[0][0] != adopting.named(book):
        raise ModelChanged
    by_key: dict[int, list[_Found]] = {}
    for _, at, rec, office, record, data in rows:
        if rec is not None and (office, record) != own:
            by_key.setdefault(at, []).append(_Found((office, record), rec, data, at == nik))
    found: dict[int, _Found] = {}
    capped = 0
    for at, block in by_key.items():
        # With the applicant the block holds one more.
        if len(block) >= CAP:
            capped += 1
            block = _neighbours(at, packed, own)
        for row in block:
            held = found.get(row.rec)
            found[row.rec] = row if held is None or row.free else held
    return list(found.values()), capped


def _neighbours(key: int, packed: bytes, own: Key) -> list[_Found]:
    """Those whom the batch compares with the applicant in a block above the cap (``blocks.cut``)."""
    from blanko.engines.linkage.blocks import WINDOW

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.recorded_office, k.record_id, k.rec, k.packed FROM registry_key AS x"
            " JOIN registry_keyed AS k ON k.rec = x.rec WHERE x.key = %s",
            [key],
        )
        rows = [_Found((office, record), rec, bytes(data), False) for office, record, rec, data in cursor.fetchall()]
    rows = [*(row for row in rows if row.key != own), _Found(own, 0, packed, False)]
    ordered = sorted(rows, key=lambda row: (*_place(row.packed), row.key))
    me = next(at for at, row in enumerate(ordered) if row.rec == 0)
    return [row for row in ordered[max(0, me - WINDOW) : me + WINDOW + 1] if row.rec != 0]


def _place(packed: bytes) -> tuple[int, int]:
    """(mother's name, village) of a packed record, which order a block above the cap."""
    return int.from_bytes(packed[40:48], "little"), int.from_bytes(packed[16:24], "little")


def _persons(keys: list[Key]) -> dict[Key, tuple[int, str | None, str | None]]:
    if not keys:
        return {}
    rows = _asked(
        "SELECT r.recorded_office, r.record_id, r.person_id, r.name, r.birth_date::text FROM registry_record AS r"
        " JOIN unnest(%(offices)s::text[], %(records)s::text[]) AS w (office, record)"
        " ON r.recorded_office = w.office AND r.record_id = w.record",
        {"offices": [office for office, _ in keys], "records": [record for _, record in keys]},
    )
    return {(office, record): (person, name, born) for office, record, person, name, born in rows}


def _asked(text: str, values: Mapping[str, Any]) -> list[Any]:
    """The rows of a question that each check asks. Django's own cursors put values into the text; this one prepares it
    once a connection.
    """
    with connection.cursor() as cursor:
        raw = Cursor(cursor.connection)
        raw.execute(text, values, prepare=True, binary=True)
        return raw.fetchall()


def _explained(book: Book, f: Any, i: int, j: int) -> tuple[Part, ...]:
    from blanko.engines.linkage.explain import explain as parts

    return tuple(Part(*part) for part in parts(book, f, i, j))


def explain(left: Key, right: Key) -> list[Part]:
    """What each field of two stored records adds to their weight; the parts add up to it.

    The prior comes first and what relatives explain last. Raises NoModel; UnknownRecord when one has no keys.
    """
    _, book = adopting.book()
    keys = sorted((left, right))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.recorded_office, k.record_id, k.packed FROM registry_keyed AS k"
            " JOIN unnest(%s::text[], %s::text[]) AS w (office, record)"
            " ON k.recorded_office = w.office AND k.record_id = w.record",
            [[office for office, _ in keys], [record for _, record in keys]],
        )
        held = {(office, record): bytes(packed) for office, record, packed in cursor.fetchall()}
    for office, record in keys:
        if (office, record) not in held:
            raise UnknownRecord(
                "record {office}/{record_id} has no keys",
                mend="load its registration, then run: ./blanko registry link",
                office=office,
                record_id=record,
            )
    with book.lock:
        return list(_explained(book, book.open([held[key] for key in keys]), 0, 1))
